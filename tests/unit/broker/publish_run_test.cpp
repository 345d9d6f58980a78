// Bursts that another worker hands over as runs: what each kind of receiver gets of them is what it
// would get message by message.
#include "peal/broker/publish_run.hpp"

#include "support/broker_test.hpp"

namespace peal::broker::test {
namespace {

using namespace std::string_view_literals;

constexpr auto v3_packets = "\x30\x04\x00\x01ta\x30\x03\x00\x01t"sv;
constexpr auto v5_packets =
    "\x30\x05\x00\x01t\x00"
    "a\x30\x04\x00\x01t\x00"sv;

PublishRun run_of(std::string_view packets, bool is_v5) {
  return {.is_v5 = is_v5, .count = 2, .largest_bytes = 7, .packets = as_bytes(packets)};
}

TEST(PublishRun, IsReadMessageByMessage) {
  for (const auto& run : {run_of(v3_packets, false), run_of(v5_packets, true)}) {
    EXPECT_EQ(run.topic().text(), "t");
    RunReader reader(run);
    const auto first = reader.next();
    ASSERT_TRUE(first);
    EXPECT_EQ(first->topic.text(), "t");
    EXPECT_EQ(as_text(first->payload), "a");
    const auto second = reader.next();
    ASSERT_TRUE(second);
    EXPECT_TRUE(second->payload.empty());
    EXPECT_FALSE(reader.next());
  }
}

TEST(PublishRun, IsTranslatedOnce) {
  Arena arena;
  const PublishRun v3 = run_of(v3_packets, false);
  RunEncodings from_v3(v3, arena);
  EXPECT_EQ(from_v3.packets(ProtocolVersion::v3_1).data(), v3.packets.data());
  EXPECT_EQ(as_text(from_v3.packets(ProtocolVersion::v5)), v5_packets);
  EXPECT_EQ(from_v3.packets(ProtocolVersion::v5).data(),
            from_v3.packets(ProtocolVersion::v5).data());
  EXPECT_EQ(arena.used(), v5_packets.size());
  const PublishRun v5 = run_of(v5_packets, true);
  RunEncodings from_v5(v5, arena);
  EXPECT_EQ(as_text(from_v5.packets(ProtocolVersion::v3_1_1)), v3_packets);
}

TEST(PlainPublish, IsWrittenAsItCame) {
  const std::string body(200, '\0');
  const PlainPublish packet{.body = as_bytes(body), .is_v5 = false};
  std::string written(packet.size(), 'x');
  packet.write(reinterpret_cast<std::uint8_t*>(written.data()));
  EXPECT_EQ(written, "\x30\xC8\x01" + body);
}

/// One publisher, and receivers on another worker.
class RunDelivery : public testing::Test {
 protected:
  RunDelivery() { from.connect(); }
  TestClient& receiver(const std::string& name, const ConnectSays& says = {},
                       ProtocolVersion version = ProtocolVersion::v5) {
    TestClient& client = harness.client_on(1, name, version);
    client.connect(says);
    return client;
  }
  static ConnectSays with(PropertyId id, std::uint32_t value) {
    ConnectSays says;
    says.properties.number(id, value);
    return says;
  }
  /// A run of that length, with payloads from "0".
  void publish(int count) {
    for (int i = 0; i < count; ++i) {
      from.send_publish("a", std::to_string(i));
    }
    ASSERT_EQ(harness.mail_count(), 1);
    harness.settle();
  }
  BrokerHarness harness{2};
  TestClient& from = harness.client_on(0, "from");
};

TEST_F(RunDelivery, GivesOnePieceToEveryPlainReceiver) {
  TestClient& same = receiver("same");
  TestClient& other = receiver("other", {}, ProtocolVersion::v3_1_1);
  for (TestClient* client : {&same, &other}) {
    client->subscribe("a", qos2);
    client->connection().sends = 0;
  }
  const auto sent_before = harness.sum(&Counters::messages_sent);
  publish(3);
  for (TestClient* client : {&same, &other}) {
    EXPECT_EQ(client->connection().sends, 1);
    EXPECT_EQ(client->read_all(), (Lines{"PUBLISH a 0", "PUBLISH a 1", "PUBLISH a 2"}));
  }
  EXPECT_EQ(harness.sum(&Counters::messages_sent) - sent_before, 6);
}

TEST_F(RunDelivery, GivesOthersTheirOwnPackets) {
  TestClient& plain = receiver("plain");
  plain.subscribe("a");
  TestClient& identified = receiver("identified");
  identified.subscribe("a", qos0, 7);
  TestClient& aliased = receiver("aliased", with(PropertyId::topic_alias_maximum, 1));
  aliased.subscribe("a");
  publish(2);
  EXPECT_EQ(plain.read_all(), (Lines{"PUBLISH a 0", "PUBLISH a 1"}));
  EXPECT_EQ(identified.read_all(), (Lines{"PUBLISH a 0 [Subscription Identifier=7]",
                                          "PUBLISH a 1 [Subscription Identifier=7]"}));
  EXPECT_EQ(aliased.read_all(),
            (Lines{"PUBLISH a 0 [Topic Alias=1]", "PUBLISH  1 [Topic Alias=1]"}));
}

TEST_F(RunDelivery, LeavesOutWhatIsTooLargeForOne) {  // [MQTT-3.1.2-24] [MQTT-3.1.2-25]
  TestClient& narrow = receiver("narrow", with(PropertyId::maximum_packet_size, 20));
  narrow.subscribe("a");
  from.send_publish("a", "1");
  from.send_publish("a", std::string(40, 'x'));
  from.send_publish("a", "2");
  harness.settle();
  EXPECT_EQ(narrow.read_all(), (Lines{"PUBLISH a 1", "PUBLISH a 2"}));
  EXPECT_EQ(harness.sum(&Counters::dropped_too_large), 1);
}

TEST_F(RunDelivery, CountsWhatASlowReaderMisses) {
  harness.settings.queue.unsent_bytes = 5;
  TestClient& slow = receiver("slow");
  slow.subscribe("a");
  slow.stall();
  publish(2);
  publish(3);
  EXPECT_EQ(harness.sum(&Counters::dropped_unsent_full), 3);
  slow.drain();
  publish(1);
  EXPECT_EQ(slow.read_all(), (Lines{"PUBLISH a 0", "PUBLISH a 1", "PUBLISH a 0"}));
}

TEST_F(RunDelivery, CountsOrKeepsWhatIsPublishedMeanwhile) {
  TestClient& away = receiver("away", {.expiry = 60});
  away.subscribe("a");
  away.lose();
  publish(3);
  EXPECT_EQ(harness.sum(&Counters::dropped_offline_qos0), 3);
  harness.settings.queue.qos0_offline = true;
  publish(2);
  EXPECT_EQ(harness.sum(&Counters::dropped_offline_qos0), 3);
  away.connect({.clean_start = false, .expiry = 60});
  EXPECT_EQ(away.read_all(), (Lines{"PUBLISH a 0", "PUBLISH a 1"}));
}

TEST_F(RunDelivery, AsksWhetherItMayBeReceived) {
  TestClient& allowed = receiver("allowed");
  TestClient& refused = receiver("refused");
  allowed.subscribe("a");
  refused.subscribe("a");
  harness.authorizer.no_receive.insert(refused.id() + " a");
  harness.rights_changed();
  publish(2);
  EXPECT_EQ(allowed.read_all(), (Lines{"PUBLISH a 0", "PUBLISH a 1"}));
  EXPECT_EQ(refused.read(), "nothing");
}

TEST_F(RunDelivery, KeepsTheOrderOfMixedMail) {
  TestClient& to = receiver("to");
  to.subscribe("a", qos1);
  from.send_publish("a", "1");
  from.send_publish("a", "2");
  from.send_publish("a", "3", {.qos = qos1});
  from.send_publish("a", "4", {.retain = true});
  from.send_publish("a", "5");
  from.send_publish("b", "not wanted");
  from.send_publish("a", "6");
  harness.settle();
  EXPECT_EQ(to.read_all(), (Lines{"PUBLISH a 1", "PUBLISH a 2", "PUBLISH a 3 qos=1", "PUBLISH a 4",
                                  "PUBLISH a 5", "PUBLISH a 6"}));
}

TEST_F(RunDelivery, FlushesBetweenTheMessagesOfALongOne) {
  TestClient& plain = receiver("plain");
  plain.subscribe("a");
  TestClient& identified = receiver("identified");
  identified.subscribe("a", qos0, 7);
  const std::string payload(100'000, 'x');
  for (int i = 0; i < 30; ++i) {
    from.send_publish("a", payload);
  }
  harness.settle();
  EXPECT_EQ(plain.read_all(), Lines(30, "PUBLISH a " + payload));
  EXPECT_EQ(identified.read_all(),
            Lines(30, "PUBLISH a " + payload + " [Subscription Identifier=7]"));
}

}  // namespace
}  // namespace peal::broker::test
