// The bytes of one iteration of a worker: packets are encoded here once, connections refer to them,
// and the iteration's flush writes them out. Whoever wants to keep bytes longer copies them.
//
// Owned by one worker, used on its thread only. Taking bytes moves a pointer; `reset` keeps the
// first chunk, so a steady load allocates nothing. Consecutive takes are adjacent as long as they
// fit the chunk, which lets a connection join them into one piece.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "peal/base/bytes.hpp"

namespace peal {

class Arena {
 public:
  explicit Arena(std::size_t chunk_bytes = std::size_t{256} * 1024);

  /// Room for `size` bytes; valid until `reset`.    cost   O(1), an allocation when the chunk is
  /// full.
  [[nodiscard]] MutableBytes take(std::size_t size) {
    if (size > static_cast<std::size_t>(end_ - next_)) {
      return take_slow(size);
    }
    MutableBytes bytes{next_, size};
    next_ += size;
    used_ += size;
    return bytes;
  }

  /// Gives back the unused tail of the last take: only its first `kept` bytes stay taken.
  void shrink_last(MutableBytes last, std::size_t kept);

  /// Everything taken becomes invalid.
  void reset();

  /// Bytes taken since the last reset.
  [[nodiscard]] std::size_t used() const { return used_; }

 private:
  MutableBytes take_slow(std::size_t size);
  void use_chunk(std::size_t index);

  std::size_t chunk_bytes_;
  std::vector<std::unique_ptr<std::uint8_t[]>> chunks_;  // the first `chunk_ + 1` are in use
  std::vector<std::unique_ptr<std::uint8_t[]>> large_;   // requests beyond the chunk size
  std::size_t chunk_ = 0;
  std::uint8_t* next_ = nullptr;
  std::uint8_t* end_ = nullptr;
  std::size_t used_ = 0;
};

}  // namespace peal
