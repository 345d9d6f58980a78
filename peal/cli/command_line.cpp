// The only file of these programs that knows the command-line library: words in, options out, in
// the order they were given (a later one overrides, so the order has a meaning).
#include <CLI/CLI.hpp>

#include "peal/base/nearest.hpp"
#include "peal/cli/option_table.hpp"

namespace peal::cli {
namespace {

// How many words -D takes depends on its second one, which the library cannot know: they travel as
// one word, joined by a character that no property has in its name.
constexpr char joint = '\x1F';

const OptionRow* find_row(Program program, std::string_view word) {
  for (const OptionRow& row : option_table()) {
    const bool is_named = word.size() > 2 && word.starts_with("--") && word.substr(2) == row.name;
    const bool is_lettered = word.size() == 2 && word[0] == '-' && word[1] == row.letter;
    if (is_option_of(row, program) && (is_named || is_lettered)) {
      return &row;
    }
  }
  return nullptr;
}

/// Joins the words of each -D.
std::vector<std::string> join_properties(Program program, const std::vector<std::string>& words) {
  std::vector<std::string> joined;
  for (std::size_t i = 0; i < words.size(); ++i) {
    joined.push_back(words[i]);
    const OptionRow* row = find_row(program, words[i]);
    if (row == nullptr || row->value.empty()) {
      continue;
    }
    if (!row->is_property) {
      if (i + 1 < words.size()) {
        joined.push_back(words[++i]);  // a value is never an option, whatever it looks like
      }
      continue;
    }
    const std::size_t wanted = i + 2 < words.size() && words[i + 2] == "user-property" ? 4 : 3;
    if (words.size() - i - 1 < wanted) {
      throw OptionError("Error: --property argument given but not enough arguments specified.");
    }
    std::string value = words[++i];
    for (std::size_t n = 1; n < wanted; ++n) {
      value += joint + words[++i];
    }
    joined.push_back(value);
  }
  return joined;
}

std::vector<std::string> split_value(const OptionRow& row, const std::string& value) {
  if (!row.is_property) {
    return {value};
  }
  return CLI::detail::split(value, joint);
}

std::string cli_name(const OptionRow& row) {
  std::string name = "--" + std::string(row.name);
  if (row.letter != 0) {
    name += std::string(",-") + row.letter;
  }
  return name;
}

[[noreturn]] void unknown_option(Program program, const std::string& word) {
  std::vector<std::string> names;
  for (const OptionRow& row : option_table()) {
    if (is_option_of(row, program)) {
      names.push_back("--" + std::string(row.name));
    }
  }
  const std::vector<std::string_view> known(names.begin(), names.end());
  const std::string_view near = word.starts_with("--") ? nearest(word, known) : "";
  throw OptionError("Error: Unknown option '" + word + "'." +
                    (near.empty() ? "" : " Did you mean '" + std::string(near) + "'?"));
}

}  // namespace

std::vector<GivenOption> split_command_line(Program program,
                                            const std::vector<std::string>& words) {
  std::vector<GivenOption> given;
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  for (const OptionRow& row : option_table()) {
    if (!is_option_of(row, program)) {
      continue;
    }
    if (row.value.empty()) {
      app.add_flag_callback(cli_name(row), [&given, &row] { given.push_back({&row, {}}); })
          ->trigger_on_parse();
      continue;
    }
    app.add_option(cli_name(row),
                   [&given, &row](const CLI::results_t& values) {
                     given.push_back({&row, split_value(row, values.at(0))});
                     return true;
                   })
        ->trigger_on_parse()
        ->allow_extra_args(false);
  }
  std::vector<std::string> joined = join_properties(program, words);
  const std::string last = joined.empty() ? "" : joined.back();
  std::reverse(joined.begin(), joined.end());  // the library takes them from the back
  try {
    app.parse(joined);
  } catch (const CLI::ParseError&) {
    const OptionRow* row = find_row(program, last);
    throw OptionError("Error: " + last + " argument given but no " +
                      (row == nullptr ? "value" : std::string(row->value)) + " specified.");
  }
  if (const std::vector<std::string> extras = app.remaining(); !extras.empty()) {
    unknown_option(program, extras.front());
  }
  return given;
}

}  // namespace peal::cli
