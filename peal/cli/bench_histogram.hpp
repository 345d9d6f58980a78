// Latencies, counted in buckets that are at most 1.6 % wide (as HdrHistogram does it): recording is
// one addition, and no latency is averaged away.
#pragma once

#include <array>
#include <bit>
#include <chrono>
#include <cstdint>

namespace peal::cli {

class Histogram {
 public:
  void record(std::int64_t nanoseconds) {
    const std::uint64_t value = nanoseconds < 0 ? 0 : static_cast<std::uint64_t>(nanoseconds);
    ++buckets_[bucket_of(value)];
    ++count_;
    max_ = value > max_ ? value : max_;
  }

  [[nodiscard]] std::uint64_t count() const { return count_; }

  /// The latency that `share` (0 to 1) of all do not exceed; 0 when there is none.
  [[nodiscard]] std::chrono::nanoseconds quantile(double share) const;
  [[nodiscard]] std::chrono::nanoseconds max() const {
    return std::chrono::nanoseconds(static_cast<std::int64_t>(max_));
  }

 private:
  static constexpr unsigned precision_bits = 6;
  static constexpr std::size_t steps = std::size_t{1} << precision_bits;

  static std::size_t bucket_of(std::uint64_t value) {
    if (value < steps) {
      return value;
    }
    const auto shift = static_cast<unsigned>(std::bit_width(value)) - precision_bits - 1;
    return (std::size_t{shift} + 1) * steps + ((value >> shift) - steps);
  }
  /// The largest value that falls into `bucket`.
  static std::uint64_t upper_bound_of(std::size_t bucket);

  std::array<std::uint64_t, (64 - precision_bits) * steps + steps> buckets_{};
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace peal::cli
