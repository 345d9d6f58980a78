// Text that somebody else chose, as a line of a log may hold it.
#include "peal/mqtt/escaped.hpp"

#include <gtest/gtest.h>

#include "peal/mqtt/utf8.hpp"

namespace peal::mqtt {
namespace {

using namespace std::string_view_literals;

TEST(Escaped, LeavesTextAsItIs) {
  EXPECT_EQ(escaped(""), "");
  EXPECT_EQ(escaped("bell/1 ~"), "bell/1 ~");
  EXPECT_EQ(escaped("J\xC3\xB6rg \xE4\xB8\x82 \xF0\x9F\x94\x94 \xC2\xA0"),
            "J\xC3\xB6rg \xE4\xB8\x82 \xF0\x9F\x94\x94 \xC2\xA0");
}

TEST(Escaped, QuotesAndBackslashesEndNoString) {
  EXPECT_EQ(escaped("say \"x\\\""), R"(say \"x\\\")");
}

TEST(Escaped, ControlCharactersDoNothing) {
  EXPECT_EQ(escaped("a\x1b[31m\r\n\t\0\x7f"sv), "a\\u001b[31m\\u000d\\u000a\\u0009\\u0000\\u007f");
  EXPECT_EQ(escaped("\xC2\x9B"
                    "31m\xC2\x80"),
            "\\u009b31m\\u0080");
  EXPECT_EQ(escaped("\xE2\x80\xA8\xE2\x80\xAE\xE2\x81\xA6"), "\\u2028\\u202e\\u2066");
}

TEST(Escaped, BytesThatAreNoTextAreNamed) {
  EXPECT_EQ(escaped("\xff\xfe"), "\\u00ff\\u00fe");
  EXPECT_EQ(escaped("a\xC3"), "a\\u00c3") << "cut in a character";
  EXPECT_EQ(escaped("\xED\xA0\x80"), "\\u00ed\\u00a0\\u0080") << "a surrogate";
  EXPECT_EQ(escaped("\xC0\x80"), "\\u00c0\\u0080") << "overlong";
  EXPECT_EQ(escaped("\x80\xC3\xA4"), "\\u0080\xC3\xA4") << "what is text stays";
}

TEST(Escaped, IsCutBetweenCharacters) {
  EXPECT_EQ(escaped(std::string(256, 'a')), std::string(256, 'a'));
  EXPECT_EQ(escaped(std::string(300, 'a')), std::string(256, 'a') + "...");
  EXPECT_EQ(escaped("ab\xC3\xA4", 3), "ab...");
  EXPECT_EQ(escaped("ab\xC3\xA4", 4), "ab\xC3\xA4");
}

TEST(Escaped, IsAlwaysTextWithoutControlCharacters) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string bytes{static_cast<char>(first), static_cast<char>(second), '\xA8'};
      const std::string out = escaped(bytes);
      EXPECT_TRUE(is_utf8(out)) << first << ' ' << second;
      for (const char c : out) {
        EXPECT_GE(static_cast<unsigned char>(c), 0x20) << first << ' ' << second;
      }
    }
  }
}

TEST(Printable, LeavesQuotesAndLength) {
  EXPECT_EQ(printable(R"(write bind = "a\b")"), R"(write bind = "a\b")");
  EXPECT_EQ(printable("a\x1b[2J\n\xff"), "a\\u001b[2J\\u000a\\u00ff");
  EXPECT_EQ(printable(std::string(1000, 'a')), std::string(1000, 'a'));
}

TEST(Escaped, CutsBetweenCharacters) {
  EXPECT_EQ(escaped("aa\xc3\xa4", 3), "aa...");
  EXPECT_EQ(escaped("aa\xf0\x9f\x94\x94", 5), "aa...");
  EXPECT_EQ(escaped("aa\xf0\x9f\x94\x94", 6), "aa\xf0\x9f\x94\x94");
}

}  // namespace
}  // namespace peal::mqtt
