// Takes what files, variables and `--set` say into a Config, through the tables that know the keys.
// What is wrong is collected, so that all of it can be said at once; what is right is taken.
//
// Later words for a key of the server replace earlier ones; listeners, sources and roles are added.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "peal/server/config.hpp"

namespace peal::server {

class ConfigReader {
 public:
  /// `config` outlives it.
  explicit ConfigReader(Config& config) : config_(config) {}

  /// `refuses_empty`   an empty file is wrong.
  void read_file(const std::string& file, bool refuses_empty = false);
  /// The files NAME.toml of the folder, in the order of their names; there need be none.
  void read_folder(const std::string& folder, const std::string& beside);
  /// "session.inflight=10". A value that is no TOML is taken as text: `--set log.level=debug`.
  void read_setting(const std::string& setting);
  /// "PEAL_SESSION__INFLIGHT=10", the same for one variable; others are passed over.
  void read_variable(const std::string& variable);
  /// The command line has a word of its own for it.
  void note_option(std::string_view key, std::string text, std::string_view option);

  /// What was wrong, without what ${...} stands for.
  [[nodiscard]] std::vector<std::string> problems() const;
  void add_problem(std::string problem) { problems_.push_back(std::move(problem)); }

 private:
  friend struct DocumentWalk;
  void note(ConfigEntry entry);

  Config& config_;
  std::vector<std::string> problems_;
  std::unordered_map<std::string, std::size_t> entry_of_;      // where it stands, by key
  std::map<std::pair<std::string, std::string>, int> labels_;  // how many have that name
};

}  // namespace peal::server
