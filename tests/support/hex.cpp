#include "support/hex.hpp"

namespace peal::test {

std::vector<std::uint8_t> from_hex(std::string_view hex) {
  std::vector<std::uint8_t> bytes;
  bool is_low_half = false;
  for (const char character : hex) {
    if (character == ' ') {
      continue;
    }
    const int digit = character <= '9' ? character - '0' : (character | 0x20) - 'a' + 10;
    if (is_low_half) {
      bytes.back() = static_cast<std::uint8_t>(bytes.back() << 4 | digit);
    } else {
      bytes.push_back(static_cast<std::uint8_t>(digit));
    }
    is_low_half = !is_low_half;
  }
  return bytes;
}

std::string to_hex(Bytes bytes) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string hex;
  for (const std::uint8_t byte : bytes) {
    hex += digits[byte >> 4];
    hex += digits[byte & 0x0F];
  }
  return hex;
}

}  // namespace peal::test
