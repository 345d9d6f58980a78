// PUBLISH beyond the packet table.
#include <gtest/gtest.h>

#include "support/hex.hpp"

#include "peal/mqtt/decode.hpp"

namespace peal::mqtt {
namespace {

using peal::test::from_hex;

/// Views into the input, never copies.
TEST(DecodePublish, RefersToItsInput) {
  const std::vector<std::uint8_t> bytes = from_hex("30 06 0003 612F62 78");
  const auto frame = next_frame(bytes, SIZE_MAX);
  const auto packet = decode_publish((*frame)->header, (*frame)->body, ProtocolVersion::v3_1_1);
  ASSERT_TRUE(packet);
  EXPECT_EQ(as_bytes(packet->topic.text()).data(), bytes.data() + 4);
  EXPECT_EQ(packet->payload.data(), bytes.data() + 7);
}

}  // namespace
}  // namespace peal::mqtt
