#include "peal/store/crc32c.hpp"

#include <gtest/gtest.h>
#include <string>

namespace peal::store {
namespace {

TEST(Crc32c, KnownValues) {  // RFC 3720, B.4
  EXPECT_EQ(crc32c(0, as_bytes("123456789")), 0xE3069283U);
  EXPECT_EQ(crc32c(0, as_bytes(std::string(32, '\0'))), 0x8A9136AAU);
  EXPECT_EQ(crc32c(0, as_bytes(std::string(32, '\xFF'))), 0x62A8AB43U);
}

TEST(Crc32c, TableAndInstructionAgreeAtEveryLengthAndInParts) {
  std::string text;
  for (int i = 0; i < 100; ++i) {
    text.push_back(static_cast<char>(i * 37));
    const std::uint32_t whole = crc32c(0, as_bytes(text));
    EXPECT_EQ(whole, crc32c_by_table(0, as_bytes(text)));
    const auto half = text.size() / 2;
    const std::uint32_t first = crc32c(0, as_bytes(text.substr(0, half)));
    EXPECT_EQ(whole, crc32c(first, as_bytes(text.substr(half))));
  }
}

}  // namespace
}  // namespace peal::store
