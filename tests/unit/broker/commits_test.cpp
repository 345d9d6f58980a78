// What is acknowledged is safe: nothing is said before the journal has it, and after a crash it is
// all there. (MQTT 5 §4.1, §4.3)
#include <algorithm>

#include "support/broker_test.hpp"

namespace peal::broker::test {
namespace {

using namespace std::chrono_literals;

constexpr ConnectSays kept{.clean_start = false, .expiry = 1000};

class CommitsTest : public BrokerTest {
 protected:
  CommitsTest() { harness.keep_on_disk(); }

  /// Everything moves but the disk.
  void settle_without_disk() {
    harness.disk.is_held = true;
    harness.settle();
  }
  void let_disk_go_on() {
    harness.disk.is_held = false;
    harness.settle();
  }
};
PEAL_WITH_WORKERS(CommitsTest);

TEST_P(CommitsTest, AcknowledgesAfterTheCommit) {
  auto& subscriber = harness.client_on(0, "sub");
  auto& publisher = harness.client_on(1, "pub");
  subscriber.connect(kept);
  subscriber.subscribe("a", qos1);
  subscriber.lose();
  publisher.connect();
  publisher.acknowledges = false;
  publisher.send_publish("a", "x", {.qos = qos1});
  settle_without_disk();
  EXPECT_EQ(publisher.read(), "nothing");
  let_disk_go_on();
  EXPECT_EQ(publisher.read(), "PUBACK 1 success");
  harness.crash();
  EXPECT_EQ(subscriber.connect(kept), "CONNACK success session_present");
  EXPECT_EQ(subscriber.read(), "PUBLISH a x qos=1");
  EXPECT_EQ(subscriber.read(), "nothing");
  harness.crash();
  EXPECT_EQ(subscriber.connect(kept), "CONNACK success session_present");
  EXPECT_EQ(subscriber.read(), "nothing");
}

TEST_P(CommitsTest, LosesNothingThatWasAcknowledgedAndOnlyThat) {
  auto& subscriber = harness.client_on(0, "sub");
  auto& publisher = harness.client_on(1, "pub");
  subscriber.connect(kept);
  subscriber.subscribe("a/#", qos2);
  subscriber.lose();
  publisher.connect(kept);
  EXPECT_EQ(publisher.publish("a/1", "one", {.qos = qos1}), "success");
  EXPECT_EQ(publisher.publish("a/2", "two", {.qos = qos2}), "success");
  publisher.send_publish("a/3", "three", {.qos = qos1});
  settle_without_disk();
  harness.disk.is_held = false;
  harness.crash();
  subscriber.connect(kept);
  EXPECT_EQ(subscriber.read(), "PUBLISH a/1 one qos=1");
  EXPECT_EQ(subscriber.read(), "PUBLISH a/2 two qos=2");
  EXPECT_EQ(subscriber.read_all(), Lines{});
}

TEST_P(CommitsTest, KeepsSubscriptionsAndAnswersThemWhenTheyAreSafe) {
  auto& client = harness.client("c");
  client.connect(kept);
  client.send_subscribe("a", {.qos = qos1});
  settle_without_disk();
  EXPECT_EQ(client.read(), "nothing");
  let_disk_go_on();
  EXPECT_EQ(client.read(), "SUBACK 01");
  client.subscribe("$share/g/b", qos1);
  client.subscribe("c", qos1);
  client.unsubscribe("c");
  harness.crash();
  EXPECT_EQ(client.connect(kept), "CONNACK success session_present");
  auto& publisher = harness.client("p");
  publisher.connect();
  for (const auto* topic : {"a", "b", "c"}) {
    publisher.publish(topic, "x", {.qos = qos1});
  }
  Lines all = client.read_all();
  std::ranges::sort(all);
  EXPECT_EQ(all, (Lines{"PUBLISH a x qos=1", "PUBLISH b x qos=1"}));
}

TEST_P(CommitsTest, SaysConnackWhenTheSessionIsSafe) {
  auto& client = harness.client("c");
  client.open();
  client.send_connect(kept);
  settle_without_disk();
  EXPECT_EQ(client.read(), "nothing");
  let_disk_go_on();
  EXPECT_EQ(client.read(), "CONNACK success");
  EXPECT_EQ(client.connect({.clean_start = true, .expiry = 0}), "CONNACK success");
  client.lose();
  harness.crash();
  EXPECT_EQ(client.connect(kept), "CONNACK success");  // the one before ended
}

TEST_P(CommitsTest, KeepsTheIdentifierOfAQos2MessageBeforeItHandsItOn) {  // [MQTT-4.3.3-10]
  auto& subscriber = harness.client_on(0, "sub");
  auto& publisher = harness.client_on(1, "pub");
  subscriber.connect();
  subscriber.subscribe("a", qos2);
  publisher.connect(kept);
  publisher.acknowledges = false;
  const auto id = publisher.send_publish("a", "x", {.qos = qos2});
  settle_without_disk();
  EXPECT_EQ(publisher.read(), "nothing");
  let_disk_go_on();
  EXPECT_EQ(subscriber.read(), "PUBLISH a x qos=2");
  EXPECT_EQ(publisher.read(), "PUBREC 1 success");
  harness.crash();
  subscriber.connect();
  subscriber.subscribe("a", qos2);
  EXPECT_EQ(publisher.connect(kept), "CONNACK success session_present");
  publisher.send_publish("a", "x", {.qos = qos2, .dup = true, .packet_id = id});
  harness.settle();
  EXPECT_EQ(subscriber.read(), "nothing");
}

TEST_P(CommitsTest, HandsOnAQos2MessageWhenItsIdentifierIsStored) {
  auto& publisher = harness.client_on(1, "pub");
  publisher.connect(kept);
  std::vector<TestClient*> subscribers;
  for (const std::string filter : {"a", "$share/g/a"}) {
    for (unsigned i = 0; i < 2; ++i) {
      subscribers.push_back(&harness.client_on(i, filter + std::to_string(i)));
      subscribers.back()->connect();  // keeps nothing
      subscribers.back()->subscribe(filter, qos2);
    }
  }
  publisher.send_publish("a", "x", {.qos = qos2});
  settle_without_disk();
  for (TestClient* subscriber : subscribers) {
    EXPECT_EQ(subscriber->read(), "nothing");
  }
  let_disk_go_on();
  std::size_t count = 0;
  for (TestClient* subscriber : subscribers) {
    count +=
        static_cast<std::size_t>(std::ranges::count(subscriber->read_all(), "PUBLISH a x qos=2"));
  }
  EXPECT_EQ(count, 3U);
}

TEST_P(CommitsTest, GoesOnWithTheSameIdentifierTowardsTheClient) {  // [MQTT-4.4.0-1]
  auto& subscriber = harness.client_on(0, "sub");
  auto& publisher = harness.client_on(1, "pub");
  subscriber.connect(kept);
  subscriber.subscribe("a", qos2);
  subscriber.acknowledges = false;
  publisher.connect();
  publisher.publish("a", "x", {.qos = qos2});
  const auto first = subscriber.take();
  harness.crash();
  subscriber.connect(kept);
  const auto second = subscriber.take();
  EXPECT_EQ(second.publish().packet_id, first.publish().packet_id);
  EXPECT_TRUE(second.publish().dup);
  subscriber.send_ack(PacketType::pubrec, first.publish().packet_id);
  settle_without_disk();
  EXPECT_EQ(subscriber.read(), "nothing");
  let_disk_go_on();
  EXPECT_EQ(subscriber.read(), "PUBREL 1 success");
  harness.crash();
  subscriber.connect(kept);
  EXPECT_EQ(subscriber.read(), "PUBREL 1 success");
}

TEST_P(CommitsTest, KeepsRetainedMessages) {
  auto& client = harness.client("c");
  client.connect();
  client.publish("a", "1", {.qos = qos1, .retain = true});
  client.publish("b", "2", {.qos = qos1, .retain = true});
  client.publish("b", "", {.qos = qos1, .retain = true});
  client.acknowledges = false;
  client.send_publish("c", "3", {.qos = qos1, .retain = true});
  settle_without_disk();
  EXPECT_EQ(client.read(), "nothing");
  harness.disk.is_held = false;
  harness.crash();
  client.connect();
  client.subscribe("#", qos1);
  EXPECT_EQ(client.read_all(), Lines{"PUBLISH a 1 qos=1 retain"});
  // With who published it.
  harness.authorizer.no_publish = {"c a"};
  harness.rights_changed();
  client.subscribe("#", qos1);
  EXPECT_EQ(client.read_all(), Lines{});
}

TEST_P(CommitsTest, SendsAWillOnceAfterACrash) {  // [MQTT-3.1.2-8]
  auto& watcher = harness.client("watcher");
  watcher.connect(kept);
  watcher.subscribe("will", qos1);
  auto& client = harness.client("c");
  ConnectSays says = kept;
  says.will = WillSays{.topic = "will", .payload = "gone", .qos = qos1, .delay = 10};
  client.connect(says);
  harness.pass(5s);
  harness.crash();  // its connection ended with the server
  watcher.connect(kept);
  EXPECT_EQ(watcher.read(), "nothing");
  harness.pass(11s);
  EXPECT_EQ(watcher.read(), "PUBLISH will gone qos=1");
  harness.crash();
  watcher.connect(kept);
  harness.pass(20s);
  EXPECT_EQ(watcher.read(), "nothing");
}

TEST_P(CommitsTest, EndsSessionsInTimeAfterACrash) {
  auto& client = harness.client("c");
  client.connect({.clean_start = false, .expiry = 100});
  client.lose();
  harness.pass(60s);
  harness.crash();
  harness.pass(50s);
  EXPECT_EQ(client.connect(kept), "CONNACK success");
}

TEST_P(CommitsTest, LeavesLongQueuesToTheDisk) {
  harness.settings.queue.memory_bytes = 1000;
  auto& subscriber = harness.client_on(0, "sub");
  auto& publisher = harness.client_on(1, "pub");
  for (const QoS qos : {qos1, qos2}) {
    subscriber.connect(kept);
    subscriber.subscribe("a/#", qos2);
    subscriber.lose();
    publisher.connect();
    for (int i = 0; i < 500; ++i) {
      publisher.publish("a/" + std::to_string(i), "x", {.qos = qos});
    }
    EXPECT_EQ(harness.sum(&Counters::queued_messages), 500);
    harness.crash();
    EXPECT_EQ(harness.sum(&Counters::queued_messages), 500);
    EXPECT_EQ(subscriber.connect(kept), "CONNACK success session_present");
    for (int i = 0; i < 500; ++i) {
      ASSERT_GT(subscriber.waiting(), 0) << i;
      ASSERT_EQ(subscriber.take().publish().topic.text(), "a/" + std::to_string(i));
    }
    EXPECT_EQ(harness.sum(&Counters::queued_messages), 0);
    EXPECT_TRUE(harness.disk.state.messages.empty());
    subscriber.lose();
  }
}

/// Publishes on one worker, lets it answer before any mail arrives anywhere, and crashes.
class TransitTest : public CommitsTest {
 protected:
  void crash_on_the_way(const std::string& topic, PublishSays how) {
    publisher.connect(kept);
    publisher.acknowledges = false;
    publisher.send_publish(topic, "x", how);
    harness.turn();
    harness.disk.commit_all();
    harness.turn();
    EXPECT_TRUE(publisher.read().starts_with(how.qos == qos2 ? "PUBREC" : "PUBACK"));
    harness.crash();
    harness.settle();
  }
  TestClient& publisher = harness.client_on(1, "pub");
};
PEAL_WITH_WORKERS(TransitTest);

TEST_P(TransitTest, ReachesItsSubscribersOnceAfterACrash) {
  for (const QoS qos : {qos1, qos2}) {
    const std::string topic = qos == qos1 ? "a" : "b";
    auto& subscriber = harness.client_on(0, topic);
    subscriber.connect(kept);
    subscriber.subscribe(topic, qos);
    subscriber.lose();
    crash_on_the_way(topic, {.qos = qos});
    harness.crash();  // what was on its way is so no more
    subscriber.connect(kept);
    EXPECT_EQ(subscriber.read_all().size(), 1U);
    harness.settle();
    publisher.connect({.clean_start = true});
    publisher.lose();
  }
  EXPECT_TRUE(harness.disk.state.transits.empty());
  EXPECT_EQ(harness.disk.state.messages.size(), 0U);
}

TEST_P(TransitTest, IsRetainedAfterACrash) {
  for (const auto* topic : {"a", "b", "c", "d", "e"}) {
    crash_on_the_way(topic, {.qos = qos1, .retain = true});
    publisher.connect({.clean_start = true});
    publisher.lose();
  }
  auto& reader = harness.client("reader");
  reader.connect();
  reader.subscribe("#", qos1);
  EXPECT_EQ(reader.read_all().size(), 5U);
  EXPECT_TRUE(harness.disk.state.transits.empty());
  for (const auto& [key, retained] : harness.disk.state.retained) {
    ASSERT_TRUE(retained.publisher) << key.second;
    EXPECT_FALSE(retained.publisher->identity().client_id.empty());
  }
}

TEST_P(TransitTest, ReachesOneMemberOfASharedSubscriptionAfterACrash) {
  std::vector<TestClient*> members;
  for (unsigned i = 0; i < 3; ++i) {
    members.push_back(&harness.client_on(i, "member"));
    members.back()->connect(kept);
    members.back()->subscribe("$share/g/a", qos2);
    members.back()->lose();
  }
  crash_on_the_way("a", {.qos = qos2});
  harness.crash();
  std::size_t count = 0;
  for (TestClient* member : members) {
    member->connect(kept);
    count += member->read_all().size();
  }
  EXPECT_EQ(count, 1U);
  EXPECT_TRUE(harness.disk.state.transits.empty());
}

TEST_P(TransitTest, IsNotWrittenDownForWhoKeepsNothing) {
  auto& subscriber = harness.client_on(0, "sub");
  subscriber.connect();
  subscriber.subscribe("a", qos1);
  publisher.connect();
  publisher.acknowledges = false;
  harness.settle();
  const auto before = harness.journal(harness.home(publisher.id())).written();
  publisher.send_publish("a", "x", {.qos = qos1});
  harness.turn();
  EXPECT_EQ(harness.journal(harness.home(publisher.id())).written(), before);
}

TEST_P(CommitsTest, WaitsForTheMemberOfASharedSubscription) {
  auto& publisher = harness.client_on(2, "pub");
  std::vector<TestClient*> members;
  for (unsigned i = 0; i < 3; ++i) {
    members.push_back(&harness.client_on(i, "member"));
    members.back()->connect(kept);
    members.back()->subscribe("$share/g/a", qos1);
    members.back()->lose();
  }
  publisher.connect();
  publisher.acknowledges = false;
  publisher.send_publish("a", "x", {.qos = qos1});
  settle_without_disk();
  EXPECT_EQ(publisher.read(), "nothing");
  let_disk_go_on();
  EXPECT_EQ(publisher.read(), "PUBACK 1 success");
  harness.crash();
  std::size_t count = 0;
  for (TestClient* member : members) {
    member->connect(kept);
    count += member->read_all().size();
  }
  EXPECT_EQ(count, 1);
}

TEST_P(CommitsTest, TakesNothingThatItCannotKeep) {
  auto& publisher = harness.client("pub");
  auto& old = harness.client("old", ProtocolVersion::v3_1_1);
  auto& subscriber = harness.client("sub");
  publisher.connect();
  old.connect();
  subscriber.connect();
  subscriber.subscribe("a");
  harness.disk.has_failed = true;
  EXPECT_EQ(publisher.publish("a", "x", {.qos = qos1}), "quota_exceeded");
  EXPECT_EQ(publisher.publish("a", "qos 0 flows"), "sent");
  EXPECT_EQ(subscriber.read(), "PUBLISH a qos 0 flows");
  old.send_publish("a", "x", {.qos = qos1});
  harness.settle();
  EXPECT_TRUE(old.connection().is_closed);
  auto& late = harness.client("late");
  EXPECT_EQ(late.connect(kept), "CONNACK server_unavailable");
}

TEST_P(CommitsTest, ReadsNoMoreFromWhoHasVeryManyWaiting) {
  auto& publisher = harness.client("pub", ProtocolVersion::v3_1_1);
  auto& subscriber = harness.client("sub");
  subscriber.connect(kept);
  subscriber.subscribe("a", qos1);
  subscriber.lose();
  publisher.connect();
  publisher.acknowledges = false;
  harness.disk.is_held = true;
  for (int i = 0; i < 1024; ++i) {
    publisher.send_publish("a", "x", {.qos = qos1});
  }
  harness.settle();
  EXPECT_TRUE(publisher.connection().is_paused);
  let_disk_go_on();
  EXPECT_FALSE(publisher.connection().is_paused);
  EXPECT_EQ(publisher.read_all().size(), 1024);
}

}  // namespace
}  // namespace peal::broker::test
