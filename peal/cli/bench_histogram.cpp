#include "peal/cli/bench_histogram.hpp"

#include <algorithm>
#include <cmath>

namespace peal::cli {

std::uint64_t Histogram::upper_bound_of(std::size_t bucket) {
  if (bucket < steps) {
    return bucket;
  }
  const std::size_t shift = bucket / steps - 1;
  return ((steps + bucket % steps + 1) << shift) - 1;
}

std::chrono::nanoseconds Histogram::quantile(double share) const {
  if (count_ == 0) {
    return std::chrono::nanoseconds(0);
  }
  const auto rank = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  std::size_t bucket = 0;
  for (; bucket < buckets_.size() - 1; ++bucket) {
    seen += buckets_[bucket];
    if (seen >= std::max<std::uint64_t>(rank, 1)) {
      break;
    }
  }
  return std::chrono::nanoseconds(
      static_cast<std::int64_t>(std::min(upper_bound_of(bucket), max_)));
}

}  // namespace peal::cli
