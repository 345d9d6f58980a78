// What a connection wants to write. `Output` is the list of one iteration, by reference and lent by
// the loop; `Pending` is what the socket did not take, held or copied, and belongs to the
// connection until it has drained.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "peal/base/bytes.hpp"
#include "peal/base/shared_buffer.hpp"

namespace peal::net {

/// Some bytes to write. `owner` is null for bytes that are valid until the flush only.
struct Piece {
  const std::uint8_t* data = nullptr;
  std::size_t size = 0;
  const SharedBuffer* owner = nullptr;
};

/// One iteration's output of one connection. Holds nothing: neither bytes nor owners.
class Output {
 public:
  /// cost   O(1). With `may_join`, bytes that follow directly on those of the last piece make it
  /// longer.
  void add(Bytes bytes, const SharedBuffer* owner, bool may_join) {
    bytes_ += bytes.size();
    if (may_join && !pieces_.empty()) {
      Piece& last = pieces_.back();
      if (last.data + last.size == bytes.data() && last.owner == owner) {
        last.size += bytes.size();
        return;
      }
    }
    pieces_.push_back({bytes.data(), bytes.size(), owner});
  }

  [[nodiscard]] std::vector<Piece>& pieces() { return pieces_; }
  /// Room for what goes between the pieces (frame headers), kept until `clear`.
  [[nodiscard]] std::vector<std::uint8_t>& between() { return between_; }
  /// An empty list to swap with `pieces` once what goes between them is known.
  [[nodiscard]] std::vector<Piece>& framed() { return framed_; }
  /// Bytes added since `clear`.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  /// Ready for another connection; a list that grew very long is given up.
  void clear();

 private:
  std::vector<Piece> pieces_;
  std::vector<Piece> framed_;
  std::vector<std::uint8_t> between_;
  std::size_t bytes_ = 0;
};

/// Bytes that wait for the socket, in order. Every piece has a holder: the one it came with, or a
/// chunk of our own that it was copied into.
class Pending {
 public:
  Pending() = default;
  ~Pending();
  Pending(const Pending&) = delete;
  Pending& operator=(const Pending&) = delete;

  /// Keeps `piece`: its owner is held; without an owner the bytes are copied.
  void add(const Piece& piece);

  /// What waits, oldest first. The writer shortens the pieces it wrote, and says so with `written`.
  [[nodiscard]] std::span<Piece> pieces() { return std::span(pieces_).subspan(first_); }
  /// The first `count` of `pieces()` are gone; `bytes` were written in all.
  void written(std::size_t count, std::size_t bytes);

  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] bool empty() const { return first_ == pieces_.size(); }

 private:
  class Chunk;
  void copy(Bytes bytes);

  std::vector<Piece> pieces_;
  std::size_t first_ = 0;
  std::size_t bytes_ = 0;
  Chunk* last_chunk_ = nullptr;  // held by a piece; null when that piece may have gone
};

}  // namespace peal::net
