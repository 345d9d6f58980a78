#include "peal/mqtt/utf8.hpp"

#include <gtest/gtest.h>
#include <random>
#include <string>

namespace peal::mqtt {
namespace {

/// The character `code` as UTF-8 would write it, whether it may stand there or not.
std::string encoded(std::uint32_t code) {
  const auto tail = [&](unsigned shift) {
    return static_cast<char>(0x80 | ((code >> shift) & 0x3F));
  };
  if (code < 0x80) {
    return {static_cast<char>(code)};
  }
  if (code < 0x800) {
    return {static_cast<char>(0xC0 | (code >> 6)), tail(0)};
  }
  if (code < 0x10000) {
    return {static_cast<char>(0xE0 | (code >> 12)), tail(6), tail(0)};
  }
  return {static_cast<char>(0xF0 | (code >> 18)), tail(12), tail(6), tail(0)};
}

TEST(Utf8, EveryCharacterThereIsAndIsNot) {
  for (std::uint32_t code = 0; code < 0x120000; ++code) {
    const bool is_surrogate = code >= 0xD800 && code <= 0xDFFF;
    const bool is_allowed = code != 0 && !is_surrogate && code <= 0x10FFFF;
    const std::string text = encoded(code);
    ASSERT_EQ(is_utf8(text), is_allowed) << code;
    if (is_allowed && text.size() > 1) {
      ASSERT_FALSE(is_utf8(std::string_view(text).substr(0, text.size() - 1))) << code;
      ASSERT_FALSE(is_utf8(std::string_view(text).substr(1))) << code;
    }
  }
}

TEST(Utf8, WritesEveryCharacterOneWay) {
  for (const std::string_view text :
       {"\xC0\xAF", "\xC1\xBF", "\xE0\x80\xAF", "\xE0\x9F\xBF", "\xF0\x80\x80\xAF",
        "\xF0\x8F\xBF\xBF", "\xF8\x88\x80\x80\x80", "\xFE", "\xFF", "\x80", "\xBF"}) {
    EXPECT_FALSE(is_utf8(text));
  }
}

/// [MQTT-1.5.4-3]
TEST(Utf8, KeepsTheByteOrderMark) { EXPECT_TRUE(is_utf8("\xEF\xBB\xBFtext")); }

/// Whatever stands around it, at every distance from the words that are looked at together.
TEST(Utf8, FindsOneByteAnywhere) {
  for (std::size_t size = 1; size <= 40; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      std::string text(size, 'a');
      ASSERT_TRUE(is_utf8(text));
      ASSERT_FALSE(scan_text(text).has_wildcard);
      text[at] = '\0';
      ASSERT_FALSE(is_utf8(text));
      text[at] = '\xFF';
      ASSERT_FALSE(is_utf8(text));
      for (const char wildcard : {'+', '#'}) {
        text[at] = wildcard;
        ASSERT_TRUE(is_utf8(text));
        ASSERT_TRUE(scan_text(text).has_wildcard);
      }
    }
  }
}

TEST(Utf8, EveryAsciiCharacterIsItself) {
  for (int character = 1; character < 128; ++character) {
    const std::string text(9, static_cast<char>(character));
    const TextScan scan = scan_text(text);
    EXPECT_TRUE(scan.is_well_formed) << character;
    EXPECT_EQ(scan.has_wildcard, character == '+' || character == '#') << character;
  }
}

TEST(Utf8, FindsWildcardsBesideOtherCharacters) {
  EXPECT_TRUE(scan_text("größe/+").has_wildcard);
  EXPECT_TRUE(scan_text("#温").has_wildcard);
  EXPECT_FALSE(scan_text("größe/温度").has_wildcard);
}

TEST(Utf8, EmptyTextIsWellFormed) { EXPECT_TRUE(is_utf8({})); }

}  // namespace
}  // namespace peal::mqtt
