// A queue in one growing block, sixteen bytes when it is empty: what a session that waits for
// nothing should cost.
//
// `T` is trivially copyable. Owner and thread are its user's. Pushing is O(1) amortised; the block
// is given back when the last element goes.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <type_traits>
#include <utility>

#include "peal/base/assert.hpp"

namespace peal {

template <typename T>
class Ring {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Ring() = default;
  ~Ring() { std::free(block_); }
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  Ring(Ring&& other) noexcept
      : block_(std::exchange(other.block_, nullptr)),
        head_(std::exchange(other.head_, 0)),
        size_(std::exchange(other.size_, 0)) {}
  Ring& operator=(Ring&& other) noexcept {
    std::swap(block_, other.block_);
    std::swap(head_, other.head_);
    std::swap(size_, other.size_);
    return *this;
  }

  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::uint32_t size() const { return size_; }

  T& operator[](std::uint32_t index) {
    PEAL_ASSERT(index < size_);
    return block_->items()[(head_ + index) & block_->mask];
  }
  const T& operator[](std::uint32_t index) const { return const_cast<Ring&>(*this)[index]; }
  T& front() { return (*this)[0]; }
  T& back() { return (*this)[size_ - 1]; }

  void push_back(const T& item) {
    if (block_ == nullptr || size_ > block_->mask) {
      grow();
    }
    block_->items()[(head_ + size_) & block_->mask] = item;
    ++size_;
  }

  T pop_front() {
    T item = front();
    head_ = (head_ + 1) & block_->mask;
    --size_;
    if (size_ == 0) {
      clear();
    }
    return item;
  }

  void clear() {
    std::free(block_);
    block_ = nullptr;
    head_ = size_ = 0;
  }

 private:
  struct Block {
    std::uint32_t mask;  // capacity - 1
    std::uint32_t padding;
    T* items() { return reinterpret_cast<T*>(this + 1); }
  };
  static_assert(alignof(T) <= sizeof(Block));

  void grow() {
    const std::uint32_t capacity = block_ == nullptr ? 4 : 2 * (block_->mask + 1);
    PEAL_ASSERT(capacity != 0);
    auto* grown =
        static_cast<Block*>(std::malloc(sizeof(Block) + std::size_t{capacity} * sizeof(T)));
    PEAL_ASSERT(grown != nullptr);
    grown->mask = capacity - 1;
    for (std::uint32_t i = 0; i < size_; ++i) {
      std::memcpy(static_cast<void*>(&grown->items()[i]), &(*this)[i], sizeof(T));
    }
    std::free(block_);
    block_ = grown;
    head_ = 0;
  }

  Block* block_ = nullptr;
  std::uint32_t head_ = 0;
  std::uint32_t size_ = 0;
};

}  // namespace peal
