#include "peal/cli/store.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <string>
#include <string_view>
#include <utility>

#include "peal/server/config.hpp"
#include "peal/store/check.hpp"

namespace peal::cli {

namespace {

constexpr int damage_exit_code = 2;
constexpr std::size_t problems_shown = 20;

/// What the rows of a table are, for a person; in the order in which they are printed.
constexpr std::array table_names{
    std::pair{store::Family::sessions, std::string_view{"sessions"}},
    std::pair{store::Family::subscriptions, std::string_view{"subscriptions"}},
    std::pair{store::Family::retained, std::string_view{"retained messages"}},
    std::pair{store::Family::log, std::string_view{"pages of the log"}},
    std::pair{store::Family::received, std::string_view{"QoS 2 messages being received"}},
    std::pair{store::Family::flights, std::string_view{"QoS 2 messages being sent"}},
};

void print_counts(const std::string& directory, const store::StoreReport& report) {
  fmt::print("store     {} (schema {})\n", directory, report.schema);
  for (const auto& [family, name] : table_names) {
    fmt::print("{:>9} {}\n", report.rows[store::index_of(family)], name);
  }
  fmt::print("{:>9} messages waiting for sessions, at most\n", report.waiting);
}

void print_problems(const store::StoreReport& report) {
  const std::size_t shown = std::min(report.problems.size(), problems_shown);
  for (std::size_t i = 0; i < shown; ++i) {
    const store::Problem& problem = report.problems[i];
    fmt::print("damaged   {}{}{}\n", problem.table.empty() ? "" : "table " + problem.table + ", ",
               problem.key.empty() ? "" : "key " + problem.key + ": ", problem.what);
  }
  if (report.problems_in_all > shown) {
    fmt::print("          and {} more\n", report.problems_in_all - shown);
  }
}

int check_store(const std::string& directory) {
  const store::StoreReport report = store::check(directory);
  print_counts(directory, report);
  print_problems(report);
  if (report.is_sound()) {
    fmt::print("sound\n");
    return 0;
  }
  fmt::print(
      "Copy the directory first; then `peal store repair {}` keeps what can be read of it.\n",
      directory);
  return damage_exit_code;
}

int repair_store(const std::string& directory) {
  const store::StoreReport report = store::repair(directory);
  print_counts(directory, report);
  print_problems(report);
  fmt::print("{}\n", report.is_sound() ? "nothing was left out"
                                       : "repaired; what is named above was left out");
  return report.is_sound() ? 0 : damage_exit_code;
}

}  // namespace

int store_main(int argc, char** argv) {
  CLI::App app("Look a store through, or repair it, while no server uses it.", "peal store");
  app.require_subcommand(1);
  std::string directory = server::default_state_directory();
  CLI::App* check = app.add_subcommand("check", "read everything and say what is damaged");
  CLI::App* repair = app.add_subcommand("repair", "keep what can be read, leave out the rest");
  for (CLI::App* command : {check, repair}) {
    command->add_option("DIR", directory, "the store's directory")->capture_default_str();
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem);
  }
  return check->parsed() ? check_store(directory) : repair_store(directory);
}

}  // namespace peal::cli
