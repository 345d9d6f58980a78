// SUBSCRIBE: what is granted, and what a subscription's options do. (MQTT 5 §3.8, §3.9)
#include <algorithm>

#include "support/broker_test.hpp"

namespace peal::broker::test {
namespace {

using HandleSubscribeTest = BrokerTest;
PEAL_WITH_WORKERS(HandleSubscribeTest);

TEST_P(HandleSubscribeTest, RefusesFiltersOneByOne) {  // [MQTT-3.8.4-6] [MQTT-3.9.3-1]
  harness.authorizer.no_subscribe.insert("secret/#");
  auto& alice = harness.client("alice");
  alice.connect();
  std::vector<std::uint8_t> room(64);
  std::size_t used = 0;
  for (const std::string_view filter : {"a", "a/#/b", "secret/#", "b/+"}) {
    ASSERT_TRUE(mqtt::append_entry(room, used, {.filter_text = filter, .options = {.qos = qos1}}));
  }
  alice.send(mqtt::Subscribe{
      .packet_id = PacketId{9},
      .entries = mqtt::EntryList<mqtt::SubscribeEntry>::trusted(Bytes(room).first(used))});
  harness.settle();
  EXPECT_EQ(alice.read(), "SUBACK 01 8F 87 01");
  EXPECT_EQ(harness.sum(&Counters::denied_subscribes), 1);
}

TEST_P(HandleSubscribeTest, KnowsOneRefusalInOlderVersions) {  // [MQTT3-3.9.3-2]
  harness.authorizer.no_subscribe.insert("secret");
  auto& alice = harness.client("alice", ProtocolVersion::v3_1_1);
  alice.connect();
  EXPECT_EQ(alice.subscribe("secret", qos1), "SUBACK 80");
}

TEST_P(HandleSubscribeTest, LimitsSubscriptions) {
  harness.settings.limits.subscriptions_per_session = 2;
  auto& alice = harness.client("alice");
  alice.connect();
  EXPECT_EQ(alice.subscribe("a"), "SUBACK 00");
  EXPECT_EQ(alice.subscribe("$share/g/b"), "SUBACK 00");
  EXPECT_EQ(alice.subscribe("c"), "SUBACK 97");
  alice.unsubscribe("a");
  EXPECT_EQ(alice.subscribe("c"), "SUBACK 00");
}

TEST_P(HandleSubscribeTest, LimitsSubscriptionsInTotal) {
  harness.settings.limits.subscriptions = 2;
  auto& alice = harness.client_on(0, "alice");
  auto& bob = harness.client_on(1, "bob");
  alice.connect();
  bob.connect();
  EXPECT_EQ(alice.subscribe("a"), "SUBACK 00");
  EXPECT_EQ(bob.subscribe("$share/g/b"), "SUBACK 00");
  EXPECT_EQ(bob.subscribe("c"), "SUBACK 97");
  EXPECT_EQ(alice.subscribe("c"), "SUBACK 97");
  EXPECT_EQ(harness.sum(&Counters::refused_subscriptions), 2);
  EXPECT_EQ(alice.subscribe("a", qos1), "SUBACK 01");  // replaces its own
  bob.disconnect();
  EXPECT_EQ(harness.totals.subscriptions, 1U);
  EXPECT_EQ(alice.subscribe("c"), "SUBACK 00");
  alice.unsubscribe("a");
  EXPECT_EQ(harness.totals.subscriptions, 1U);
}

TEST_P(HandleSubscribeTest, JoinsOverlappingSubscriptions) {  // [MQTT-3.3.4-2] to [MQTT-3.3.4-5]
  auto& alice = harness.client("alice");
  auto& bob = harness.client("bob");
  alice.connect();
  bob.connect();
  alice.subscribe("a/#", qos1, 1);
  alice.subscribe("a/+", qos2, 2);
  alice.subscribe("a/b", qos0);
  bob.publish("a/b", "x", {.qos = qos2});
  const auto packet = alice.take();
  EXPECT_EQ(packet.publish().qos, qos2);
  std::vector<std::uint32_t> identifiers;
  for (const auto& property : packet.publish().properties) {
    identifiers.push_back(property.number);
  }
  std::ranges::sort(identifiers);
  EXPECT_EQ(identifiers, (std::vector<std::uint32_t>{1, 2}));
  EXPECT_EQ(alice.read(), "nothing");
}

TEST_P(HandleSubscribeTest, HonoursNoLocal) {  // [MQTT-3.8.3-3]
  auto& alice = harness.client("alice");
  auto& bob = harness.client("bob");
  alice.connect();
  bob.connect();
  alice.subscribe("a", {.qos = qos1, .no_local = true});
  alice.publish("a", "own");
  bob.publish("a", "other");
  EXPECT_EQ(alice.read_all(), Lines{"PUBLISH a other"});
  alice.subscribe("+", {.qos = qos0, .no_local = false}, 5);
  alice.publish("a", "own", {.qos = qos1});
  EXPECT_EQ(alice.read_all(), Lines{"PUBLISH a own [Subscription Identifier=5]"});
}

TEST_P(HandleSubscribeTest, HonoursRetainAsPublished) {  // [MQTT-3.3.1-12] [MQTT-3.3.1-13]
  auto& alice = harness.client("alice");
  auto& bob = harness.client("bob");
  alice.connect();
  bob.connect();
  alice.subscribe("a", {.retain_as_published = true});
  bob.subscribe("a", {.retain_as_published = false});
  alice.publish("a", "x", {.retain = true});
  EXPECT_EQ(alice.read(), "PUBLISH a x retain");
  EXPECT_EQ(bob.read(), "PUBLISH a x");
}

TEST_P(HandleSubscribeTest, MatchesNoDollarTopicsWithALeadingWildcard) {  // [MQTT-4.7.2-1]
  auto& alice = harness.client("alice");
  alice.connect();
  alice.subscribe("#");
  alice.subscribe("+/x");
  alice.subscribe("$SYS/#", qos0, 8);
  for (unsigned i = 0; i < harness.worker_count(); ++i) {
    harness.worker(i).publish(
        NamespaceId::default_namespace,
        {.topic = mqtt::TopicName::trusted("$SYS/x"), .payload = as_bytes("1"), .properties = {}});
  }
  harness.settle();
  EXPECT_EQ(alice.read_all(),
            Lines(harness.worker_count(), "PUBLISH $SYS/x 1 [Subscription Identifier=8]"));
}

TEST_P(HandleSubscribeTest, RefusesSharedSubscriptionsThatMakeNoSense) {
  // [MQTT-3.8.3-4] [MQTT-4.8.2-1] [MQTT-4.8.2-2]
  auto& alice = harness.client("alice");
  alice.connect();
  EXPECT_EQ(alice.subscribe("$share//a"), "SUBACK 8F");
  EXPECT_EQ(alice.subscribe("$share/g+/a"), "SUBACK 8F");
  EXPECT_EQ(alice.subscribe("$share/g"), "SUBACK 8F");
  EXPECT_EQ(alice.subscribe("$share/g/a", {.no_local = true}), "DISCONNECT protocol_error");
}

}  // namespace
}  // namespace peal::broker::test
