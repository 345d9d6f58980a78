#include "peal/base/arena.hpp"

#include "peal/base/assert.hpp"

namespace peal {

namespace {

/// What `reset` keeps: more is used by bursts only.
constexpr std::size_t chunks_kept = 8;

}  // namespace

Arena::Arena(std::size_t chunk_bytes) : chunk_bytes_(chunk_bytes) {
  PEAL_ASSERT(chunk_bytes > 0);
  use_chunk(0);
}

void Arena::use_chunk(std::size_t index) {
  if (index == chunks_.size()) {
    chunks_.push_back(std::make_unique_for_overwrite<std::uint8_t[]>(chunk_bytes_));
  }
  chunk_ = index;
  next_ = chunks_[index].get();
  end_ = next_ + chunk_bytes_;
}

MutableBytes Arena::take_slow(std::size_t size) {
  // A request beyond the chunk size gets a block of its own; the one in use goes on being filled
  // afterwards.
  if (size > chunk_bytes_) {
    large_.push_back(std::make_unique_for_overwrite<std::uint8_t[]>(size));
    used_ += size;
    return {large_.back().get(), size};
  }
  use_chunk(chunk_ + 1);
  return take(size);
}

void Arena::shrink_last(MutableBytes last, std::size_t kept) {
  PEAL_ASSERT(kept <= last.size());
  if (last.data() + last.size() == next_) {
    next_ -= last.size() - kept;
    used_ -= last.size() - kept;
  }
}

void Arena::reset() {
  large_.clear();
  if (chunks_.size() > chunks_kept) {
    chunks_.resize(chunks_kept);
  }
  use_chunk(0);
  used_ = 0;
}

}  // namespace peal
