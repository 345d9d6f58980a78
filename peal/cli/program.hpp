// What `peal pub`, `peal sub` and `peal rr` have in common as programs.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "peal/cli/client.hpp"
#include "peal/cli/options.hpp"

namespace peal::cli {

/// Reads the options, answers --help and --version, and calls `run` with the rest.
/// returns   the exit code; 1 when the options make no sense.
[[nodiscard]] int run_program(Program program, int argc, char** argv,
                              int (*run)(const Options& options));

/// Prints an error of the running program, unless --quiet.
void report(const Options& options, const std::string& text);

/// Reports `failure`.    returns   its exit code.
int report(const Options& options, const Failure& failure);

/// Reports that the server ended the connection (`disconnected`) or that it was lost.
/// returns   the exit code.
int report_end(const Options& options, const Event& event);

/// Warns of a message that the server did not take (MQTT 5).
void report_refused_publish(const Options& options, const Event& event);

/// The payload of -m, -f, -s and -n.
[[nodiscard]] std::expected<std::string, Failure> load_message(const Options& options);

/// When -W is over.
[[nodiscard]] Clock::time_point deadline_of(const Options& options);

/// What is sent when the program stops before its time: the Will Message shall go out.
inline constexpr auto stopped_early = mqtt::ReasonCode::disconnect_with_will_message;

}  // namespace peal::cli
