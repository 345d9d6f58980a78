// A queue between two threads, one that pushes and one that pops: no lock, no allocation, order
// kept.
//
// Each side keeps its own index and a copy of the other's, so that the shared lines are touched
// only when the copy says full or empty (the usual single-producer single-consumer ring).
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

#include "peal/base/assert.hpp"

namespace peal {

template <typename T>
class SpscRing {
 public:
  /// `capacity`   a power of two.
  explicit SpscRing(std::size_t capacity)
      : mask_(capacity - 1), items_(std::make_unique<T[]>(capacity)) {
    PEAL_ASSERT(capacity > 0 && (capacity & mask_) == 0);
  }
  SpscRing(const SpscRing&) = delete;
  SpscRing& operator=(const SpscRing&) = delete;

  /// Moves `item` in; false when full, `item` unchanged.    threads   the pushing one.
  [[nodiscard]] bool push(T& item) {
    const std::size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - head_seen_ > mask_) {
      head_seen_ = head_.load(std::memory_order_acquire);
      if (tail - head_seen_ > mask_) {
        return false;
      }
    }
    items_[tail & mask_] = std::move(item);
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }

  /// Moves the oldest out into `item`; false when empty.    threads   the popping one.
  [[nodiscard]] bool pop(T& item) {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    if (head == tail_seen_) {
      tail_seen_ = tail_.load(std::memory_order_acquire);
      if (head == tail_seen_) {
        return false;
      }
    }
    T& place = items_[head & mask_];
    item = std::move(place);
    place = T{};
    head_.store(head + 1, std::memory_order_release);
    return true;
  }

  /// Whether `pop` would find something.    threads   the popping one.
  [[nodiscard]] bool has_items() const {
    return head_.load(std::memory_order_relaxed) != tail_.load(std::memory_order_seq_cst);
  }

 private:
  static constexpr std::size_t cache_line = 64;
  const std::size_t mask_;
  std::unique_ptr<T[]> items_;
  alignas(cache_line) std::atomic<std::size_t> head_{0};
  std::size_t tail_seen_ = 0;
  alignas(cache_line) std::atomic<std::size_t> tail_{0};
  std::size_t head_seen_ = 0;
};

}  // namespace peal
