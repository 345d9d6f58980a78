// Reads the fields of a packet in order. The first failure sticks: everything read after it is
// empty, and `finish` tells it. So a decoder reads all its fields and asks once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "peal/base/bytes.hpp"
#include "peal/mqtt/reason_code.hpp"
#include "peal/mqtt/utf8.hpp"
#include "peal/mqtt/varint.hpp"

namespace peal::mqtt {

class Reader {
 public:
  explicit Reader(Bytes bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  [[nodiscard]] bool ok() const { return error_ == ReasonCode::success; }
  [[nodiscard]] ReasonCode error() const { return error_; }
  [[nodiscard]] std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }

  /// Makes `code` the failure, unless there is one already.
  void fail(ReasonCode code) {
    if (ok()) {
      error_ = code;
    }
    at_ = end_;
  }
  /// `fail(code)` unless `claim` holds.
  void require(bool claim, ReasonCode code = ReasonCode::malformed_packet) {
    if (!claim) {
      fail(code);
    }
  }

  Bytes take(std::size_t size) {
    if (size > left()) {
      fail(ReasonCode::malformed_packet);
      return {};
    }
    const Bytes bytes(at_, size);
    at_ += size;
    return bytes;
  }
  Bytes rest() { return take(left()); }

  std::uint8_t byte() {
    const Bytes bytes = take(1);
    return bytes.empty() ? std::uint8_t{0} : bytes[0];
  }
  std::uint16_t two_bytes() {
    const Bytes bytes = take(2);
    return bytes.empty() ? std::uint16_t{0}
                         : static_cast<std::uint16_t>((bytes[0] << 8) | bytes[1]);
  }
  std::uint32_t four_bytes() {
    const std::uint32_t high = two_bytes();
    return (high << 16) | two_bytes();
  }
  /// In the fewest bytes, or malformed [MQTT-1.5.5-1].
  std::uint32_t varint() {
    const Varint number = read_varint({at_, left()});
    require(number.state == Varint::State::whole && number.is_minimal);
    at_ += ok() ? number.size : 0;
    return ok() ? number.value : 0;
  }

  /// Binary Data. (MQTT 5 §1.5.6)
  Bytes binary() { return take(two_bytes()); }
  /// The bytes of a string that is not to be checked (again).
  std::string_view unchecked_text() { return as_text(binary()); }
  /// A UTF-8 Encoded String [MQTT-1.5.4-1] [MQTT-1.5.4-2].
  std::string_view text() {
    const std::string_view text = unchecked_text();
    require(is_utf8(text));
    return text;
  }

  /// `packet` when all was read and nothing is left over, the failure otherwise.
  template <typename T>
  [[nodiscard]] Result<T> finish(T packet) {
    require(left() == 0);
    if (!ok()) {
      return std::unexpected(error_);
    }
    return packet;
  }

 private:
  const std::uint8_t* at_;
  const std::uint8_t* end_;
  ReasonCode error_ = ReasonCode::success;
};

}  // namespace peal::mqtt
