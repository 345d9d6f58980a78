#include "peal/cli/program.hpp"

#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <utility>

#include "peal/cli/interrupt.hpp"
#include "peal/cli/version.hpp"

namespace peal::cli {

int run_program(Program program, int argc, char** argv, int (*run)(const Options& options)) {
  const std::string name(program_name(program));
  try {
    const Options options = parse_options(program, {argv + 1, argv + argc});
    if (options.help) {
      std::fputs(help_text(program).c_str(), stdout);
      return 0;
    }
    if (options.version) {
      std::printf("peal %s %s\n", name.c_str(), std::string(program_version).c_str());
      return 0;
    }
    ignore_broken_pipes();
    return run(options);
  } catch (const OptionError& error) {
    std::fprintf(stderr, "%s\n\nUse 'peal %s --help' to see usage.\n", error.what(), name.c_str());
    return 1;
  }
}

void report(const Options& options, const std::string& text) {
  if (!options.quiet && !text.empty()) {
    std::fflush(stdout);
    std::fprintf(stderr, "%s\n", text.c_str());
  }
}

int report(const Options& options, const Failure& failure) {
  report(options, failure.text);
  return failure.exit_code;
}

int report_end(const Options& options, const Event& event) {
  if (event.kind == Event::Kind::disconnected) {
    std::string text =
        "Error: The server ended the connection: " + std::string(mqtt::reason_name(event.reason));
    text += event.text.empty() ? "." : " (" + event.text + ").";
    report(options, text);
    return std::to_underlying(ExitCode::connection_lost);
  }
  report(options, event.text);
  return event.exit_code;
}

void report_refused_publish(const Options& options, const Event& event) {
  if (is_error(event.reason)) {
    report(options, "Warning: Publish " + std::to_string(std::to_underlying(event.packet_id)) +
                        " failed: " + std::string(mqtt::reason_name(event.reason)) + "." +
                        (event.text.empty() ? "" : "\n" + event.text));
  }
}

std::expected<std::string, Failure> load_message(const Options& options) {
  switch (options.source) {
    case MessageSource::text:
      return options.message;
    case MessageSource::file: {
      std::ifstream file(options.message, std::ios::binary);
      if (!file) {
        return std::unexpected(Failure{"Error: Unable to open file \"" + options.message + "\"."});
      }
      std::string text(std::istreambuf_iterator<char>(file), {});
      if (file.bad()) {
        return std::unexpected(Failure{"Error: Unable to read file \"" + options.message + "\"."});
      }
      return text;
    }
    case MessageSource::standard_input: {
      std::string text(std::istreambuf_iterator<char>(std::cin), {});
      if (text.empty()) {
        return std::unexpected(Failure{"Error: Zero length input."});
      }
      return text;
    }
    default:
      return std::string();
  }
}

Clock::time_point deadline_of(const Options& options) {
  return options.timeout.count() > 0 ? Clock::now() + options.timeout : Clock::time_point::max();
}

}  // namespace peal::cli
