// Every row of the packet table through framing and decoder.
#include "peal/mqtt/decode.hpp"

#include <gtest/gtest.h>

#include "support/any_packet.hpp"
#include "support/hex.hpp"
#include "support/packet_cases.hpp"

namespace peal::mqtt::test {
namespace {

using peal::test::from_hex;

std::string outcome(const Result<std::optional<AnyPacket>>& packet) {
  if (!packet) {
    return std::string(reason_slug(packet.error()));
  }
  return packet->has_value() ? describe(**packet) : "more bytes";
}

std::string expected_outcome(const PacketCase& one) {
  return one.error ? std::string(reason_slug(*one.error)) : std::string(one.description);
}

/// A copy of exactly that size, so that a sanitizer sees every byte read beyond it.
std::vector<std::uint8_t> copy_of(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

TEST(Decode, EveryCaseOfTheTable) {
  for (const PacketCase& one : packet_cases()) {
    SCOPED_TRACE(one.name);
    EXPECT_EQ(outcome(read_any(from_hex(one.hex), one.version)), expected_outcome(one));
  }
}

TEST(Decode, EveryCaseByteByByte) {
  for (const PacketCase& one : packet_cases()) {
    SCOPED_TRACE(one.name);
    const std::vector<std::uint8_t> bytes = from_hex(one.hex);
    std::string seen = "more bytes";
    for (std::size_t size = 0; size <= bytes.size() && seen == "more bytes"; ++size) {
      const std::vector<std::uint8_t> part = copy_of(Bytes(bytes).first(size));
      seen = outcome(read_any(part, one.version));
      // What is whole is only seen once it is; what is wrong may be seen earlier.
      EXPECT_TRUE(seen == "more bytes" || one.error || size == bytes.size());
    }
    EXPECT_EQ(seen, expected_outcome(one));
  }
}

TEST(Decode, EveryCaseWithAnotherPacketBehindIt) {
  for (const PacketCase& one : packet_cases()) {
    SCOPED_TRACE(one.name);
    std::vector<std::uint8_t> bytes = from_hex(one.hex);
    const std::size_t size = bytes.size();
    bytes.insert(bytes.end(), {0xC0, 0x00});
    EXPECT_EQ(outcome(read_any(bytes, one.version)), expected_outcome(one));
    if (!one.error) {
      EXPECT_EQ((*next_frame(bytes, SIZE_MAX, one.version))->size, size);
    }
  }
}

/// A body that ends early is an error, or says something that its bytes really say: encoded and
/// decoded again it is the same.
TEST(Decode, EveryCaseCutAtEveryLength) {
  for (const PacketCase& one : packet_cases()) {
    const std::vector<std::uint8_t> bytes = from_hex(one.hex);
    const auto frame = next_frame(bytes, SIZE_MAX, one.version);
    if (!frame || !*frame) {
      continue;
    }
    for (std::size_t size = 0; size < (*frame)->body.size(); ++size) {
      SCOPED_TRACE(std::string(one.name) + " cut at " + std::to_string(size));
      const std::vector<std::uint8_t> body = copy_of((*frame)->body.first(size));
      const Result<AnyPacket> packet = decode_any((*frame)->header, body, one.version);
      if (packet) {
        const std::vector<std::uint8_t> again = encode_any(*packet, one.version);
        EXPECT_EQ(outcome(read_any(again, one.version)), describe(*packet));
        EXPECT_LE(again.size(), (*frame)->header.size + size);
      }
    }
  }
}

}  // namespace
}  // namespace peal::mqtt::test
