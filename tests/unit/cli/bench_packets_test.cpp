#include "peal/cli/bench_packets.hpp"

#include <gtest/gtest.h>

#include "peal/mqtt/decode.hpp"

namespace peal::cli {
namespace {

struct Case {
  mqtt::ProtocolVersion version;
  mqtt::QoS qos;
};

class StampedPublish : public testing::TestWithParam<Case> {};

TEST_P(StampedPublish, IsWhatTheDecoderReads) {
  const auto [version, qos] = GetParam();
  const PublishTemplate message(version, "bench/out", qos, 64);
  Packet packets;
  message.append_to(packets, {.publisher = 7, .sequence = 65534, .due = 11});
  message.append_to(packets, {.publisher = 7, .sequence = 65535, .due = 12});
  Bytes rest = packets;
  for (const std::uint32_t sequence : {65534U, 65535U}) {
    const auto frame = mqtt::next_frame(rest, 1 << 20);
    ASSERT_TRUE(frame && *frame);
    const auto publish = mqtt::decode_publish((*frame)->header, (*frame)->body, version);
    ASSERT_TRUE(publish);
    EXPECT_EQ(publish->topic.text(), "bench/out");
    EXPECT_EQ(publish->payload.size(), 64U);
    EXPECT_EQ(publish->qos, qos);
    const auto seen = read_stamp(**frame, 64);
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->qos, qos);
    EXPECT_EQ(seen->packet_id, static_cast<std::uint16_t>(publish->packet_id));
    EXPECT_EQ(seen->stamp.publisher, 7U);
    EXPECT_EQ(seen->stamp.sequence, sequence);
    rest = rest.subspan((*frame)->size);
  }
  EXPECT_TRUE(rest.empty());
}

INSTANTIATE_TEST_SUITE_P(
    AllVersions, StampedPublish,
    testing::Values(Case{mqtt::ProtocolVersion::v3_1_1, mqtt::QoS::at_most_once},
                    Case{mqtt::ProtocolVersion::v3_1_1, mqtt::QoS::at_least_once},
                    Case{mqtt::ProtocolVersion::v5, mqtt::QoS::at_most_once},
                    Case{mqtt::ProtocolVersion::v5, mqtt::QoS::exactly_once}));

TEST(AckWriter, WritesWhatTheDecoderReads) {
  const AckWriter acks;
  for (const auto type : {mqtt::PacketType::puback, mqtt::PacketType::pubrec,
                          mqtt::PacketType::pubrel, mqtt::PacketType::pubcomp}) {
    Packet packet;
    acks.append_to(packet, type, 0x1234);
    const auto frame = mqtt::next_frame(packet, 16);
    ASSERT_TRUE(frame && *frame);
    const auto ack = mqtt::decode_ack(type, (*frame)->body, mqtt::ProtocolVersion::v5);
    ASSERT_TRUE(ack);
    EXPECT_EQ((*frame)->header.type, type);
    EXPECT_EQ(ack->packet_id, mqtt::PacketId{0x1234});
  }
}

TEST(ReadStamp, RefusesWhatIsTooShort) {
  const PublishTemplate message(mqtt::ProtocolVersion::v3_1_1, "t", mqtt::QoS::at_least_once, 16);
  Packet packet;
  message.append_to(packet, {});
  const auto frame = mqtt::next_frame(packet, 1 << 20);
  ASSERT_TRUE(frame && *frame);
  EXPECT_TRUE(read_stamp(**frame, 16));
  EXPECT_FALSE(read_stamp(**frame, 64));
}

}  // namespace
}  // namespace peal::cli
