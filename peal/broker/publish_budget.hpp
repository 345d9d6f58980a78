// How fast one client may publish: so many messages and bytes in a second, with a burst on top.
//
// Nothing is dropped: who is too fast is not read from until it is within its rate again, and TCP
// makes it wait. Both rates are kept as the time at which everything so far would have been in
// order (the virtual scheduling of GCRA), so there is nothing to refill. A value; belongs to a
// Channel.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "peal/base/timer_wheel.hpp"
#include "peal/broker/ports/authorizer.hpp"

namespace peal::broker {

class PublishBudget {
 public:
  explicit PublishBudget(const PublishRate& rate)
      : messages_(rate.messages_per_second, rate.messages_burst),
        bytes_(rate.bytes_per_second, rate.bytes_burst) {}

  /// One message of `bytes` came.    returns   until when nothing more should come; the past: it
  /// may.    cost   O(1).
  [[nodiscard]] Time spend(Time now, std::size_t bytes) {
    return std::max(messages_.spend(now, 1), bytes_.spend(now, bytes));
  }

 private:
  using Micros = std::chrono::microseconds;

  class Meter {
   public:
    Meter(std::uint64_t per_second, std::uint64_t burst)
        : per_second_(per_second), burst_(cost_of(std::max<std::uint64_t>(burst, 1))) {}

    Time spend(Time now, std::uint64_t amount) {
      if (per_second_ == 0) {
        return Time{};
      }
      const Micros begin = std::max(in_order_at_, Micros(now.time_since_epoch()));
      in_order_at_ = begin + cost_of(amount);
      return Time{std::chrono::ceil<Duration>(in_order_at_ - burst_)};
    }

   private:
    [[nodiscard]] Micros cost_of(std::uint64_t amount) const {
      constexpr std::uint64_t second = 1'000'000;
      return Micros(per_second_ == 0 ? 0 : amount * second / per_second_);
    }
    std::uint64_t per_second_;  // 0: no limit
    Micros burst_;
    Micros in_order_at_{0};
  };

  Meter messages_;
  Meter bytes_;
};

}  // namespace peal::broker
