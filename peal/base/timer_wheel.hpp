// A hierarchical timer wheel: arming, moving and cancelling a timer costs O(1) whatever their
// number, which is what a hundred thousand keep-alive timers need. Resolution one millisecond; a
// timer never fires early.
//
// Owned by one worker, used on its thread. Timers live inside the objects they belong to and unlink
// themselves when those go; the wheel owns nothing.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

namespace peal {

/// Monotonic time of the process, in milliseconds. Simulated in tests.
using Time = std::chrono::time_point<std::chrono::steady_clock, std::chrono::milliseconds>;
using Duration = std::chrono::milliseconds;

class Timer;

/// Who is told when a timer fires. The timer is disarmed by then and may be armed again at once.
class TimerTarget {
 public:
  virtual void on_timer(Timer& timer) = 0;

 protected:
  ~TimerTarget() = default;
};

namespace detail {
struct TimerLink {
  TimerLink* previous = nullptr;
  TimerLink* next = nullptr;
};
}  // namespace detail

/// One timer. Cancels itself when destroyed.
class Timer : private detail::TimerLink {
 public:
  explicit Timer(TimerTarget& target) : target_(&target) {}
  ~Timer() { cancel(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  [[nodiscard]] bool is_armed() const { return next != nullptr; }
  [[nodiscard]] Time due() const { return due_; }
  void cancel();

 private:
  friend class TimerWheel;
  TimerTarget* target_;
  Time due_{};
};

class TimerWheel {
 public:
  /// `now`   where time begins; `advance` only goes forward from there.
  explicit TimerWheel(Time now);
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  /// (Re)arms `timer`; a time that has passed means the next `advance`.
  void arm(Timer& timer, Time due);

  /// Fires all that is due at `now`, in order of time.
  void advance(Time now);

  /// Not later than the next timer; nothing when none is armed. May be early: then `advance` finds
  /// nothing to fire.
  [[nodiscard]] std::optional<Time> next_due() const;

 private:
  static constexpr unsigned slot_bits = 6;
  static constexpr unsigned slots = 1U << slot_bits;
  static constexpr unsigned levels =
      5;  // 64^5 ms: twelve days; what is farther waits in the last level

  void insert(Timer& timer);
  void cascade(unsigned level);
  void fire_slot(unsigned slot);

  std::uint64_t tick_;  // milliseconds up to which everything has fired
  std::array<std::array<detail::TimerLink, slots>, levels> wheel_;
  // One bit per slot that may hold timers. A cancelled timer leaves its bit; the next visit clears
  // it.
  std::array<std::uint64_t, levels> occupied_{};
};

}  // namespace peal
