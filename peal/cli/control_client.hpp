// How a command reaches a server of this machine: over its control socket when it runs, else by
// opening its store, for what can be done there.
//
// For the .cpp files of this layer only: it brings Boost.JSON.
#pragma once

#include <CLI/App.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "peal/server/config_value.hpp"

namespace peal::cli {

/// Which server is meant.
struct ServerPlace {
  std::optional<std::string> data;    // --data
  std::optional<std::string> config;  // -c: the store.dir of it

  /// Adds --data and -c to a command.
  void declare(CLI::App& app);
  /// The directory of its store, as `peal serve` would find it.
  [[nodiscard]] std::string directory() const;
};

/// Asks, and gives the answer.
/// errors   std::runtime_error: what the server says speaks against it; no server and no store.
[[nodiscard]] boost::json::object ask(const ServerPlace& place, const boost::json::object& request);

/// The same where a running server is needed.
[[nodiscard]] boost::json::object ask_running(
    const ServerPlace& place, const boost::json::object& request,
    std::chrono::seconds patience = std::chrono::seconds(10));
/// Nothing: no server runs.
[[nodiscard]] std::optional<boost::json::object> ask_if_running(
    const ServerPlace& place, const boost::json::object& request,
    std::chrono::seconds patience = std::chrono::seconds(10));

/// What the answer notes for the person, each on a line.
void print_notes(const boost::json::object& answer);

// Members of an answer, which comes from the same program: what is not there is empty.
[[nodiscard]] std::string text_in(const boost::json::object& object, std::string_view member);
[[nodiscard]] std::int64_t number_in(const boost::json::object& object, std::string_view member);
[[nodiscard]] bool flag_in(const boost::json::object& object, std::string_view member);
[[nodiscard]] std::vector<std::string> list_in(const boost::json::object& object,
                                               std::string_view member);
/// The objects of an array.
[[nodiscard]] std::vector<boost::json::object> objects_in(const boost::json::object& object,
                                                          std::string_view member);

[[nodiscard]] boost::json::array json_list(const std::vector<std::string>& texts);

/// The value of an option of `command`, to be read as the configuration's values are.
[[nodiscard]] server::ConfigValue option_value(const char* command, const char* option,
                                               const std::string& text);

/// "2026-11-27 14:03", UTC.
[[nodiscard]] std::string time_text(std::int64_t seconds);

}  // namespace peal::cli
