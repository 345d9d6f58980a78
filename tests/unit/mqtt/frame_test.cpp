#include "peal/mqtt/frame.hpp"

#include <gtest/gtest.h>

#include "support/hex.hpp"

namespace peal::mqtt {
namespace {

using peal::test::from_hex;

constexpr std::size_t no_limit = SIZE_MAX;

TEST(NextFrame, WantsMoreBytes) {
  for (const std::string_view hex : {"", "30", "30 80", "30 FF FF FF", "30 02", "30 02 00"}) {
    const auto frame = next_frame(from_hex(hex), no_limit);
    ASSERT_TRUE(frame) << hex;
    EXPECT_FALSE(*frame) << hex;
  }
}

TEST(NextFrame, GivesTheFirstOfSeveral) {
  const std::vector<std::uint8_t> bytes = from_hex("35 03 AABBCC C000");
  const auto frame = next_frame(bytes, no_limit);
  ASSERT_TRUE(frame && *frame);
  EXPECT_EQ((*frame)->header.type, PacketType::publish);
  EXPECT_EQ((*frame)->header.flags, 5);
  EXPECT_EQ((*frame)->header.size, 2);
  EXPECT_EQ((*frame)->header.remaining_length, 3U);
  EXPECT_EQ((*frame)->size, 5U);
  EXPECT_EQ((*frame)->body.data(), bytes.data() + 2);
  EXPECT_EQ((*frame)->body.size(), 3U);
}

TEST(NextFrame, SaysTooLargeAsSoonAsTheHeaderIsThere) {
  EXPECT_EQ(next_frame(from_hex("30 FF FF FF 7F"), 1000).error(), ReasonCode::packet_too_large);
  EXPECT_EQ(next_frame(from_hex("30 09"), 10).error(), ReasonCode::packet_too_large);
  EXPECT_TRUE(next_frame(from_hex("30 08"), 10));
  EXPECT_EQ(next_frame(from_hex("30 80 01"), 130).error(), ReasonCode::packet_too_large);
  EXPECT_TRUE(next_frame(from_hex("30 80 01"), 131));
}

/// The flags of every type, in every version. [MQTT-2.1.3-1]
TEST(NextFrame, KnowsTheFlagsOfEveryType) {
  for (unsigned first = 0; first < 256; ++first) {
    const unsigned type = first >> 4;
    const unsigned flags = first & 0x0F;
    const bool has_reserved_two = type == 6 || type == 8 || type == 10;
    const bool is_strict = type != 0 && (type == 3 || flags == (has_reserved_two ? 2U : 0U));
    const bool is_repeat = has_reserved_two && flags == 10;
    const std::vector<std::uint8_t> bytes = {static_cast<std::uint8_t>(first), 0};
    EXPECT_EQ(next_frame(bytes, no_limit).has_value(), is_strict) << first;
    EXPECT_EQ(next_frame(bytes, no_limit, ProtocolVersion::v5).has_value(), is_strict) << first;
    EXPECT_EQ(next_frame(bytes, no_limit, ProtocolVersion::v3_1).has_value(),
              is_strict || is_repeat)
        << first;
  }
}

TEST(NextFrame, TellsALengthThatIsNotTheShortest) {
  const std::vector<std::uint8_t> bytes = from_hex("C0 80 00");
  const auto frame = next_frame(bytes, no_limit);
  ASSERT_TRUE(frame && *frame);
  EXPECT_FALSE((*frame)->header.is_minimal_length);
  EXPECT_EQ((*frame)->size, 3U);
  EXPECT_EQ(next_frame(bytes, no_limit, ProtocolVersion::v5).error(),
            ReasonCode::malformed_packet);  // [MQTT-1.5.5-1]
}

}  // namespace
}  // namespace peal::mqtt
