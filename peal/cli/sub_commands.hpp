// The commands of a command such as `peal user`: a function for each, and options that all of them
// share.
//
// For the .cpp files of this layer only: it brings CLI11.
#pragma once

#include <CLI/CLI.hpp>

namespace peal::cli {

/// `Options` has a ServerPlace called `place`, and `as_json`.
template <typename Options>
class SubCommands {
 public:
  using Run = int (*)(const Options& options);

  /// `app` and `options` outlive it.
  SubCommands(CLI::App& app, Options& options) : app_(app), options_(options) {
    app_.require_subcommand(1);
  }
  SubCommands(const SubCommands&) = delete;
  SubCommands& operator=(const SubCommands&) = delete;

  /// One more; it takes --data and -c, too.
  CLI::App& add(const char* name, const char* description, Run function) {
    CLI::App* command = app_.add_subcommand(name, description);
    options_.place.declare(*command);
    command->callback([this, function] { run_ = function; });
    return *command;
  }
  void add_list(Run function) {
    add("list", "show all of them", function).add_flag("--json", options_.as_json, "for programs");
  }

  /// Reads the command line and does what it says.    returns   the exit code.
  int run(int argc, char** argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& problem) {
      return app_.exit(problem);
    }
    return run_(options_);
  }

 private:
  CLI::App& app_;
  Options& options_;
  Run run_ = nullptr;
};

}  // namespace peal::cli
