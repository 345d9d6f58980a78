// Clean Start, Session Expiry, takeover and wills. (MQTT 5 §3.1.2.4, §3.1.2.5, §3.1.2.11.2, §3.1.4)
#include "support/broker_test.hpp"

namespace peal::broker::test {
namespace {

using namespace std::chrono_literals;

using SessionKeeperTest = BrokerTest;
PEAL_WITH_WORKERS(SessionKeeperTest);

TEST_P(SessionKeeperTest, ResumesASessionThatDidNotExpire) {  // [MQTT-3.1.2-5] [MQTT-3.2.2-3]
  auto& alice = harness.client("alice");
  EXPECT_EQ(alice.connect({.clean_start = false, .expiry = 60}), "CONNACK success");
  EXPECT_EQ(alice.subscribe("a", qos1), "SUBACK 01");
  alice.lose();
  auto& bob = harness.client("bob");
  bob.connect();
  bob.publish("a", "while away", {.qos = qos1});
  harness.pass(59s);
  EXPECT_EQ(alice.connect({.clean_start = false, .expiry = 60}), "CONNACK success session_present");
  EXPECT_EQ(alice.read(), "PUBLISH a while away qos=1");
}

TEST_P(SessionKeeperTest, EndsASessionWhoseTimeIsOver) {  // [MQTT-4.1.0-2]
  auto& alice = harness.client("alice");
  alice.connect({.expiry = 60});
  alice.subscribe("a", qos1);
  alice.lose();
  EXPECT_EQ(harness.sum(&Counters::sessions), 1);
  harness.pass(60s);
  EXPECT_EQ(harness.sum(&Counters::sessions), 0);
  EXPECT_EQ(harness.sum(&Counters::subscriptions), 0);
  EXPECT_EQ(alice.connect({.clean_start = false}), "CONNACK success");
}

TEST_P(SessionKeeperTest, EndsASessionWhoseTimerIsLate) {
  auto& alice = harness.client("alice");
  alice.connect({.expiry = 10});
  alice.lose();
  harness.clock.time += 11s;  // a busy worker reads what came before it looks at its timers
  EXPECT_EQ(alice.connect({.clean_start = false, .expiry = 10}), "CONNACK success");
  EXPECT_EQ(harness.sum(&Counters::sessions), 1);
}

TEST_P(SessionKeeperTest, EndsASessionWithItsConnectionWithoutExpiry) {  // [MQTT-4.1.0-1]
  auto& alice = harness.client("alice");
  alice.connect();
  alice.subscribe("a");
  alice.lose();
  EXPECT_EQ(harness.sum(&Counters::sessions), 0);
  EXPECT_EQ(alice.connect({.clean_start = false}), "CONNACK success");
}

TEST_P(SessionKeeperTest, DiscardsASessionOnCleanStart) {  // [MQTT-3.1.2-4] [MQTT-3.2.2-2]
  auto& alice = harness.client("alice");
  alice.connect({.expiry = 60});
  alice.subscribe("a", qos1);
  alice.lose();
  auto& bob = harness.client("bob");
  bob.connect();
  bob.publish("a", "1", {.qos = qos1});
  EXPECT_EQ(alice.connect({.clean_start = true}), "CONNACK success");
  bob.publish("a", "2", {.qos = qos1});
  EXPECT_EQ(alice.read(), "nothing");
  EXPECT_EQ(harness.sum(&Counters::queued_messages), 0);
}

TEST_P(SessionKeeperTest, KeepsAV3SessionWithoutCleanSession) {  // [MQTT3-3.1.2-4]
  auto& alice = harness.client("alice", ProtocolVersion::v3_1_1);
  alice.connect({.clean_start = false});
  alice.subscribe("a", qos1);
  alice.disconnect();
  harness.pass(24h);
  EXPECT_EQ(alice.connect({.clean_start = false}), "CONNACK success session_present");
  alice.disconnect();
  EXPECT_EQ(alice.connect({.clean_start = true}), "CONNACK success");  // [MQTT3-3.1.2-6]
  alice.disconnect();
  EXPECT_EQ(alice.connect({.clean_start = false}), "CONNACK success");
}

TEST_P(SessionKeeperTest, CapsTheExpiryAtWhatTheOperatorAllows) {
  harness.settings.session.max_expiry = 30s;
  auto& alice = harness.client("alice");
  alice.open();
  alice.send_connect({.expiry = 60});
  const auto packet = alice.take();
  EXPECT_EQ(packet.connack().properties.number(PropertyId::session_expiry_interval), 30U);
  alice.lose();
  harness.pass(30s);
  EXPECT_EQ(harness.sum(&Counters::sessions), 0);
}

TEST_P(SessionKeeperTest, ChangesTheExpiryWithDisconnect) {
  auto& alice = harness.client("alice");
  alice.connect({.expiry = 60});
  OwnProperties properties;
  properties.number(PropertyId::session_expiry_interval, 10);
  alice.disconnect(ReasonCode::success, properties);
  harness.pass(10s);
  EXPECT_EQ(harness.sum(&Counters::sessions), 0);
}

TEST_P(SessionKeeperTest, RefusesToRaiseTheExpiryFromZero) {  // [MQTT-3.14.2-2]
  auto& alice = harness.client("alice");
  alice.connect();
  OwnProperties properties;
  properties.number(PropertyId::session_expiry_interval, 10);
  alice.disconnect(ReasonCode::success, properties);
  EXPECT_EQ(alice.read(), "DISCONNECT protocol_error");
  EXPECT_EQ(harness.sum(&Counters::sessions), 0);
}

// [MQTT-3.1.4-3]: DISCONNECT to the old one, then its will, then CONNACK for the new one.
TEST_P(SessionKeeperTest, TakesASessionOver) {
  auto& old = harness.client("alice");
  auto& again = harness.client("alice");
  old.connect({.expiry = 60, .will = WillSays{.topic = "gone", .payload = "will"}});
  old.subscribe("gone", qos1);
  EXPECT_EQ(again.connect({.clean_start = false, .expiry = 60}), "CONNACK success session_present");
  EXPECT_EQ(old.read(), "DISCONNECT session_taken_over");
  EXPECT_EQ(old.read(), "closed");
  EXPECT_EQ(harness.sum(&Counters::takeovers), 1);
  EXPECT_EQ(harness.sum(&Counters::connections), 1);
  EXPECT_EQ(again.publish("gone", "still subscribed"), "sent");
  EXPECT_EQ(again.read(), "PUBLISH gone still subscribed");
}

TEST_P(SessionKeeperTest, SendsTheWillOfATakenOverConnectionBeforeTheNewConnack) {
  auto& watcher = harness.client("watcher");
  watcher.connect();
  watcher.subscribe("gone");
  auto& old = harness.client("alice");
  auto& again = harness.client("alice");
  old.connect({.will = WillSays{.topic = "gone", .payload = "alice"}});
  again.open();
  again.send_connect({});
  EXPECT_EQ(old.read(), "DISCONNECT session_taken_over");
  EXPECT_EQ(again.read(), "CONNACK success");
  harness.settle();
  EXPECT_EQ(watcher.read(), "PUBLISH gone alice");
  EXPECT_EQ(watcher.read(), "nothing");
}

TEST_P(SessionKeeperTest, LetsWhoIsThereStayWhenTwoFight) {
  harness.settings.fights = {.times = 5, .within = 30s, .pause = 10s};
  TestClient* there = &harness.client("alice");
  there->connect();
  for (int i = 0; i < 5; ++i) {
    auto& next = harness.client("alice");
    EXPECT_EQ(next.connect(), "CONNACK success");
    EXPECT_EQ(there->read(), "DISCONNECT session_taken_over");
    there = &next;
  }
  EXPECT_EQ(harness.client("alice").connect(), "CONNACK server_busy");
  EXPECT_EQ(harness.client("alice").connect(), "CONNACK server_busy");
  EXPECT_EQ(there->read(), "nothing");
  EXPECT_EQ(harness.sum(&Counters::refused_fights), 2);
  EXPECT_TRUE(std::ranges::any_of(harness.log.lines, [](const std::string& line) {
    return line.starts_with("two clients fight") && line.contains("alice");
  }));
  EXPECT_EQ(harness.client("bob").connect(), "CONNACK success");
  harness.pass(10s);
  EXPECT_EQ(harness.client("alice").connect(), "CONNACK success");
}

TEST_P(SessionKeeperTest, TakesAV3SessionOverWithoutAWord) {  // [MQTT3-3.1.4-2]
  auto& old = harness.client("alice", ProtocolVersion::v3_1_1);
  auto& again = harness.client("alice", ProtocolVersion::v3_1_1);
  old.connect();
  EXPECT_EQ(again.connect(), "CONNACK success");
  EXPECT_EQ(old.read(), "closed");
}

TEST_P(SessionKeeperTest, DoesNotGiveASessionToAnotherUser) {
  auto& alice = harness.client("alice");
  auto& thief = harness.client("alice");
  alice.connect({.expiry = 60, .user_name = "alice"});
  EXPECT_EQ(thief.connect({.user_name = "mallory"}), "CONNACK not_authorized");
  EXPECT_EQ(thief.read(), "closed");
  EXPECT_EQ(alice.read(), "nothing");
  EXPECT_TRUE(alice.is_open());
}

TEST_P(SessionKeeperTest, LimitsTheNumberOfSessions) {
  harness.settings.session.sessions = 1;
  auto& alice = harness.client_on(0, "alice");
  auto& bob = harness.client_on(1, "bob");  // on whatever worker
  auto& carol = harness.client("carol", ProtocolVersion::v3_1_1);
  EXPECT_EQ(alice.connect(), "CONNACK success");
  EXPECT_EQ(bob.connect(), "CONNACK quota_exceeded");
  EXPECT_EQ(carol.connect(), "CONNACK server_unavailable");
  EXPECT_EQ(harness.sum(&Counters::refused_sessions), 2);
  EXPECT_EQ(alice.connect(), "CONNACK success");
  alice.disconnect();
  EXPECT_EQ(bob.connect(), "CONNACK success");
}

TEST_P(SessionKeeperTest, LimitsTheSessionsOfAUser) {
  harness.user_sessions.limit = 1;
  auto& first = harness.client("first");
  auto& second = harness.client("second");
  auto& old = harness.client("old", ProtocolVersion::v3_1_1);
  EXPECT_EQ(first.connect({.user_name = "alice"}), "CONNACK success");
  EXPECT_EQ(second.connect({.user_name = "alice"}), "CONNACK quota_exceeded");
  EXPECT_EQ(old.connect({.user_name = "alice"}), "CONNACK server_unavailable");
  EXPECT_EQ(harness.sum(&Counters::refused_sessions_of_user), 2);
  EXPECT_EQ(harness.totals.sessions, 1U);
  EXPECT_EQ(second.connect({.user_name = "bob"}), "CONNACK success");
  // Clean Start puts one in place of the other.
  EXPECT_EQ(first.connect({.clean_start = true, .expiry = 60, .user_name = "alice"}),
            "CONNACK success");
  EXPECT_EQ(harness.user_sessions.counts["alice"], 1U);
  first.lose();
  EXPECT_EQ(first.connect({.clean_start = false, .user_name = "alice"}),
            "CONNACK success session_present");
  first.disconnect();
  EXPECT_EQ(harness.user_sessions.counts["alice"], 0U);
  EXPECT_EQ(old.connect({.user_name = "alice"}), "CONNACK success");
}

TEST_P(SessionKeeperTest, CountsWhatAStartFinds) {
  harness.keep_on_disk();
  harness.settings.session.sessions = 1;
  auto& alice = harness.client("alice");
  auto& bob = harness.client("bob");
  alice.connect({.expiry = 60, .user_name = "alice"});
  alice.subscribe("a", qos1);
  harness.crash();
  EXPECT_EQ(harness.totals.sessions, 1U);
  EXPECT_EQ(harness.totals.subscriptions, 1U);
  EXPECT_EQ(harness.user_sessions.counts["alice"], 1U);
  EXPECT_EQ(bob.connect(), "CONNACK quota_exceeded");
}

using WillTest = BrokerTest;
PEAL_WITH_WORKERS(WillTest);

struct Watched {
  explicit Watched(BrokerHarness& harness)
      : watcher(harness.client("watcher")), alice(harness.client("alice")) {
    watcher.connect();
    watcher.subscribe("gone/#", qos2);
  }
  TestClient& watcher;
  TestClient& alice;
};

TEST_P(WillTest, IsSentWhenTheConnectionBreaks) {  // [MQTT-3.1.2-8] [MQTT3-3.1.2-8]
  for (const auto version : {ProtocolVersion::v3_1, ProtocolVersion::v3_1_1, ProtocolVersion::v5}) {
    BrokerHarness other(GetParam());
    Watched at(other);
    auto& alice = other.client("alice", version);
    alice.connect({.will = WillSays{.topic = "gone/a", .payload = "x", .qos = qos1}});
    alice.lose();
    EXPECT_EQ(at.watcher.read(), "PUBLISH gone/a x qos=1");
    EXPECT_EQ(at.watcher.read(), "nothing");
  }
}

TEST_P(WillTest, IsNotSentAfterANormalDisconnect) {  // [MQTT-3.14.4-3] [MQTT3-3.14.4-3]
  Watched at(harness);
  at.alice.connect({.expiry = 60, .will = WillSays{.topic = "gone/a", .payload = "x"}});
  at.alice.disconnect();
  harness.pass(2min);
  EXPECT_EQ(at.watcher.read(), "nothing");
}

TEST_P(WillTest, IsSentAfterADisconnectThatAsksForIt) {
  Watched at(harness);
  at.alice.connect({.will = WillSays{.topic = "gone/a", .payload = "x"}});
  at.alice.disconnect(ReasonCode::disconnect_with_will_message);
  EXPECT_EQ(at.watcher.read(), "PUBLISH gone/a x");
}

TEST_P(WillTest, IsSentWhenTheServerCloses) {
  Watched at(harness);
  at.alice.connect({.will = WillSays{.topic = "gone/a", .payload = "x"}});
  at.alice.send_connect();
  harness.settle();
  EXPECT_EQ(at.alice.read(), "DISCONNECT protocol_error");  // [MQTT-3.1.0-2]
  EXPECT_EQ(at.watcher.read(), "PUBLISH gone/a x");
}

TEST_P(WillTest, WaitsForItsDelay) {  // [MQTT-3.1.3-9]
  Watched at(harness);
  at.alice.connect(
      {.expiry = 60, .will = WillSays{.topic = "gone/a", .payload = "x", .delay = 10}});
  at.alice.lose();
  harness.pass(9999ms);
  EXPECT_EQ(at.watcher.read(), "nothing");
  harness.pass(1ms);
  EXPECT_EQ(at.watcher.read(), "PUBLISH gone/a x");
  harness.pass(2min);
  EXPECT_EQ(at.watcher.read(), "nothing");
}

TEST_P(WillTest, IsNotSentToThoseWhoComeBackInTime) {  // [MQTT-3.1.3-9]
  Watched at(harness);
  at.alice.connect(
      {.expiry = 60, .will = WillSays{.topic = "gone/a", .payload = "x", .delay = 10}});
  at.alice.lose();
  harness.pass(9s);
  at.alice.connect({.clean_start = false, .expiry = 60});
  harness.pass(2min);
  EXPECT_EQ(at.watcher.read(), "nothing");
}

TEST_P(WillTest, IsSentWhenTheSessionEndsBeforeTheDelay) {
  Watched at(harness);
  at.alice.connect({.expiry = 5, .will = WillSays{.topic = "gone/a", .payload = "x", .delay = 10}});
  at.alice.lose();
  harness.pass(4999ms);
  EXPECT_EQ(at.watcher.read(), "nothing");
  harness.pass(1ms);
  EXPECT_EQ(at.watcher.read(), "PUBLISH gone/a x");
}

TEST_P(WillTest, IsSentAtOnceWithoutASessionToComeBackTo) {
  Watched at(harness);
  at.alice.connect({.will = WillSays{.topic = "gone/a", .payload = "x", .delay = 10}});
  at.alice.lose();
  EXPECT_EQ(at.watcher.read(), "PUBLISH gone/a x");
}

TEST_P(WillTest, WithADelayIsSentWhenCleanStartEndsItsSession) {
  Watched at(harness);
  auto& again = harness.client("alice");
  at.alice.connect(
      {.expiry = 60, .will = WillSays{.topic = "gone/a", .payload = "x", .delay = 10}});
  again.connect({.clean_start = true});
  EXPECT_EQ(at.watcher.read(), "PUBLISH gone/a x");
  harness.pass(2min);
  EXPECT_EQ(at.watcher.read(), "nothing");
}

TEST_P(WillTest, WithADelayIsDroppedWhenItsSessionIsTakenOver) {
  Watched at(harness);
  auto& again = harness.client("alice");
  at.alice.connect(
      {.expiry = 60, .will = WillSays{.topic = "gone/a", .payload = "x", .delay = 10}});
  again.connect({.clean_start = false, .expiry = 60});
  harness.pass(2min);
  EXPECT_EQ(at.watcher.read(), "nothing");
}

TEST_P(WillTest, IsRetainedWhenItSaysSo) {  // [MQTT-3.1.2-14] [MQTT-3.1.2-15] [MQTT3-3.1.2-17]
  Watched at(harness);
  at.alice.connect({.will = WillSays{.topic = "gone/a", .payload = "kept", .retain = true}});
  at.alice.lose();
  EXPECT_EQ(at.watcher.read(), "PUBLISH gone/a kept");
  auto& late = harness.client("late");
  late.connect();
  late.subscribe("gone/+");
  EXPECT_EQ(late.read(), "PUBLISH gone/a kept retain");
}

TEST_P(WillTest, CarriesItsProperties) {  // [MQTT-3.1.3-10]
  Watched at(harness);
  OwnProperties properties;
  properties.text(PropertyId::content_type, "text").pair("a", "1").pair("a", "2");
  properties.number(PropertyId::message_expiry_interval, 30);
  at.alice.connect({.will = WillSays{.topic = "gone/a", .payload = "x", .properties = properties}});
  at.alice.lose();
  EXPECT_EQ(at.watcher.read(),
            "PUBLISH gone/a x [Message Expiry Interval=30, Content Type=text, User Property=a:1, "
            "User Property=a:2]");
}

TEST_P(WillTest, IsRefusedWhenItMayNotBePublished) {
  harness.authorizer.no_publish.insert("gone/a");
  auto& alice = harness.client("alice");
  EXPECT_EQ(alice.connect({.will = WillSays{.topic = "gone/a"}}), "CONNACK not_authorized");
  EXPECT_EQ(harness.sum(&Counters::sessions), 0);
  auto& bob = harness.client("bob");
  EXPECT_EQ(bob.connect({.will = WillSays{.topic = "$SYS/a"}}), "CONNACK not_authorized");
}

TEST_P(WillTest, IsNotSentWhenTheRightWasWithdrawn) {
  Watched at(harness);
  at.alice.connect({.will = WillSays{.topic = "gone/a", .payload = "x"}});
  harness.authorizer.no_publish.insert("gone/a");
  harness.rights_changed();
  at.alice.lose();
  EXPECT_EQ(at.watcher.read(), "nothing");
  EXPECT_EQ(harness.sum(&Counters::denied_publishes), 1);
}

TEST_P(SessionKeeperTest, LooksTheRightsOfManyThroughASliceAtATime) {
  constexpr int count = 300;
  std::vector<TestClient*> clients;
  for (int i = 0; i < count; ++i) {
    clients.push_back(&harness.client("c" + std::to_string(i)));
    clients.back()->connect();
  }
  harness.authorizer.asked.clear();
  harness.rights_changed();
  EXPECT_LE(harness.authorizer.asked.size(), 64 * std::size_t{harness.worker_count()});
  harness.rights_changed();  // once more from where it is, round and round
  for (int i = 0; i < 10; ++i) {
    harness.turn();
  }
  EXPECT_GE(harness.authorizer.asked.size(), std::size_t{count});
  harness.authorizer.no_publish.insert("secret");
  harness.rights_changed();
  harness.settle();
  for (TestClient* client : clients) {
    EXPECT_EQ(client->publish("secret", "x", {.qos = qos1}), "not_authorized");
  }
}

TEST_P(WillTest, WithBadPropertiesLeavesTheOldSessionAlone) {
  auto& old = harness.client("alice");
  auto& again = harness.client("alice");
  old.connect({.expiry = 60});
  OwnProperties properties;
  properties.text(PropertyId::response_topic, "with/+");
  EXPECT_EQ(again.connect({.will = WillSays{.topic = "gone/a", .properties = properties}}),
            "CONNACK protocol_error");
  EXPECT_EQ(old.read(), "nothing");
}

}  // namespace
}  // namespace peal::broker::test
