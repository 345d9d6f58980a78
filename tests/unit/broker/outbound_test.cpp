// Messages towards a client: its window, its limits, its queue, and what a new connection gets
// again. (MQTT 5 §4.4, §4.6, §4.9)
#include "support/broker_test.hpp"

namespace peal::broker::test {
namespace {

using namespace std::chrono_literals;

class OutboundTest : public BrokerTest {
 protected:
  /// Connects `to` as said and subscribes it to "a".
  void begin(const ConnectSays& says, QoS qos = qos2) {
    from.connect();
    to.connect(says);
    to.subscribe("a", qos);
    to.acknowledges = false;
  }
  void publish(std::initializer_list<std::string_view> payloads, QoS qos) {
    for (const std::string_view payload : payloads) {
      from.publish("a", payload, {.qos = qos});
    }
  }
  static ConnectSays with(PropertyId id, std::uint32_t value, std::uint32_t expiry = 0) {
    ConnectSays says{.expiry = expiry};
    says.properties.number(id, value);
    return says;
  }
  TestClient& from = harness.client("from");
  TestClient& to = harness.client("to");
};
PEAL_WITH_WORKERS(OutboundTest);

TEST_P(OutboundTest, KeepsTheClientsReceiveMaximum) {  // [MQTT-3.3.4-9] [MQTT-4.9.0-2]
  begin(with(PropertyId::receive_maximum, 2));
  publish({"1", "2", "3", "4"}, qos1);
  from.publish("a", "free");  // QoS 0 needs no place
  ASSERT_EQ(to.waiting(), 3);
  const auto first = to.take();
  EXPECT_EQ(to.read(), "PUBLISH a 2 qos=1");
  EXPECT_EQ(to.read(), "PUBLISH a free");
  to.send_ack(PacketType::puback, first.publish().packet_id);
  EXPECT_EQ(to.read(), "PUBLISH a 3 qos=1");
  EXPECT_EQ(to.read(), "nothing");
}

TEST_P(OutboundTest, GivesAQos2PlaceBackWithPubcompOrARefusal) {  // [MQTT-4.9.0-2]
  begin(with(PropertyId::receive_maximum, 1));
  publish({"1", "2", "3"}, qos2);
  auto packet = to.take();
  to.send_ack(PacketType::pubrec, packet.publish().packet_id);
  EXPECT_EQ(to.read().substr(0, 6), "PUBREL");  // [MQTT-4.3.3-4]
  EXPECT_EQ(to.read(), "nothing");
  to.send_ack(PacketType::pubcomp, packet.publish().packet_id);
  packet = to.take();
  to.send_ack(PacketType::pubrec, packet.publish().packet_id, ReasonCode::quota_exceeded);
  EXPECT_EQ(to.read(), "PUBLISH a 3 qos=2");
  EXPECT_EQ(harness.sum(&Counters::queued_messages), 1);
}

TEST_P(OutboundTest, IgnoresAcknowledgementsOfNothing) {
  begin({});
  publish({"1"}, qos2);
  const auto packet_id = to.take().publish().packet_id;
  to.send_ack(PacketType::puback, packet_id);
  to.send_ack(PacketType::pubcomp, packet_id);
  to.send_ack(PacketType::puback, PacketId{999});
  EXPECT_EQ(to.read(), "nothing");
  EXPECT_EQ(harness.sum(&Counters::queued_messages), 1);
  to.send_ack(PacketType::pubrec, PacketId{999});
  EXPECT_EQ(to.read(), "PUBREL 999 packet_identifier_not_found");
}

TEST_P(OutboundTest, SendsAgainInOrderWhatWasNotFinished) {
  // [MQTT-4.4.0-1] [MQTT-4.6.0-1] [MQTT-3.3.1-1] [MQTT-3.3.1-3]
  begin({.expiry = 60});
  publish({"1", "2"}, qos1);
  publish({"3", "4"}, qos2);
  publish({"5"}, qos1);
  std::vector<PacketId> ids;
  while (to.waiting() > 0) {
    ids.push_back(to.take().publish().packet_id);
  }
  to.send_ack(PacketType::puback, ids[1]);
  to.send_ack(PacketType::pubrec, ids[2]);
  to.read_all();
  to.lose();
  publish({"6"}, qos1);
  EXPECT_EQ(to.connect({.clean_start = false, .expiry = 60}), "CONNACK success session_present");
  const std::string pubrel = "PUBREL " + std::to_string(static_cast<unsigned>(ids[2])) + " success";
  EXPECT_EQ(to.take().publish().packet_id, ids[0]);
  EXPECT_EQ(to.read_all(),
            (Lines{pubrel, "PUBLISH a 4 qos=2 dup", "PUBLISH a 5 qos=1 dup", "PUBLISH a 6 qos=1"}));
}

TEST_P(OutboundTest, SendsAgainOnlyOnANewConnection) {  // [MQTT-4.4.0-1]
  begin({.expiry = 60});
  publish({"1"}, qos1);
  EXPECT_EQ(to.read(), "PUBLISH a 1 qos=1");
  harness.pass(1h);
  EXPECT_EQ(to.read(), "nothing");
}

TEST_P(OutboundTest, SendsAgainWithinTheNewWindow) {
  begin({.expiry = 60});
  publish({"1", "2", "3"}, qos1);
  to.read_all();
  to.lose();
  ConnectSays says = with(PropertyId::receive_maximum, 1, 60);
  says.clean_start = false;
  to.acknowledges = true;
  to.connect(says);
  EXPECT_EQ(to.read_all(),
            (Lines{"PUBLISH a 1 qos=1 dup", "PUBLISH a 2 qos=1 dup", "PUBLISH a 3 qos=1 dup"}));
}

TEST_P(OutboundTest, KeepsTheMaximumPacketSize) {  // [MQTT-3.1.2-24] [MQTT-3.1.2-25]
  begin(with(PropertyId::maximum_packet_size, 40));
  const std::string large(40, 'x');
  publish({large}, qos0);
  publish({large}, qos1);
  publish({large}, qos2);
  publish({"small"}, qos1);
  EXPECT_EQ(to.read_all(), Lines{"PUBLISH a small qos=1"});
  EXPECT_EQ(harness.sum(&Counters::dropped_too_large), 3);
  EXPECT_EQ(harness.sum(&Counters::queued_messages), 1);
}

TEST_P(OutboundTest, DropsWhatASmallerLimitLeavesOutOnTheNextConnection) {
  begin({.expiry = 60});
  publish({std::string(100, 'x'), "small"}, qos1);
  to.read_all();
  to.lose();
  ConnectSays says = with(PropertyId::maximum_packet_size, 50, 60);
  says.clean_start = false;
  to.acknowledges = true;
  to.connect(says);
  EXPECT_EQ(to.read_all(), Lines{"PUBLISH a small qos=1 dup"});
  EXPECT_EQ(harness.sum(&Counters::queued_messages), 0);
}

TEST_P(OutboundTest, UsesAliasesThatTheClientAllows) {  // [MQTT-3.1.2-26]
  begin(with(PropertyId::topic_alias_maximum, 1));
  to.subscribe("b");
  publish({"1", "2"}, qos0);
  publish({"3"}, qos1);
  from.publish("b", "4");
  EXPECT_EQ(to.read_all(), (Lines{"PUBLISH a 1 [Topic Alias=1]", "PUBLISH  2 [Topic Alias=1]",
                                  "PUBLISH  3 qos=1 [Topic Alias=1]", "PUBLISH b 4"}));
}

TEST_P(OutboundTest, UsesNoAliasesUnasked) {  // [MQTT-3.1.2-27]
  begin({});
  publish({"1", "2"}, qos0);
  EXPECT_EQ(to.read_all(), (Lines{"PUBLISH a 1", "PUBLISH a 2"}));
}

TEST_P(OutboundTest, LeavesTheAliasOutWhereItWouldNotFit) {
  ConnectSays says = with(PropertyId::topic_alias_maximum, 5);
  says.properties.number(PropertyId::maximum_packet_size, 20);
  begin(says);
  publish({"0123456789ABCD"}, qos0);  // 20 bytes without the alias
  EXPECT_EQ(to.read_all(), Lines{"PUBLISH a 0123456789ABCD"});
}

TEST_P(OutboundTest, DropsQos0ForASlowReader) {
  harness.settings.queue.unsent_bytes = 20;
  begin({});
  to.stall();
  publish({"0123456789", "0123456789", "dropped"}, qos0);
  EXPECT_EQ(harness.sum(&Counters::dropped_unsent_full), 1);
  EXPECT_EQ(to.waiting(), 2);
  to.drain();
  publish({"again"}, qos0);
  EXPECT_EQ(to.read_all().back(), "PUBLISH a again");
}

TEST_P(OutboundTest, HoldsQos1ForASlowReader) {
  harness.settings.queue.unsent_bytes = 20;
  begin({});
  to.stall();
  publish({"0123456789", "0123456789", "later", "latest"}, qos1);
  EXPECT_EQ(to.waiting(), 2);
  to.drain();
  EXPECT_EQ(to.read_all(), (Lines{"PUBLISH a 0123456789 qos=1", "PUBLISH a 0123456789 qos=1",
                                  "PUBLISH a later qos=1", "PUBLISH a latest qos=1"}));
}

TEST_P(OutboundTest, DropsTheOldestOfAFullQueue) {
  harness.settings.queue.messages = 2;
  begin({.expiry = 60});
  to.lose();
  publish({"1", "2", "3", "4"}, qos1);
  EXPECT_EQ(harness.sum(&Counters::dropped_queue_full), 2);
  to.connect({.clean_start = false});
  EXPECT_EQ(to.read_all(), (Lines{"PUBLISH a 3 qos=1", "PUBLISH a 4 qos=1"}));
}

TEST_P(OutboundTest, DropsTheNewestWhenToldTo) {
  harness.settings.queue.messages = 2;
  harness.settings.queue.on_full = OnFull::drop_newest;
  begin({.expiry = 60});
  to.lose();
  publish({"1", "2", "3", "4"}, qos1);
  to.connect({.clean_start = false});
  EXPECT_EQ(to.read_all(), (Lines{"PUBLISH a 1 qos=1", "PUBLISH a 2 qos=1"}));
}

TEST_P(OutboundTest, DisconnectsWhenToldTo) {
  harness.settings.queue.messages = 2;
  harness.settings.queue.on_full = OnFull::disconnect;
  begin(with(PropertyId::receive_maximum, 1));
  publish({"1", "2", "3"}, qos1);
  EXPECT_TRUE(to.is_open());
  publish({"4"}, qos1);
  EXPECT_EQ(to.read_all(), (Lines{"PUBLISH a 1 qos=1", "DISCONNECT quota_exceeded"}));
  EXPECT_EQ(harness.sum(&Counters::queued_messages), 0);
}

TEST_P(OutboundTest, LimitsTheBytesOfAQueue) {
  harness.settings.queue.bytes = 25;
  begin({.expiry = 60});
  to.lose();
  publish({"0123456789", "1123456789", "2123456789"}, qos1);
  to.connect({.clean_start = false});
  EXPECT_EQ(to.read_all(), (Lines{"PUBLISH a 1123456789 qos=1", "PUBLISH a 2123456789 qos=1"}));
}

TEST_P(OutboundTest, DropsWhatExpired) {  // [MQTT-3.3.2-5] [MQTT-3.3.2-6]
  begin({.expiry = 60});
  to.lose();
  OwnProperties soon;
  soon.number(PropertyId::message_expiry_interval, 5);
  OwnProperties late;
  late.number(PropertyId::message_expiry_interval, 30);
  from.publish("a", "soon", {.qos = qos1, .properties = soon});
  from.publish("a", "late", {.qos = qos1, .properties = late});
  harness.pass(10s);
  to.connect({.clean_start = false});
  EXPECT_EQ(to.read_all(), Lines{"PUBLISH a late qos=1 [Message Expiry Interval=20]"});
  EXPECT_EQ(harness.sum(&Counters::dropped_expired), 1);
}

TEST_P(OutboundTest, KeepsNoQos0ForThoseAwayUnlessToldTo) {
  begin({.expiry = 60}, qos0);
  to.lose();
  publish({"1"}, qos0);
  EXPECT_EQ(harness.sum(&Counters::dropped_offline_qos0), 1);
  harness.settings.queue.qos0_offline = true;
  publish({"2"}, qos0);
  to.connect({.clean_start = false, .expiry = 60});
  EXPECT_EQ(to.read_all(), Lines{"PUBLISH a 2"});
  EXPECT_EQ(harness.sum(&Counters::queued_messages), 0);
}

TEST_P(OutboundTest, CountsAQueueOnceWhenItsSessionEnds) {
  begin({});
  publish({"1", "2", "3"}, qos1);
  to.take();
  to.send_ack(PacketType::puback, to.take().publish().packet_id);  // the second before the first
  EXPECT_EQ(harness.sum(&Counters::queued_messages), 2);
  to.lose();
  EXPECT_EQ(harness.sum(&Counters::queued_messages), 0);
}

TEST_P(OutboundTest, StopsReceivingWithTheRight) {
  begin({});
  harness.authorizer.no_receive.insert(to.id() + " a");
  harness.rights_changed();
  publish({"1"}, qos1);
  EXPECT_EQ(to.read(), "nothing");
  harness.authorizer.no_receive.clear();
  harness.rights_changed();
  publish({"2"}, qos1);
  EXPECT_EQ(to.read(), "PUBLISH a 2 qos=1");
}

TEST_P(OutboundTest, DropsWhatWaitedWhenTheRightWent) {
  begin({.expiry = 100});
  to.lose();
  publish({"1", "2"}, qos1);
  harness.authorizer.no_receive.insert(to.id() + " a");
  harness.rights_changed();
  to.connect({.clean_start = false, .expiry = 100});
  EXPECT_EQ(to.read(), "nothing");
  EXPECT_EQ(harness.sum(&Counters::denied_deliveries), 2);
  EXPECT_EQ(harness.sum(&Counters::queued_messages), 0);
}

TEST_P(OutboundTest, AsksNobodyWhoMayReceiveAllAfterAChange) {
  begin({.expiry = 100});
  to.subscribe("$share/g/b", qos1);
  harness.authorizer.no_publish.insert("elsewhere");
  harness.rights_changed();
  publish({"1"}, QoS::at_most_once);
  EXPECT_EQ(to.read(), "PUBLISH a 1");
  to.lose();
  harness.rights_changed();
  to.connect({.clean_start = false, .expiry = 100});
  const auto rights = harness.authorizer.last;
  publish({"3"}, qos1);
  EXPECT_EQ(rights->questions, 0);
  EXPECT_EQ(to.read_all(), (Lines{"PUBLISH a 3 qos=1"}));
}

TEST_P(OutboundTest, AsksOnlyWhoMayNotReceiveAll) {
  harness.authorizer.no_publish.insert("elsewhere");  // rules, but none about receiving
  begin({});
  const auto rights = harness.authorizer.last;
  const int before = rights->questions;
  publish({"1", "2"}, QoS::at_most_once);
  EXPECT_EQ(to.read_all(), (Lines{"PUBLISH a 1", "PUBLISH a 2"}));
  EXPECT_EQ(rights->questions, before);
}

TEST_P(OutboundTest, KeepsTheOrderOfAPublisher) {  // [MQTT-4.6.0-5] [MQTT-4.6.0-6]
  begin(with(PropertyId::receive_maximum, 3));
  to.acknowledges = true;
  Lines expected;
  for (int i = 0; i < 50; ++i) {
    from.send_publish("a", std::to_string(i), {.qos = qos1});
    expected.push_back("PUBLISH a " + std::to_string(i) + " qos=1");
  }
  harness.settle();
  EXPECT_EQ(to.read_all(), expected);
}

}  // namespace
}  // namespace peal::broker::test
