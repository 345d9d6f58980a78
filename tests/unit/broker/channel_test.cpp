// A connection's life: what may come when, keep alive, how it ends. (MQTT 5 §3.1.2.10, §4.13)
#include "peal/broker/channel.hpp"

#include "support/broker_test.hpp"
#include "support/hex.hpp"

namespace peal::broker::test {
namespace {

using namespace std::chrono_literals;

using ChannelTest = BrokerTest;
PEAL_WITH_WORKERS(ChannelTest);

TEST_P(ChannelTest, WantsConnectFirst) {  // [MQTT-3.1.0-1] [MQTT3-3.1.0-1]
  auto& alice = harness.client("alice");
  alice.open();
  alice.send_subscribe("a", {});
  EXPECT_EQ(alice.read(), "closed");
}

TEST_P(ChannelTest, WantsConnectOnce) {  // [MQTT-3.1.0-2] [MQTT3-3.1.0-2]
  auto& alice = harness.client("alice");
  alice.connect();
  alice.send_connect();
  EXPECT_EQ(alice.read(), "DISCONNECT protocol_error");
  EXPECT_EQ(alice.read(), "closed");
}

TEST_P(ChannelTest, RefusesTheFirstByteOfWhatMayNotCome) {  // [MQTT-3.1.0-1] [MQTT-3.1.0-2]
  for (const std::string_view hex : {"30", "30 E8 07", "82", "20 40", "50 45", "D0"}) {
    auto& stranger = harness.client("stranger");
    stranger.open();
    stranger.send_bytes(peal::test::from_hex(hex));
    EXPECT_EQ(stranger.read(), "closed") << hex;
  }
  auto& alice = harness.client("alice");
  alice.connect();
  alice.send_bytes(peal::test::from_hex("10 40"));
  EXPECT_EQ(alice.read(), "DISCONNECT protocol_error");
}

TEST_P(ChannelTest, WantsConnectInTime) {
  auto& alice = harness.client("alice");
  alice.open();
  harness.pass(9999ms);
  EXPECT_TRUE(alice.is_open());
  harness.pass(1ms);
  EXPECT_EQ(alice.read(), "closed");
  EXPECT_EQ(harness.sum(&Counters::connections), 0);
}

TEST_P(ChannelTest, ReadsPacketsInAnyPieces) {
  auto& alice = harness.client("alice");
  alice.open();
  const auto bytes =
      mqtt::test::encode_any(mqtt::Connect{.client_id = alice.id()}, ProtocolVersion::v5);
  for (const std::uint8_t byte : bytes) {
    EXPECT_EQ(alice.read(), "nothing");
    alice.send_bytes(Bytes(&byte, 1));
  }
  EXPECT_EQ(alice.read(), "CONNACK success");
}

TEST_P(ChannelTest, RefusesMalformedPackets) {  // [MQTT-4.13.1-1]
  for (const std::string_view hex : {"00 00", "31 03 00 01 61 00 00", "36 02 00 01", "92 00",
                                     "30 FF FF FF FF 7F", "A2 03 00 01 00", "C0 01 00", "F1 00"}) {
    auto& alice = harness.client("alice");
    alice.connect();
    alice.send_bytes(peal::test::from_hex(hex));
    harness.settle();
    const std::string last = alice.read_all().back();
    EXPECT_TRUE(last == "DISCONNECT malformed_packet" || last == "DISCONNECT protocol_error")
        << hex;
    EXPECT_FALSE(alice.is_open()) << hex;
  }
}

TEST_P(ChannelTest, RefusesPacketsThatOnlyAServerSends) {
  for (const std::string_view hex : {"20 03 00 00 00", "90 04 00 01 00 00", "D0 00"}) {
    auto& alice = harness.client("alice");
    alice.connect();
    alice.send_bytes(peal::test::from_hex(hex));
    EXPECT_EQ(alice.read(), "DISCONNECT protocol_error") << hex;
  }
}

TEST_P(ChannelTest, RefusesPacketsThatAreTooLarge) {
  harness.settings.limits.packet_bytes = 100;
  auto& alice = harness.client("alice");
  alice.connect();
  alice.send_bytes(peal::test::from_hex("30 FF 7F"));  // said with the header alone
  EXPECT_EQ(alice.read(), "DISCONNECT packet_too_large");
}

TEST_P(ChannelTest, AnswersPings) {  // [MQTT-3.12.4-1] [MQTT3-3.12.4-1]
  auto& alice = harness.client("alice");
  alice.connect();
  alice.send(PacketType::pingreq);
  EXPECT_EQ(alice.read(), "PINGRESP");
}

TEST_P(ChannelTest, EndsAfterOneAndAHalfKeepAlives) {  // [MQTT-3.1.2-22] [MQTT3-3.1.2-24]
  auto& alice = harness.client("alice");
  auto& bob = harness.client("bob");
  bob.connect();
  bob.subscribe("gone");
  alice.connect({.keep_alive = 10, .will = WillSays{.topic = "gone"}});
  for (int i = 0; i < 5; ++i) {
    harness.pass(14999ms);
    alice.send(PacketType::pingreq);
    EXPECT_EQ(alice.read(), "PINGRESP");
  }
  harness.pass(14999ms);
  EXPECT_TRUE(alice.is_open());
  harness.pass(1ms);
  EXPECT_EQ(alice.read(), "DISCONNECT keep_alive_timeout");
  EXPECT_EQ(bob.read(), "PUBLISH gone");
  EXPECT_EQ(harness.sum(&Counters::keep_alive_timeouts), 1);
}

TEST_P(ChannelTest, WaitsForEverWithoutKeepAlive) {
  auto& alice = harness.client("alice");
  alice.connect();
  harness.pass(24h);
  EXPECT_TRUE(alice.is_open());
}

TEST_P(ChannelTest, SaysWhenTheServerStops) {
  auto& alice = harness.client("alice");
  auto& old = harness.client("old", ProtocolVersion::v3_1_1);
  auto& bob = harness.client_on(0, "bob");
  alice.connect({.expiry = 60});
  old.connect();
  bob.connect();
  for (unsigned i = 0; i < harness.worker_count(); ++i) {
    harness.worker(i).stop();
  }
  harness.settle();
  EXPECT_EQ(alice.read(), "DISCONNECT server_shutting_down");
  EXPECT_EQ(alice.read(), "closed");
  EXPECT_EQ(old.read(), "closed");
  EXPECT_EQ(bob.read(), "DISCONNECT server_shutting_down");
  EXPECT_EQ(harness.sum(&Counters::connections), 0);
  EXPECT_EQ(harness.sum(&Counters::sessions), 1);
}

TEST_P(ChannelTest, LogsOneLineForARefusal) {
  auto& alice = harness.client("alice");
  alice.connect();
  harness.log.lines.clear();
  alice.send_bytes(peal::test::from_hex("20 00"));
  ASSERT_EQ(harness.log.lines.size(), 1);
  EXPECT_NE(harness.log.lines[0].find("alice"), std::string::npos);
}

}  // namespace
}  // namespace peal::broker::test
