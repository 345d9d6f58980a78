#include "peal/cli/bench_sequence.hpp"

namespace peal::cli {

Arrival SequenceCheck::arrived_unexpected(std::uint32_t sequence) {
  if (sequence > next_) {
    gaps_.push_back({.begin = next_, .end = sequence});
    next_ = sequence + 1;
    return Arrival::in_order;
  }
  for (std::size_t index = 0; index < gaps_.size(); ++index) {
    const Gap gap = gaps_[index];
    if (sequence < gap.begin || sequence >= gap.end) {
      continue;
    }
    gaps_[index].end = sequence;
    if (sequence + 1 < gap.end) {
      gaps_.insert(gaps_.begin() + static_cast<std::ptrdiff_t>(index) + 1,
                   {.begin = sequence + 1, .end = gap.end});
    }
    if (gaps_[index].begin == gaps_[index].end) {
      gaps_.erase(gaps_.begin() + static_cast<std::ptrdiff_t>(index));
    }
    return Arrival::reordered;
  }
  return Arrival::duplicate;
}

}  // namespace peal::cli
