// Variable Byte Integer (MQTT 5 §1.5.5): seven bits per byte, lowest first, at most four bytes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "peal/base/bytes.hpp"

namespace peal::mqtt {

/// The largest number that four bytes hold.
inline constexpr std::uint32_t varint_max = 268'435'455;

/// The fewest bytes that hold `value` [MQTT-1.5.5-1].
[[nodiscard]] constexpr std::size_t varint_size(std::uint32_t value) {
  return std::size_t{1} + (value > 0x7F) + (value > 0x3FFF) + (value > 0x1F'FFFF);
}

struct Varint {
  enum class State : std::uint8_t { whole, cut_short, too_long };
  State state = State::cut_short;
  std::uint8_t size = 0;  // bytes it took, when whole
  bool is_minimal = true;
  std::uint32_t value = 0;
};

/// Reads the number that `input` begins with.    cost   O(1).
[[nodiscard]] constexpr Varint read_varint(Bytes input) {
  std::uint32_t value = 0;
  for (std::uint8_t i = 0; i < 4; ++i) {
    if (i == input.size()) {
      return {};
    }
    const std::uint8_t byte = input[i];
    value |= static_cast<std::uint32_t>(byte & 0x7F) << (7 * i);
    if (byte < 0x80) {
      return {.state = Varint::State::whole,
              .size = static_cast<std::uint8_t>(i + 1),
              .is_minimal = i == 0 || byte != 0,
              .value = value};
    }
  }
  return {.state = Varint::State::too_long};
}

/// Writes `value` in the fewest bytes; there is room for them.    returns   behind the last one.
constexpr std::uint8_t* write_varint(std::uint8_t* at, std::uint32_t value) {
  while (value > 0x7F) {
    *at++ = static_cast<std::uint8_t>(value | 0x80);
    value >>= 7;
  }
  *at++ = static_cast<std::uint8_t>(value);
  return at;
}

}  // namespace peal::mqtt
