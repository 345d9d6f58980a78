#include "peal/cli/interrupt.hpp"

#include <poll.h>

namespace peal::cli {
namespace {

// A signal handler can reach nothing but a global.
volatile std::sig_atomic_t interrupted = 0;

void remember(int /*signal*/) { interrupted = 1; }

}  // namespace

void catch_interrupts() {
  struct sigaction action{};
  action.sa_handler = remember;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGINT);
  sigaddset(&blocked, SIGTERM);
  sigprocmask(SIG_BLOCK, &blocked, nullptr);
}

void ignore_broken_pipes() { std::signal(SIGPIPE, SIG_IGN); }

bool is_interrupted() {
  sigset_t pending;
  sigemptyset(&pending);
  sigpending(&pending);  // while nobody waits they are blocked
  return interrupted != 0 || sigismember(&pending, SIGINT) == 1 ||
         sigismember(&pending, SIGTERM) == 1;
}

void wait_until(std::chrono::steady_clock::time_point deadline) {
  using std::chrono::steady_clock;
  const sigset_t signals = signals_while_waiting();
  while (!is_interrupted() && steady_clock::now() < deadline) {
    const auto left = std::chrono::ceil<std::chrono::microseconds>(deadline - steady_clock::now());
    const std::timespec timeout{left.count() / 1'000'000, left.count() % 1'000'000 * 1000};
    ppoll(nullptr, 0, &timeout, &signals);
  }
}

sigset_t signals_while_waiting() {
  sigset_t current;
  sigprocmask(SIG_BLOCK, nullptr, &current);
  sigdelset(&current, SIGINT);
  sigdelset(&current, SIGTERM);
  return current;
}

}  // namespace peal::cli
