#include "peal/mqtt/utf8.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace peal::mqtt {
namespace {

using Word = std::uint64_t;

constexpr Word every_byte(std::uint8_t byte) { return 0x0101010101010101ULL * byte; }

Word load(const char* at) {
  Word word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

/// What was seen in a run of words; the top bit of each byte carries the answer.
struct WordScan {
  Word high = 0;            // set: not ASCII
  Word not_zero = ~Word{};  // clear: U+0000
  Word not_wild = ~Word{};  // clear: '+' or '#'

  void add(Word word) {
    high |= word;
    // In ASCII, adding 0x7F sets the top bit of every byte that is not 0 and carries nothing over.
    not_zero &= word + every_byte(0x7F);
    // '+' (0x2B) and '#' (0x23) differ in one bit.
    not_wild &= ((word & every_byte(0xF7)) ^ every_byte('#')) + every_byte(0x7F);
  }
  [[nodiscard]] bool is_ascii() const { return (high & every_byte(0x80)) == 0; }
  [[nodiscard]] TextScan result() const {
    constexpr Word tops = every_byte(0x80);
    return {(not_zero & tops) == tops, (not_wild & tops) != tops};
  }
};

/// The bytes of a text shorter than a word, the rest filled with its first byte.
Word load_short(std::string_view text) {
  if (text.size() >= 4) {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    std::memcpy(&first, text.data(), 4);
    std::memcpy(&last, text.data() + text.size() - 4, 4);
    return first | (Word{last} << 32);
  }
  Word word = every_byte(static_cast<std::uint8_t>(text.front()));
  for (const char character : text.substr(1)) {
    word = (word << 8) | static_cast<std::uint8_t>(character);
  }
  return word;
}

/// Bytes of the character that `text` begins with, 0 when there is no well-formed one.
std::size_t character_size(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const auto continues = [&](std::size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) {
    return lead == 0 ? 0 : 1;
  }
  if (lead >= 0xC2 && lead <= 0xDF) {
    return text.size() >= 2 && continues(1) ? 2 : 0;
  }
  if (lead >= 0xE0 && lead <= 0xEF) {
    if (text.size() < 3 || !continues(1) || !continues(2)) {
      return 0;
    }
    const bool is_overlong = lead == 0xE0 && byte(1) < 0xA0;
    const bool is_surrogate = lead == 0xED && byte(1) > 0x9F;
    return is_overlong || is_surrogate ? 0 : 3;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    if (text.size() < 4 || !continues(1) || !continues(2) || !continues(3)) {
      return 0;
    }
    const bool is_overlong = lead == 0xF0 && byte(1) < 0x90;
    const bool is_too_large = lead == 0xF4 && byte(1) > 0x8F;
    return is_overlong || is_too_large ? 0 : 4;
  }
  return 0;  // a continuation without a lead, an overlong pair, beyond U+10FFFF
}

TextScan scan_any(std::string_view text) {
  bool has_wildcard = false;
  while (!text.empty()) {
    const std::size_t size = character_size(text);
    if (size == 0) {
      return {};
    }
    has_wildcard |= text.front() == '+' || text.front() == '#';
    text.remove_prefix(size);
  }
  return {true, has_wildcard};
}

}  // namespace

TextScan scan_text(std::string_view text) {
  WordScan scan;
  if (text.size() >= 8) {
    const char* const last = text.data() + text.size() - 8;
    for (const char* at = text.data(); at < last; at += 8) {
      scan.add(load(at));
    }
    scan.add(load(last));  // overlaps the one before; seeing bytes twice does no harm
  } else if (!text.empty()) {
    scan.add(load_short(text));
  }
  return scan.is_ascii() ? scan.result() : scan_any(text);
}

}  // namespace peal::mqtt
