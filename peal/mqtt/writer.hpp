// Writes the fields of a packet in order into room that was measured before. What cannot be said in
// MQTT (a string over 65535 bytes) sticks and makes `finish` give nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "peal/base/bytes.hpp"
#include "peal/mqtt/packet_type.hpp"
#include "peal/mqtt/varint.hpp"

namespace peal::mqtt {

/// Bytes of a whole packet, fixed header included.
[[nodiscard]] constexpr std::size_t packet_size(std::size_t remaining_length) {
  return 1 + varint_size(static_cast<std::uint32_t>(remaining_length)) + remaining_length;
}

class Writer {
 public:
  /// Writes the fixed header when `out` has room for the whole packet.
  Writer(MutableBytes out, PacketType type, unsigned flags, std::size_t remaining_length)
      : begin_(out.data()),
        at_(out.data()),
        ok_(remaining_length <= varint_max && packet_size(remaining_length) <= out.size()) {
    if (ok_) {
      byte((static_cast<unsigned>(type) << 4) | flags);
      varint(remaining_length);
    }
  }
  /// Continues at `at`; there is room.
  explicit Writer(std::uint8_t* at) : begin_(at), at_(at) {}

  [[nodiscard]] bool ok() const { return ok_; }

  void byte(unsigned value) { *at_++ = static_cast<std::uint8_t>(value); }
  void two_bytes(std::size_t value) {
    byte(static_cast<unsigned>(value >> 8));
    byte(static_cast<unsigned>(value));
  }
  void four_bytes(std::uint32_t value) {
    two_bytes(value >> 16);
    two_bytes(value);
  }
  void varint(std::size_t value) { at_ = write_varint(at_, static_cast<std::uint32_t>(value)); }
  void raw(Bytes bytes) {
    if (!bytes.empty()) {
      std::memcpy(at_, bytes.data(), bytes.size());
    }
    at_ += bytes.size();
  }
  void binary(Bytes bytes) {
    ok_ &= bytes.size() <= 0xFFFF;
    two_bytes(bytes.size());
    raw(bytes);
  }
  void text(std::string_view value) { binary(as_bytes(value)); }

  [[nodiscard]] std::optional<std::size_t> finish() const {
    if (!ok_) {
      return std::nullopt;
    }
    return static_cast<std::size_t>(at_ - begin_);
  }

 private:
  std::uint8_t* begin_;
  std::uint8_t* at_;
  bool ok_ = true;
};

}  // namespace peal::mqtt
