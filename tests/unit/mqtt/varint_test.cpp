#include "peal/mqtt/varint.hpp"

#include <array>
#include <gtest/gtest.h>

#include "support/hex.hpp"

namespace peal::mqtt {
namespace {

using peal::test::from_hex;

TEST(Varint, WritesTheFewestBytesAndReadsThem) {
  for (const std::uint32_t value :
       {0U, 1U, 127U, 128U, 16383U, 16384U, 2097151U, 2097152U, 268435454U, varint_max}) {
    std::array<std::uint8_t, 4> bytes{};
    const auto size = static_cast<std::size_t>(write_varint(bytes.data(), value) - bytes.data());
    EXPECT_EQ(size, varint_size(value));
    const Varint read = read_varint(bytes);
    EXPECT_EQ(read.state, Varint::State::whole);
    EXPECT_EQ(read.size, size);
    EXPECT_EQ(read.value, value);
    EXPECT_TRUE(read.is_minimal);
    for (std::size_t part = 0; part < size; ++part) {
      EXPECT_EQ(read_varint(Bytes(bytes).first(part)).state, Varint::State::cut_short);
    }
  }
}

TEST(Varint, KnowsWhatIsNotTheShortest) {
  for (const std::string_view hex : {"80 00", "81 00", "FF 80 00", "80 80 80 00"}) {
    const Varint read = read_varint(from_hex(hex));
    EXPECT_EQ(read.state, Varint::State::whole) << hex;
    EXPECT_FALSE(read.is_minimal) << hex;
  }
}

TEST(Varint, EndsAfterFourBytes) {
  EXPECT_EQ(read_varint(from_hex("FF FF FF FF")).state, Varint::State::too_long);
  EXPECT_EQ(read_varint(from_hex("80 80 80 80 01")).state, Varint::State::too_long);
  EXPECT_EQ(read_varint(from_hex("FF FF FF 7F FF")).value, varint_max);
}

}  // namespace
}  // namespace peal::mqtt
