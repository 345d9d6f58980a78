// The one table of options of `peal pub`, `peal sub` and `peal rr`.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "peal/cli/options.hpp"

namespace peal::cli {

/// Under which heading the help shows an option.
enum class OptionGroup : std::uint8_t { connection, session, message, output, will, tls, other };

struct OptionRow {
  char letter = 0;            // 0: none
  std::string_view name;      // without "--"
  std::string_view value;     // what the help calls its value; empty: it takes none
  std::uint8_t programs = 0;  // Program values joined by |
  OptionGroup group = OptionGroup::other;
  std::string_view help;
  void (*apply)(Options& options, std::span<const std::string> words) = nullptr;
  bool is_property = false;  // -D: three or four words, as its second word asks
};

[[nodiscard]] std::span<const OptionRow> option_table();

/// Whether `program` has the option.
[[nodiscard]] inline bool is_option_of(const OptionRow& row, Program program) {
  return (row.programs & static_cast<std::uint8_t>(program)) != 0;
}

/// "-t" where there is a letter, else "--will-topic".
[[nodiscard]] std::string short_form(const OptionRow& row);

/// One option as it was given.
struct GivenOption {
  const OptionRow* row = nullptr;
  std::vector<std::string> words;
};

/// Cuts `words` into options, in the order they were given.
/// errors   throws OptionError: an unknown option, a missing value, a word that belongs to nothing.
[[nodiscard]] std::vector<GivenOption> split_command_line(Program program,
                                                          const std::vector<std::string>& words);

}  // namespace peal::cli
