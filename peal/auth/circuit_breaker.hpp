// Whether a service that did not answer is asked again. After so many failures in a row it is left
// alone for a while, and whoever would ask has his answer at once; then one question finds out
// whether it is back, while the others are still answered at once.
//
//     closed --failures in a row--> open --time--> half open --the probe's success--> closed
//                                    ^                  '------ its failure -----.
//                                    '-------------------------------------------'
//
// What was asked before it opened and comes back later changes nothing.
// Knows no clock: the time is given.    threads   one at a time.
#pragma once

#include <chrono>
#include <cstdint>

namespace peal::auth {

struct BreakerLimits {
  unsigned failures = 5;  // in a row; at least 1
  std::chrono::milliseconds open_for{10'000};
};

class CircuitBreaker {
 public:
  using Clock = std::chrono::steady_clock;

  /// Goes with a question, from `ask` to its end.
  enum class Leave : std::uint8_t { refused, question, probe };
  enum class Change : std::uint8_t { none, opened, closed };

  explicit CircuitBreaker(const BreakerLimits& limits) : limits_(limits) {}

  /// Everything but `refused` ends with exactly one of the calls below.
  [[nodiscard]] Leave ask(Clock::time_point now);
  Change succeeded(Leave leave);
  Change failed(Leave leave, Clock::time_point now);
  [[nodiscard]] bool is_closed() const { return state_ == State::closed; }
  /// Nothing was found out.
  void unsaid(Leave leave);

 private:
  enum class State : std::uint8_t { closed, open, probing };

  BreakerLimits limits_;
  State state_ = State::closed;
  unsigned failures_ = 0;
  Clock::time_point open_until_;
};

}  // namespace peal::auth
