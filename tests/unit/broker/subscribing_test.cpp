// Subscriptions coming and going, and what the other workers know of it. (MQTT 5 §3.8, §3.10)
#include <algorithm>

#include "support/broker_test.hpp"

namespace peal::broker::test {
namespace {

using SubscribingTest = BrokerTest;
PEAL_WITH_WORKERS(SubscribingTest);

TEST_P(SubscribingTest, AnswersOnceEveryWorkerKnows) {  // [MQTT-3.8.4-1]
  auto& alice = harness.client_on(0, "alice");
  alice.connect();
  alice.send_subscribe("a", {});
  const unsigned others = harness.worker_count() - 1;
  EXPECT_EQ(harness.mail_count(), others);
  for (unsigned i = 1; i <= others; ++i) {
    EXPECT_EQ(alice.read(), "nothing");
    EXPECT_TRUE(harness.deliver(0, i));
    EXPECT_TRUE(harness.deliver(i, 0));
  }
  EXPECT_EQ(alice.read(), "SUBACK 00");
}

TEST_P(SubscribingTest, MissesNothingOnceItIsAnswered) {
  for (unsigned round = 0; round < 8; ++round) {
    auto& alice = harness.client_on(round, "alice");
    auto& bob = harness.client_on(round / 2 + 1, "bob");
    alice.connect();
    bob.connect();
    alice.send_subscribe("a/+", {});
    while (alice.waiting() == 0) {
      harness.deliver_one();
    }
    bob.send_publish("a/b", "x");
    harness.settle();
    EXPECT_EQ(alice.read(), "SUBACK 00");
    EXPECT_EQ(alice.read(), "PUBLISH a/b x");
    alice.disconnect();
  }
}

// Somebody on the same worker had the filter before, but not every worker knows it yet.
TEST_P(SubscribingTest, WaitsAlsoWhenAnotherSessionAskedBefore) {
  if (GetParam() == 1) {
    GTEST_SKIP();
  }
  auto& alice = harness.client_on(0, "alice");
  auto& bob = harness.client_on(0, "bob");
  alice.connect();
  bob.connect();
  alice.send_subscribe("a", {});
  bob.send_subscribe("a", {});
  EXPECT_EQ(bob.read(), "nothing");
  harness.settle();
  EXPECT_EQ(alice.read(), "SUBACK 00");
  EXPECT_EQ(bob.read(), "SUBACK 00");
}

TEST_P(SubscribingTest, AnswersNobodyWhoWent) {
  auto& alice = harness.client_on(0, "alice");
  auto& again = harness.client_on(0, "alice");
  alice.connect({.expiry = 60});
  alice.send_subscribe("a", {});
  alice.lose();
  EXPECT_EQ(alice.read_all(), Lines(GetParam() == 1 ? 1 : 0, "SUBACK 00"));
  again.connect({.clean_start = false, .expiry = 60});
  again.send_subscribe("b", {});
  alice.open();
  alice.send_connect({.clean_start = false, .expiry = 60});  // takes over before the answer
  harness.settle();
  auto seen = again.read_all();
  EXPECT_EQ(seen.back(), "DISCONNECT session_taken_over");
}

TEST_P(SubscribingTest, ReplacesASubscription) {  // [MQTT-3.8.4-3] [MQTT3-3.8.4-3]
  auto& alice = harness.client("alice");
  auto& bob = harness.client("bob");
  alice.connect();
  bob.connect();
  alice.subscribe("a", qos0, 3);
  alice.subscribe("a", qos2, 4);
  bob.publish("a", "x", {.qos = qos2});
  EXPECT_EQ(alice.read_all(), Lines{"PUBLISH a x qos=2 [Subscription Identifier=4]"});
  EXPECT_EQ(harness.sum(&Counters::subscriptions), 1);
}

TEST_P(SubscribingTest, ForgetsInterestThatIsOver) {
  auto& alice = harness.client_on(0, "alice");
  auto& other = harness.client_on(0, "other");
  auto& bob = harness.client_on(1, "bob");
  for (TestClient* client : {&alice, &other, &bob}) {
    client->connect();
  }
  alice.subscribe("a/#");
  other.subscribe("a/#");
  EXPECT_EQ(alice.unsubscribe("a/#"), "UNSUBACK 00");  // [MQTT-3.10.4-1] [MQTT-3.10.4-4]
  EXPECT_EQ(alice.unsubscribe("a/#"), "UNSUBACK 11");
  EXPECT_EQ(bob.publish("a/b", "1", {.qos = qos1}), "success");
  EXPECT_EQ(alice.read(), "nothing");  // [MQTT-3.10.4-2]
  EXPECT_EQ(other.read(), "PUBLISH a/b 1");
  other.lose();
  EXPECT_EQ(bob.publish("a/b", "2", {.qos = qos1}), "no_matching_subscribers");
  EXPECT_EQ(harness.sum(&Counters::subscriptions), 0);
}

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

}  // namespace
}  // namespace peal::broker::test
