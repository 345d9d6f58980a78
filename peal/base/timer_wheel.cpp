#include "peal/base/timer_wheel.hpp"

#include <algorithm>
#include <bit>

namespace peal {
namespace {

std::uint64_t to_tick(Time time) {
  return static_cast<std::uint64_t>(std::max<Time::rep>(0, time.time_since_epoch().count()));
}

Time to_time(std::uint64_t tick) { return Time(Duration(static_cast<Time::rep>(tick))); }

bool is_empty(const detail::TimerLink& head) { return head.next == &head; }

}  // namespace

void Timer::cancel() {
  if (next != nullptr) {
    previous->next = next;
    next->previous = previous;
    next = previous = nullptr;
  }
}

TimerWheel::TimerWheel(Time now) : tick_(to_tick(now)) {
  for (auto& level : wheel_) {
    for (auto& head : level) {
      head.previous = head.next = &head;
    }
  }
}

void TimerWheel::arm(Timer& timer, Time due) {
  timer.cancel();
  timer.due_ = std::max(due, to_time(tick_ + 1));
  insert(timer);
}

void TimerWheel::insert(Timer& timer) {
  const std::uint64_t due = std::max(to_tick(timer.due_), tick_);
  const std::uint64_t reach = (std::uint64_t{1} << (slot_bits * levels)) - 1;
  // What lies beyond the wheel waits at its far end and is sorted in again when the end is reached.
  const std::uint64_t at = std::min(due, tick_ + reach);
  unsigned level = 0;
  while (level + 1 < levels && ((at ^ tick_) >> (slot_bits * (level + 1))) != 0) {
    ++level;
  }
  const auto slot = static_cast<unsigned>((at >> (slot_bits * level)) & (slots - 1));
  detail::TimerLink& head = wheel_[level][slot];
  timer.previous = head.previous;
  timer.next = &head;
  head.previous->next = &timer;
  head.previous = &timer;
  occupied_[level] |= std::uint64_t{1} << slot;
}

void TimerWheel::cascade(unsigned level) {
  const auto slot = static_cast<unsigned>((tick_ >> (slot_bits * level)) & (slots - 1));
  if (level + 1 < levels && slot == 0) {
    cascade(level + 1);
  }
  detail::TimerLink& head = wheel_[level][slot];
  occupied_[level] &= ~(std::uint64_t{1} << slot);
  // Taken off as a whole first: what is farther than the wheel reaches comes back into the same
  // slot.
  detail::TimerLink waiting;
  if (is_empty(head)) {
    return;
  }
  waiting.next = head.next;
  waiting.previous = head.previous;
  waiting.next->previous = &waiting;
  waiting.previous->next = &waiting;
  head.previous = head.next = &head;
  while (waiting.next != &waiting) {
    auto& timer = static_cast<Timer&>(*waiting.next);
    timer.cancel();
    insert(timer);
  }
}

void TimerWheel::fire_slot(unsigned slot) {
  detail::TimerLink& head = wheel_[0][slot];
  while (!is_empty(head)) {
    auto& timer = static_cast<Timer&>(*head.next);
    timer.cancel();
    timer.target_->on_timer(timer);
  }
}

void TimerWheel::advance(Time now) {
  const std::uint64_t target = to_tick(now);
  while (tick_ < target) {
    const std::uint64_t block_end = tick_ | (slots - 1);
    const auto position = static_cast<unsigned>(tick_ & (slots - 1));
    // Bits behind the position, within this turn of the first level.
    const std::uint64_t ahead =
        position + 1 < slots ? occupied_[0] >> (position + 1) << (position + 1) : 0;
    const std::uint64_t next =
        ahead == 0 ? block_end + 1
                   : (tick_ - position) + static_cast<unsigned>(std::countr_zero(ahead));
    if (next > target) {
      tick_ = target;
      return;
    }
    tick_ = next;
    const auto slot = static_cast<unsigned>(tick_ & (slots - 1));
    if (slot == 0) {
      cascade(1);
    }
    occupied_[0] &= ~(std::uint64_t{1} << slot);
    fire_slot(slot);
  }
}

std::optional<Time> TimerWheel::next_due() const {
  for (unsigned level = 0; level < levels; ++level) {
    const auto position = static_cast<unsigned>((tick_ >> (slot_bits * level)) & (slots - 1));
    const std::uint64_t ahead =
        position + 1 < slots ? occupied_[level] >> (position + 1) << (position + 1) : 0;
    if (ahead != 0) {
      const std::uint64_t base = tick_ >> (slot_bits * (level + 1)) << (slot_bits * (level + 1));
      return to_time(base +
                     (static_cast<std::uint64_t>(std::countr_zero(ahead)) << (slot_bits * level)));
    }
  }
  // The last level wraps around: what is behind its position may be due from its next slot on.
  if (occupied_[levels - 1] != 0) {
    constexpr unsigned shift = slot_bits * (levels - 1);
    return to_time(((tick_ >> shift) + 1) << shift);
  }
  return std::nullopt;
}

}  // namespace peal
