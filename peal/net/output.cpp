#include "peal/net/output.hpp"

#include <algorithm>
#include <cstring>

#include "peal/base/assert.hpp"

namespace peal::net {
namespace {

constexpr std::size_t pieces_kept = 1024;
constexpr std::size_t chunk_bytes_smallest = 4096;
constexpr std::size_t chunk_bytes_largest = std::size_t{64} * 1024;

}  // namespace

void Output::clear() {
  if (pieces_.capacity() > pieces_kept) {
    pieces_ = {};
    framed_ = {};
    between_ = {};
  }
  pieces_.clear();
  framed_.clear();
  between_.clear();
  bytes_ = 0;
}

/// Room for copied bytes, behind the object in the same block.
class Pending::Chunk final : public SharedBuffer {
 public:
  static Chunk* make(std::size_t capacity) {
    return new (::operator new(sizeof(Chunk) + capacity)) Chunk(capacity);
  }
  [[nodiscard]] std::size_t room() const { return capacity_ - used_; }
  /// precondition   `bytes` fit the room.
  const std::uint8_t* append(Bytes bytes) {
    auto* place = reinterpret_cast<std::uint8_t*>(this + 1) + used_;
    std::memcpy(place, bytes.data(), bytes.size());
    used_ += bytes.size();
    return place;
  }

 private:
  explicit Chunk(std::size_t capacity) : capacity_(capacity) {}
  std::size_t capacity_;
  std::size_t used_ = 0;
};

Pending::~Pending() {
  for (const Piece& piece : pieces()) {
    piece.owner->release();
  }
}

void Pending::add(const Piece& piece) {
  if (piece.size == 0) {
    return;
  }
  bytes_ += piece.size;
  if (piece.owner == nullptr) {
    copy({piece.data, piece.size});
    return;
  }
  piece.owner->retain();
  pieces_.push_back(piece);
}

void Pending::copy(Bytes bytes) {
  const bool continues = last_chunk_ != nullptr && pieces_.back().owner == last_chunk_;
  if (last_chunk_ != nullptr && last_chunk_->room() > 0) {
    const Bytes head = bytes.first(std::min(bytes.size(), last_chunk_->room()));
    const std::uint8_t* place = last_chunk_->append(head);
    if (continues) {
      pieces_.back().size += head.size();
    } else {
      last_chunk_->retain();
      pieces_.push_back({place, head.size(), last_chunk_});
    }
    bytes = bytes.subspan(head.size());
  }
  if (bytes.empty()) {
    return;
  }
  const std::size_t grown = std::clamp(bytes_, chunk_bytes_smallest, chunk_bytes_largest);
  last_chunk_ = Chunk::make(std::max(bytes.size(), grown));
  const std::uint8_t* place = last_chunk_->append(bytes);
  pieces_.push_back({place, bytes.size(), last_chunk_});
}

void Pending::written(std::size_t count, std::size_t bytes) {
  bytes_ -= bytes;
  for (const Piece& piece : pieces().first(count)) {
    PEAL_ASSERT(piece.owner != nullptr);  // every waiting piece has a holder
    const SharedBuffer& owner = *piece.owner;
    if (&owner == last_chunk_) {
      last_chunk_ = nullptr;
    }
    owner.release();
  }
  first_ += count;
  if (first_ * 2 > pieces_.size()) {
    pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
}

}  // namespace peal::net
