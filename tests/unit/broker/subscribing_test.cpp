// Subscriptions coming and going, and what the other workers know of it. (MQTT 5 §3.8, §3.10)
#include "support/broker_test.hpp"

namespace peal::broker::test {
namespace {

using SubscribingTest = BrokerTest;
PEAL_WITH_WORKERS(SubscribingTest);

TEST_P(SubscribingTest, AnswersOnceEveryWorkerKnows) {  // [MQTT-3.8.4-1]
  auto& alice = harness.client_on(0, "alice");
  alice.connect();
  alice.send_subscribe("a", {.retain_handling = RetainHandling::do_not_send});
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

}  // namespace
}  // namespace peal::broker::test
