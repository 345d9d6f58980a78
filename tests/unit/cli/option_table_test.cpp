#include "peal/cli/option_table.hpp"

#include <gtest/gtest.h>
#include <set>

namespace peal::cli {
namespace {

constexpr std::array programs{Program::pub, Program::sub, Program::rr};

TEST(OptionTable, EveryOptionIsWhole) {
  for (const OptionRow& row : option_table()) {
    EXPECT_FALSE(row.name.empty());
    EXPECT_FALSE(row.help.empty()) << row.name;
    EXPECT_NE(row.apply, nullptr) << row.name;
    EXPECT_NE(row.programs, 0) << row.name;
  }
}

TEST(OptionTable, NoNameStandsForTwo) {
  for (const Program program : programs) {
    std::set<std::string> seen;
    for (const OptionRow& row : option_table()) {
      if (is_option_of(row, program)) {
        EXPECT_TRUE(seen.insert(std::string(row.name)).second) << row.name;
        EXPECT_TRUE(row.letter == 0 || seen.insert({row.letter}).second) << row.letter;
      }
    }
  }
}

// mosquitto_pub --help, mosquitto_sub --help, mosquitto_rr --help, version 2.0.11.
TEST(OptionTable, HasEveryOptionOfMosquitto) {
  const auto letters_of = [](Program program) {
    std::set<char> letters;
    for (const OptionRow& row : option_table()) {
      if (is_option_of(row, program) && row.letter != 0) {
        letters.insert(row.letter);
      }
    }
    return letters;
  };
  const auto has_all = [&](Program program, std::string_view wanted) {
    const std::set<char> letters = letters_of(program);
    for (const char letter : wanted) {
      EXPECT_TRUE(letters.contains(letter)) << program_name(program) << " -" << letter;
    }
  };
  has_all(Program::pub, "AcdDfhiIkLlmMnpPqrstuVxS");
  has_all(Program::sub, "AcCdDEFhiIkLNpPqRtTuUvVWxS");
  has_all(Program::rr, "AcdDeFfhiIkLmnNpPqRstuvVWxS");
}

TEST(OptionTable, TheHelpNamesEveryOption) {
  for (const Program program : programs) {
    const std::string help = help_text(program);
    for (const OptionRow& row : option_table()) {
      const bool is_named = help.find("--" + std::string(row.name)) != std::string::npos;
      EXPECT_TRUE(is_named || !is_option_of(row, program)) << row.name;
    }
    std::size_t line_begin = 0;
    while (line_begin < help.size()) {
      const std::size_t line_end = help.find('\n', line_begin);
      EXPECT_LE(line_end - line_begin, 100u) << help.substr(line_begin, line_end - line_begin);
      line_begin = line_end + 1;
    }
  }
}

TEST(OptionTable, ShortForms) {
  EXPECT_EQ(short_form(option_table().front()), "-h");
  EXPECT_EQ(short_form(option_table().back()), "--version");
}

}  // namespace
}  // namespace peal::cli
