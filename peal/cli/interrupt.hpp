// SIGINT and SIGTERM as something to look at: they are blocked all the time and let in only while
// the program waits, so that none is missed and nothing is torn.
#pragma once

#include <chrono>
#include <csignal>

namespace peal::cli {

/// A write to a connection that is gone becomes a return value instead of a signal.
void ignore_broken_pipes();

/// Blocks SIGINT and SIGTERM and remembers them from now on. Once, at the start of a program.
void catch_interrupts();

/// Whether one of them came.
[[nodiscard]] bool is_interrupted();

/// Waits until `deadline` or until one of them comes.
void wait_until(std::chrono::steady_clock::time_point deadline);

/// The signals that are let in while waiting (for ppoll).
[[nodiscard]] sigset_t signals_while_waiting();

}  // namespace peal::cli
