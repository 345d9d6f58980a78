// Keeps a line that would come with every failure down to one in a while, which then says how many
// were kept back.    threads   one at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace peal::auth {

class RareLog {
 public:
  using Clock = std::chrono::steady_clock;

  explicit RareLog(Clock::duration interval) : interval_(interval) {}

  /// returns   how many lines were kept back since the last one; nothing: this one is, too.
  [[nodiscard]] std::optional<std::uint64_t> next(Clock::time_point now) {
    if (last_ && now - *last_ < interval_) {
      ++kept_back_;
      return std::nullopt;
    }
    last_ = now;
    const std::uint64_t kept_back = kept_back_;
    kept_back_ = 0;
    return kept_back;
  }

 private:
  Clock::duration interval_;
  std::optional<Clock::time_point> last_;
  std::uint64_t kept_back_ = 0;
};

}  // namespace peal::auth
