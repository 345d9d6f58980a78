// What a server gives up for good before it hears its first client, so that somebody who takes it
// over gets no further: no other program can be started, no other process looked at, nothing
// mounted, no code made. docs/decisions/0019 says which calls are left and why.
#pragma once

#include <stdexcept>

namespace peal::cli {

/// Why the system would not take it. Thrown while starting up only.
class SandboxError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Leaves this process, every thread that it has and every one that it makes, with the system calls
/// that a server needs; all others are refused with EPERM and noted in the system's log. No new
/// privileges come from any program file, and memory is kept out of core dumps and from debuggers.
/// There is no way back.
///
/// errors   SandboxError: a kernel without seccomp. What came before it stays in force.
/// cost     a few tenths of a millisecond, once.
void enter_sandbox();

/// Whether systemd itself started this process as a service, and not somebody whom it started.
[[nodiscard]] bool is_started_by_systemd();

}  // namespace peal::cli
