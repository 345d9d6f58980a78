// Shared subscriptions: who gets a message, and what becomes of it when that one cannot take it.
// (MQTT 5 §4.8.2)
#include <algorithm>
#include <map>

#include "support/broker_test.hpp"

namespace peal::broker::test {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view share = "$share/g/jobs/+";

class SharedRoutingTest : public BrokerTest {
 protected:
  /// A member on worker `at` that subscribed to `share`.
  TestClient& member(unsigned at, const std::string& name, QoS qos, std::uint32_t expiry = 0) {
    TestClient& client = harness.client_on(at, name);
    EXPECT_EQ(client.connect({.expiry = expiry}), "CONNACK success");
    EXPECT_EQ(client.subscribe(share, qos).substr(0, 6), "SUBACK");
    return client;
  }
  TestClient& publisher() {
    TestClient& client = harness.client("publisher");
    client.connect();
    return client;
  }
};
PEAL_WITH_WORKERS(SharedRoutingTest);

TEST_P(SharedRoutingTest, GivesEachMessageToOneMember) {
  auto& a = member(0, "a", qos1);
  auto& b = member(1, "b", qos1);
  auto& c = member(2, "c", qos1);
  auto& from = publisher();
  for (int i = 0; i < 30; ++i) {
    EXPECT_EQ(from.publish("jobs/x", std::to_string(i), {.qos = qos1}), "success");
  }
  EXPECT_EQ(a.waiting() + b.waiting() + c.waiting(), 30);
  EXPECT_EQ(a.waiting(), 10);
  EXPECT_EQ(b.waiting(), 10);
}

TEST_P(SharedRoutingTest, TakesTurnsWithRoundRobin) {
  harness.settings.shared_choice = SharedChoice::round_robin;
  auto& a = member(0, "a", qos1);
  auto& b = member(1, "b", qos1);
  a.acknowledges = false;
  auto& from = publisher();
  for (int i = 0; i < 10; ++i) {
    from.publish("jobs/x", "x", {.qos = qos1});
  }
  EXPECT_EQ(a.waiting(), 5);
  EXPECT_EQ(b.waiting(), 5);
}

TEST_P(SharedRoutingTest, PrefersWhoHasLessToDo) {
  auto& a = member(0, "a", qos1);
  auto& b = member(1, "b", qos1);
  a.acknowledges = false;
  auto& from = publisher();
  for (int i = 0; i < 10; ++i) {
    from.publish("jobs/x", "x", {.qos = qos1});
  }
  EXPECT_EQ(a.waiting(), 1);
  EXPECT_EQ(b.waiting(), 9);
}

TEST_P(SharedRoutingTest, KeepsGroupsApart) {
  auto& a = member(0, "a", qos0);
  auto& b = harness.client_on(1, "b");
  auto& c = harness.client_on(2, "c");
  b.connect();
  b.subscribe("$share/other/jobs/+");
  c.connect();
  c.subscribe("jobs/+");
  publisher().publish("jobs/x", "1");
  EXPECT_EQ(a.read(), "PUBLISH jobs/x 1");
  EXPECT_EQ(b.read(), "PUBLISH jobs/x 1");
  EXPECT_EQ(c.read(), "PUBLISH jobs/x 1");
}

TEST_P(SharedRoutingTest, SendsAtTheMembersQos) {  // [MQTT-4.8.2-3]
  auto& a = member(0, "a", qos1);
  auto& from = publisher();
  from.publish("jobs/x", "2", {.qos = qos2});
  from.publish("jobs/x", "0");
  EXPECT_EQ(a.read_all(), (Lines{"PUBLISH jobs/x 2 qos=1", "PUBLISH jobs/x 0"}));
}

TEST_P(SharedRoutingTest, CarriesTheMembersIdentifierAndRetainAsPublished) {
  auto& a = harness.client_on(1, "a");
  a.connect();
  a.subscribe(share, {.qos = qos1, .retain_as_published = true}, 7);
  publisher().publish("jobs/x", "1", {.qos = qos1, .retain = true});
  EXPECT_EQ(a.read(), "PUBLISH jobs/x 1 qos=1 retain [Subscription Identifier=7]");
}

TEST_P(SharedRoutingTest, SendsNoRetainedMessages) {
  publisher().publish("jobs/x", "kept", {.retain = true});
  EXPECT_EQ(member(1, "a", qos1).read(), "nothing");
}

TEST_P(SharedRoutingTest, StopsAfterUnsubscribe) {
  auto& a = member(0, "a", qos1);
  auto& b = member(1, "b", qos1);
  EXPECT_EQ(a.unsubscribe(share), "UNSUBACK 00");
  EXPECT_EQ(a.unsubscribe(share), "UNSUBACK 11");
  auto& from = publisher();
  for (int i = 0; i < 4; ++i) {
    from.publish("jobs/x", "x", {.qos = qos1});
  }
  EXPECT_EQ(a.read(), "nothing");
  EXPECT_EQ(b.waiting(), 4);
  b.unsubscribe(share);
  b.read_all();
  EXPECT_EQ(from.publish("jobs/x", "x", {.qos = qos1}), "no_matching_subscribers");
  EXPECT_EQ(harness.sum(&Counters::subscriptions), 0);
}

TEST_P(SharedRoutingTest, GivesUnacknowledgedQos1ToAnotherMember) {
  for (const std::uint32_t expiry : {0U, 600U}) {
    BrokerHarness& world = harness;
    auto& a = member(0, "a" + std::to_string(expiry), qos1, expiry);
    auto& b = member(1, "b" + std::to_string(expiry), qos1);
    a.acknowledges = false;
    b.acknowledges = false;
    auto& from = publisher();
    for (int i = 0; i < 6; ++i) {
      from.publish("jobs/x", std::to_string(i), {.qos = qos1});
    }
    EXPECT_EQ(a.waiting(), 3);
    a.lose();
    auto got = b.read_all();
    std::ranges::sort(got);
    EXPECT_EQ(got.size(), 6);
    EXPECT_EQ(got.front(), "PUBLISH jobs/x 0 qos=1");
    EXPECT_EQ(got.back(), "PUBLISH jobs/x 5 qos=1");
    b.lose();
    a.connect();
    a.disconnect();
    EXPECT_EQ(world.sum(&Counters::queued_messages), 0);
  }
}

TEST_P(SharedRoutingTest, KeepsMessagesForAMemberAloneThatIsAway) {
  auto& a = member(1, "a", qos1, 600);
  a.acknowledges = false;
  auto& from = publisher();
  from.publish("jobs/x", "1", {.qos = qos1});
  EXPECT_EQ(a.read(), "PUBLISH jobs/x 1 qos=1");
  a.lose();
  from.publish("jobs/x", "2", {.qos = qos1});
  from.publish("jobs/x", "lost", {});
  a.connect({.clean_start = false, .expiry = 600});
  EXPECT_EQ(a.read_all(), (Lines{"PUBLISH jobs/x 1 qos=1", "PUBLISH jobs/x 2 qos=1"}));
}

TEST_P(SharedRoutingTest, PrefersMembersThatAreThere) {
  auto& a = member(0, "a", qos1, 600);
  auto& b = member(1, "b", qos1, 600);
  a.lose();
  auto& from = publisher();
  for (int i = 0; i < 4; ++i) {
    from.publish("jobs/x", "x", {.qos = qos1});
  }
  EXPECT_EQ(b.waiting(), 4);
  a.connect({.clean_start = false, .expiry = 600});
  EXPECT_EQ(a.read(), "nothing");
}

TEST_P(SharedRoutingTest, FinishesQos2WithWhoBeganIt) {  // [MQTT-4.8.2-4]
  auto& a = member(0, "a", qos2, 600);
  a.acknowledges = false;
  auto& from = publisher();
  from.publish("jobs/x", "1", {.qos = qos2});
  EXPECT_EQ(a.read(), "PUBLISH jobs/x 1 qos=2");
  auto& b = member(1, "b", qos2);
  a.lose();
  EXPECT_EQ(b.read(), "nothing");
  a.acknowledges = true;
  a.connect({.clean_start = false, .expiry = 600});
  EXPECT_EQ(a.read(), "PUBLISH jobs/x 1 qos=2 dup");
  EXPECT_EQ(harness.sum(&Counters::queued_messages), 0);
}

TEST_P(SharedRoutingTest, LetsQos2GoWithItsSession) {  // [MQTT-4.8.2-5]
  auto& a = member(0, "a", qos2, 600);
  a.acknowledges = false;
  publisher().publish("jobs/x", "1", {.qos = qos2});
  auto& b = member(1, "b", qos2);
  a.lose();
  harness.pass(601s);
  EXPECT_EQ(b.read(), "nothing");
  EXPECT_EQ(harness.sum(&Counters::queued_messages), 0);
}

TEST_P(SharedRoutingTest, DropsWhatAMemberRefuses) {  // [MQTT-4.8.2-6]
  auto& a = member(0, "a", qos2);
  a.acknowledges = false;
  publisher().publish("jobs/x", "1", {.qos = qos2});
  auto& b = member(1, "b", qos2);
  a.send_ack(PacketType::pubrec, a.take().publish().packet_id, ReasonCode::unspecified_error);
  harness.settle();
  EXPECT_EQ(b.read(), "nothing");
  EXPECT_EQ(harness.sum(&Counters::queued_messages), 0);
}

TEST_P(SharedRoutingTest, GivesWhatWaitsOfASessionThatEndsToOthers) {
  auto& a = member(0, "a", qos1, 60);
  a.lose();
  auto& from = publisher();
  for (int i = 0; i < 4; ++i) {
    from.publish("jobs/x", std::to_string(i), {.qos = qos1});
  }
  auto& b = member(1, "b", qos1);
  EXPECT_EQ(b.read(), "nothing");
  harness.pass(61s);
  EXPECT_EQ(b.read_all(), (Lines{"PUBLISH jobs/x 0 qos=1", "PUBLISH jobs/x 1 qos=1",
                                 "PUBLISH jobs/x 2 qos=1", "PUBLISH jobs/x 3 qos=1"}));
}

TEST_P(SharedRoutingTest, PassesOverAMemberThatMayNotReceive) {
  auto& a = member(0, "a", qos1);
  auto& b = member(1, "b", qos1);
  harness.authorizer.no_receive.insert(a.id() + " jobs/x");
  harness.rights_changed();
  auto& from = publisher();
  for (int i = 0; i < 6; ++i) {
    from.publish("jobs/x", "x", {.qos = qos1});
  }
  EXPECT_EQ(a.read(), "nothing");
  EXPECT_EQ(b.waiting(), 6);
}

TEST_P(SharedRoutingTest, PassesOverAMemberThatIsFull) {
  harness.settings.queue.messages = 2;
  harness.settings.queue.on_full = OnFull::drop_newest;
  harness.settings.session.inflight = 2;
  harness.settings.shared_choice = SharedChoice::round_robin;
  auto& a = member(0, "a", qos1);
  auto& b = member(1, "b", qos1);
  a.acknowledges = false;
  auto& from = publisher();
  for (int i = 0; i < 20; ++i) {
    from.publish("jobs/x", "x", {.qos = qos1});
  }
  EXPECT_EQ(a.waiting(), 2);
  EXPECT_EQ(b.waiting(), 16);
}

// The message is on its way to a member while its connection breaks.
TEST_P(SharedRoutingTest, TakesAMessageBackFromAMemberThatWentMeanwhile) {
  if (GetParam() == 1) {
    GTEST_SKIP();
  }
  const unsigned owner = harness.owner(share);
  auto& a = member(owner + 1, "a", qos1, 600);
  auto& b = harness.client_on(owner, "b");
  b.connect();
  b.subscribe(share, qos1);
  auto& from = harness.client_on(owner, "from");
  from.connect();
  harness.settings.shared_choice = SharedChoice::round_robin;
  for (int i = 0; i < 4; ++i) {
    from.send_publish("jobs/x", std::to_string(i), {.qos = qos1});
  }
  a.lose();
  auto got = b.read_all();
  std::ranges::sort(got);
  EXPECT_EQ(got, (Lines{"PUBLISH jobs/x 0 qos=1", "PUBLISH jobs/x 1 qos=1",
                        "PUBLISH jobs/x 2 qos=1", "PUBLISH jobs/x 3 qos=1"}));
  EXPECT_EQ(harness.sum(&Counters::queued_messages), 0);
}

TEST_P(SharedRoutingTest, FinishesWhatItBeganBeforeUnsubscribe) {  // [MQTT-3.10.4-3]
  auto& a = member(1, "a", qos1, 600);
  a.acknowledges = false;
  publisher().publish("jobs/x", "1", {.qos = qos1});
  EXPECT_EQ(a.read(), "PUBLISH jobs/x 1 qos=1");
  a.unsubscribe(share);
  a.lose();
  EXPECT_EQ(a.connect({.clean_start = false, .expiry = 600}), "CONNACK success session_present");
  EXPECT_EQ(a.read(), "PUBLISH jobs/x 1 qos=1 dup");
  a.subscribe("$share/g/other", qos1);  // its group sees it go; the first one is no more
  a.lose();
  a.acknowledges = true;
  a.connect({.clean_start = false, .expiry = 600});
  EXPECT_EQ(a.read(), "PUBLISH jobs/x 1 qos=1");
  EXPECT_EQ(harness.sum(&Counters::queued_messages), 0);
}

TEST_P(SharedRoutingTest, ForgetsMessagesThatExpiredInItsCounts) {
  harness.settings.queue.messages = 4;
  auto& a = member(0, "a", qos1, 600);
  a.lose();
  auto& from = publisher();
  OwnProperties soon;
  soon.number(PropertyId::message_expiry_interval, 1);
  for (int i = 0; i < 4; ++i) {
    from.publish("jobs/x", "x", {.qos = qos1, .properties = soon});
  }
  harness.pass(2s);
  from.publish("jobs/x", "kept", {.qos = qos1});
  EXPECT_EQ(harness.sum(&Counters::dropped_expired), 4);
  a.connect({.clean_start = false, .expiry = 600});
  EXPECT_EQ(a.read_all(), Lines{"PUBLISH jobs/x kept qos=1"});
  auto& b = member(1, "b", qos1);
  a.acknowledges = b.acknowledges = false;
  for (int i = 0; i < 4; ++i) {
    from.publish("jobs/x", "x", {.qos = qos1});
  }
  EXPECT_EQ(a.waiting(), 2);  // it has no more in flight than the other
}

}  // namespace
}  // namespace peal::broker::test
