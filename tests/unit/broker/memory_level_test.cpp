// What the broker does when memory gets short, and that it stops doing so.
#include "peal/broker/memory_level.hpp"

#include "support/broker_test.hpp"

namespace peal::broker::test {
namespace {

using namespace std::chrono_literals;

class MemoryLevelTest : public BrokerTest {
 protected:
  void set_memory(MemoryLevel level) {
    for (unsigned i = 0; i < harness.worker_count(); ++i) {
      harness.worker(i).set_memory(level);
    }
  }
  void hear_some() {
    for (unsigned i = 0; i < harness.worker_count(); ++i) {
      harness.worker(i).hear_some();
    }
  }
  /// What it had said meanwhile is read, if it is read at all.
  void go_on(TestClient& client) {
    client.send_bytes({});
    harness.settle();
  }
};
PEAL_WITH_WORKERS(MemoryLevelTest);

TEST_P(MemoryLevelTest, NobodyGetsANewSessionWhileItIsTight) {
  auto& alice = harness.client("alice");
  auto& bob = harness.client("bob");
  auto& carol = harness.client("carol", ProtocolVersion::v3_1_1);
  alice.connect({.expiry = 60});
  alice.lose();
  set_memory(MemoryLevel::tight);
  EXPECT_EQ(bob.connect(), "CONNACK server_busy");
  EXPECT_EQ(carol.connect(), "CONNACK server_unavailable");
  EXPECT_EQ(harness.sum(&Counters::refused_sessions_memory), 2);
  EXPECT_EQ(alice.connect({.clean_start = false, .expiry = 60}), "CONNACK success session_present");
  EXPECT_EQ(alice.connect({.clean_start = true}), "CONNACK success");  // in place of the other
  set_memory(MemoryLevel::enough);
  EXPECT_EQ(bob.connect(), "CONNACK success");
  EXPECT_EQ(harness.totals.sessions, 2U);
}

TEST_P(MemoryLevelTest, QueuesAreHalvedWhileItIsTight) {
  harness.settings.queue.messages = 4;
  auto& alice = harness.client("alice");
  auto& bob = harness.client("bob");
  alice.connect({.expiry = 60});
  alice.subscribe("a", qos1);
  bob.connect();
  alice.lose();
  for (const char* payload : {"1", "2", "3", "4"}) {
    bob.publish("a", payload, {.qos = qos1});
  }
  set_memory(MemoryLevel::tight);
  EXPECT_EQ(bob.publish("a", "5", {.qos = qos1}), "success");
  EXPECT_EQ(harness.sum(&Counters::dropped_queue_full), 3);
  alice.connect({.clean_start = false});
  EXPECT_EQ(alice.read_all(), (Lines{"PUBLISH a 4 qos=1", "PUBLISH a 5 qos=1"}));
}

TEST_P(MemoryLevelTest, AQueueOfOneIsNotHalved) {
  harness.settings.queue.messages = 1;
  auto& alice = harness.client("alice");
  auto& bob = harness.client("bob");
  alice.connect({.expiry = 60});
  alice.subscribe("a", qos1);
  bob.connect();
  alice.lose();
  set_memory(MemoryLevel::tight);
  bob.publish("a", "1", {.qos = qos1});
  bob.publish("a", "2", {.qos = qos1});
  alice.connect({.clean_start = false});
  EXPECT_EQ(alice.read_all(), Lines{"PUBLISH a 2 qos=1"});
}

TEST_P(MemoryLevelTest, PublishersWaitWhileItIsExhausted) {
  auto& alice = harness.client("alice");
  auto& bob = harness.client("bob");
  alice.connect();
  alice.subscribe("a", qos2);
  bob.connect();
  set_memory(MemoryLevel::exhausted);
  bob.send_publish("a", "1", {.qos = qos1});
  bob.send_publish("a", "2", {.qos = qos2});
  harness.settle();
  EXPECT_EQ(bob.read(), "nothing");
  EXPECT_EQ(alice.read(), "nothing");
  EXPECT_TRUE(bob.connection().is_paused);
  EXPECT_EQ(harness.sum(&Counters::waited_memory), 1);
  set_memory(MemoryLevel::tight);
  EXPECT_FALSE(bob.connection().is_paused);
  go_on(bob);
  EXPECT_EQ(alice.read_all(), (Lines{"PUBLISH a 1 qos=1", "PUBLISH a 2 qos=2"}));
}

TEST_P(MemoryLevelTest, DropsQos0WhileItIsExhausted) {
  auto& alice = harness.client("alice");
  auto& bob = harness.client("bob");
  alice.connect();
  alice.subscribe("a");
  bob.connect();
  set_memory(MemoryLevel::exhausted);
  bob.publish("a", "1");
  EXPECT_EQ(harness.sum(&Counters::dropped_memory), 1);
  EXPECT_EQ(alice.read(), "nothing");
  EXPECT_EQ(alice.subscribe("b"), "SUBACK 00");  // whoever publishes nothing is served
  set_memory(MemoryLevel::enough);
  bob.publish("a", "2");
  EXPECT_EQ(alice.read(), "PUBLISH a 2");
}

TEST_P(MemoryLevelTest, WhoWaitsIsNotTakenForDead) {
  auto& bob = harness.client("bob");
  bob.connect({.keep_alive = 10});
  set_memory(MemoryLevel::exhausted);
  bob.send_publish("a", "1", {.qos = qos1});
  harness.pass(60s);
  EXPECT_TRUE(bob.is_open());
  set_memory(MemoryLevel::enough);
  go_on(bob);
  EXPECT_TRUE(bob.is_open());
  harness.pass(60s);
  EXPECT_FALSE(bob.is_open());
}

/// Acknowledgements give memory back, and may stand behind a message that waits.
TEST_P(MemoryLevelTest, WhoOwesAcknowledgementsIsHeardNowAndThen) {
  auto& alice = harness.client("alice");
  auto& bob = harness.client("bob");
  alice.connect();
  alice.subscribe("a", qos1);
  alice.acknowledges = false;
  bob.connect();
  EXPECT_EQ(bob.publish("a", "for alice", {.qos = qos1}), "success");
  const PacketId owed = alice.take().publish().packet_id;
  set_memory(MemoryLevel::exhausted);
  bob.send_publish("b", "1", {.qos = qos1});
  alice.send_publish("b", "2", {.qos = qos1});
  alice.send_ack(PacketType::puback, owed);
  harness.settle();
  EXPECT_EQ(harness.sum(&Counters::queued_messages), 1);
  hear_some();
  go_on(alice);
  go_on(bob);
  EXPECT_EQ(harness.sum(&Counters::queued_messages), 0);  // her PUBACK was read
  EXPECT_FALSE(alice.connection().is_paused);
  EXPECT_TRUE(bob.connection().is_paused);  // he owes nothing
  alice.send_publish("b", "3", {.qos = qos1});
  harness.settle();
  EXPECT_TRUE(alice.connection().is_paused);
}

TEST_P(MemoryLevelTest, WhoWaitsMayGo) {
  auto& bob = harness.client("bob");
  bob.connect();
  set_memory(MemoryLevel::exhausted);
  bob.send_publish("a", "1", {.qos = qos1});
  bob.lose();
  set_memory(MemoryLevel::enough);
  EXPECT_EQ(bob.connect(), "CONNACK success");
}

}  // namespace
}  // namespace peal::broker::test
