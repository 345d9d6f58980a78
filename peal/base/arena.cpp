#include "peal/base/arena.hpp"

#include "peal/base/assert.hpp"

namespace peal {

Arena::Arena(std::size_t chunk_bytes) : chunk_bytes_(chunk_bytes) {
  PEAL_ASSERT(chunk_bytes > 0);
  chunks_.push_back(std::make_unique_for_overwrite<std::uint8_t[]>(chunk_bytes_));
  reset();
}

MutableBytes Arena::take_slow(std::size_t size) {
  // A request beyond the chunk size gets a chunk of its own; the one in use goes on being filled
  // afterwards.
  if (size > chunk_bytes_) {
    chunks_.push_back(std::make_unique_for_overwrite<std::uint8_t[]>(size));
    used_ += size;
    return {chunks_.back().get(), size};
  }
  chunks_.push_back(std::make_unique_for_overwrite<std::uint8_t[]>(chunk_bytes_));
  next_ = chunks_.back().get();
  end_ = next_ + chunk_bytes_;
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
  chunks_.resize(1);
  next_ = chunks_.front().get();
  end_ = next_ + chunk_bytes_;
  used_ = 0;
}

}  // namespace peal
