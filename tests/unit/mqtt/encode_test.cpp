// Values of the packet table back into bytes.
#include "peal/mqtt/encode.hpp"

#include <gtest/gtest.h>

#include "support/any_packet.hpp"
#include "support/hex.hpp"
#include "support/packet_cases.hpp"

namespace peal::mqtt::test {
namespace {

using peal::test::from_hex;
using peal::test::to_hex;

template <typename Check>
void for_each_valid_case(Check check) {
  for (const PacketCase& one : packet_cases()) {
    if (one.error) {
      continue;
    }
    SCOPED_TRACE(one.name);
    const std::vector<std::uint8_t> bytes = from_hex(one.hex);
    const auto packet = read_any(bytes, one.version);
    ASSERT_TRUE(packet && *packet);
    check(one, bytes, **packet);
  }
}

TEST(Encode, CanonicalCasesGiveTheirBytesAgain) {
  for_each_valid_case([](const PacketCase& one, const auto& bytes, const AnyPacket& packet) {
    if (one.is_canonical) {
      EXPECT_EQ(to_hex(encode_any(packet, one.version)), to_hex(bytes));
    }
  });
}

TEST(Encode, RoundTripKeepsTheMeaning) {
  for_each_valid_case([](const PacketCase& one, const auto&, const AnyPacket& packet) {
    const std::vector<std::uint8_t> bytes = encode_any(packet, one.version);
    const auto again = read_any(bytes, one.version);
    ASSERT_TRUE(again && *again);
    EXPECT_EQ(describe(**again), one.description);
  });
}

TEST(Encode, WritesExactlyWhatItSaid) {
  for_each_valid_case([](const PacketCase& one, const auto&, const AnyPacket& packet) {
    const std::size_t size = encoded_size_of(packet, one.version);
    std::vector<std::uint8_t> room(size + 8, 0xA5);
    EXPECT_EQ(encode_any(packet, one.version, room), size);
    EXPECT_EQ(to_hex(Bytes(room).subspan(size)), "A5A5A5A5A5A5A5A5");
  });
}

TEST(Encode, GivesNothingWhenThereIsTooLittleRoom) {
  for_each_valid_case([](const PacketCase& one, const auto&, const AnyPacket& packet) {
    for (std::size_t size = 0; size < encoded_size_of(packet, one.version); ++size) {
      std::vector<std::uint8_t> room(size);
      EXPECT_EQ(encode_any(packet, one.version, room), std::nullopt);
    }
  });
}

TEST(Encode, PassesOverWhatAVersionDoesNotHave) {
  const Ack ack{.type = PacketType::pubrec,
                .packet_id = static_cast<PacketId>(7),
                .reason = ReasonCode::not_authorized};
  EXPECT_EQ(to_hex(encode_any(ack, ProtocolVersion::v3_1_1)), "50020007");
  EXPECT_EQ(to_hex(encode_any(ack, ProtocolVersion::v5)), "5003000787");
  const Disconnect disconnect{.reason = ReasonCode::server_shutting_down};
  EXPECT_EQ(to_hex(encode_any(disconnect, ProtocolVersion::v3_1_1)), "E000");
  EXPECT_EQ(to_hex(encode_any(disconnect, ProtocolVersion::v5)), "E0018B");
  const Connack connack{.session_present = true, .reason = ReasonCode::success};
  EXPECT_EQ(to_hex(encode_any(connack, ProtocolVersion::v3_1)), "20020000");
  EXPECT_EQ(to_hex(encode_any(connack, ProtocolVersion::v3_1_1)), "20020100");
}

TEST(Encode, ReasonCodesOfV5BecomeFailuresBefore) {
  const std::vector<std::uint8_t> codes = from_hex("00 01 02 87 8F");
  const Suback suback{.packet_id = static_cast<PacketId>(1), .reason_codes = codes};
  EXPECT_EQ(to_hex(encode_any(suback, ProtocolVersion::v3_1_1)), "900700010001028080");
  const Suback unsuback{
      .type = PacketType::unsuback, .packet_id = static_cast<PacketId>(1), .reason_codes = codes};
  EXPECT_EQ(to_hex(encode_any(unsuback, ProtocolVersion::v3_1_1)), "B0020001");
}

TEST(Encode, SubscriptionOptionsBeforeV5AreTheQoSAlone) {
  std::vector<std::uint8_t> room(64);
  std::size_t used = 0;
  const SubscribeEntry entry{.filter_text = "a",
                             .options = {.qos = QoS::exactly_once,
                                         .no_local = true,
                                         .retain_as_published = true,
                                         .retain_handling = RetainHandling::do_not_send}};
  ASSERT_TRUE(append_entry(room, used, entry));
  const Subscribe subscribe{.packet_id = static_cast<PacketId>(1),
                            .entries = EntryList<SubscribeEntry>::trusted(Bytes(room).first(used))};
  EXPECT_EQ(to_hex(encode_any(subscribe, ProtocolVersion::v5)),
            "8207000100000161"
            "2E");
  EXPECT_EQ(to_hex(encode_any(subscribe, ProtocolVersion::v3_1_1)),
            "820600010001"
            "6102");
}

TEST(Encode, AppendsEntriesAsLongAsTheyFit) {
  std::vector<std::uint8_t> room(9);
  std::size_t used = 0;
  EXPECT_TRUE(append_entry(room, used, std::string_view("ab")));
  EXPECT_TRUE(append_entry(room, used, std::string_view("c")));
  EXPECT_EQ(used, 7U);
  EXPECT_FALSE(append_entry(room, used, std::string_view("d")));
  EXPECT_EQ(used, 7U);
  EXPECT_EQ(to_hex(Bytes(room).first(used)), "00026162000163");
}

TEST(Encode, RefusesWhatMqttCannotSay) {
  const std::string long_text(65536, 'a');
  std::vector<std::uint8_t> room(200'000);
  EXPECT_EQ(encode(Publish{.topic = TopicName::trusted(long_text)}, ProtocolVersion::v5, room),
            std::nullopt);
  std::size_t used = 0;
  EXPECT_FALSE(append_entry(room, used, std::string_view(long_text)));
}

TEST(Encode, RemainingLengthGrowsByAByte) {
  for (const std::size_t payload_bytes : {125U, 124U, 16380U, 16381U, 2097148U, 2097149U}) {
    const std::vector<std::uint8_t> payload(payload_bytes);
    const Publish publish{.topic = TopicName::trusted("a"), .payload = payload};
    const std::vector<std::uint8_t> bytes = encode_any(publish, ProtocolVersion::v3_1_1);
    const auto frame = next_frame(bytes, SIZE_MAX);
    ASSERT_TRUE(frame && *frame);
    EXPECT_TRUE((*frame)->header.is_minimal_length);
    EXPECT_EQ((*frame)->body.size(), payload_bytes + 3);
    EXPECT_EQ((*frame)->size, bytes.size());
  }
}

}  // namespace
}  // namespace peal::mqtt::test
