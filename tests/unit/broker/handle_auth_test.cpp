// Who a client is: passwords, answers that take their time, enhanced authentication.
// (MQTT 5 §3.1.4, §4.12)
#include "support/broker_test.hpp"

namespace peal::broker::test {
namespace {

using namespace std::chrono_literals;

ConnectSays riddle() {
  ConnectSays says{.expiry = 60};
  says.properties.text(PropertyId::authentication_method, "riddle");
  return says;
}

class HandleAuthTest : public BrokerTest {
 protected:
  void connect_by_riddle() {
    EXPECT_EQ(alice.connect(riddle()),
              "AUTH continue_authentication [Authentication Method=riddle, Authentication "
              "Data=why?]");
    alice.send_auth(ReasonCode::continue_authentication, "riddle", "because");
    harness.settle();
  }
  TestClient& alice = harness.client("alice");
};
PEAL_WITH_WORKERS(HandleAuthTest);

TEST_P(HandleAuthTest, ChecksPasswords) {  // [MQTT-3.1.4-2]
  harness.authenticator.passwords["alice"] = "secret";
  EXPECT_EQ(alice.connect({.user_name = "alice", .password = "guess"}),
            "CONNACK bad_user_name_or_password");
  EXPECT_EQ(alice.read(), "closed");
  EXPECT_EQ(alice.connect({.user_name = "alice", .password = "secret"}), "CONNACK success");
  EXPECT_EQ(harness.sum(&Counters::refused_connects), 1);
  EXPECT_EQ(harness.sum(&Counters::sessions), 1);
}

TEST_P(HandleAuthTest, SaysNoInTheWordsOfOlderVersions) {
  harness.authenticator.passwords["alice"] = "secret";
  auto& old = harness.client("old", ProtocolVersion::v3_1_1);
  EXPECT_EQ(old.connect({.user_name = "alice", .password = "guess"}),
            "CONNACK bad_user_name_or_password");
  EXPECT_EQ(old.read(), "closed");
}

TEST_P(HandleAuthTest, WaitsForAnAnswer) {
  harness.authenticator.is_slow = true;
  EXPECT_EQ(alice.connect({.expiry = 60, .will = WillSays{.topic = "gone"}}), "nothing");
  EXPECT_TRUE(alice.connection().is_paused);
  alice.send_subscribe("a", {});  // [MQTT-3.1.4-4]: comes before CONNACK and waits
  const AuthTicket ticket = harness.authenticator.waiting.front();
  harness.home_worker("alice").authenticated(ticket, AuthAnswer::accept("alice"));
  harness.settle();
  EXPECT_EQ(alice.read(), "CONNACK success");
  alice.send_bytes({});
  harness.settle();
  EXPECT_EQ(alice.read(), "SUBACK 00");
}

TEST_P(HandleAuthTest, RefusesLate) {
  harness.authenticator.is_slow = true;
  alice.connect();
  const AuthTicket ticket = harness.authenticator.waiting.front();
  harness.home_worker("alice").authenticated(ticket, AuthAnswer{});
  harness.settle();
  EXPECT_EQ(alice.read(), "CONNACK not_authorized");
  EXPECT_EQ(alice.read(), "closed");
}

TEST_P(HandleAuthTest, ForgetsAnExchangeWhoseConnectionWent) {
  harness.authenticator.is_slow = true;
  alice.connect();
  const AuthTicket ticket = harness.authenticator.waiting.front();
  alice.lose();
  EXPECT_EQ(harness.authenticator.forgotten, std::vector{ticket});
  harness.home_worker("alice").authenticated(ticket, AuthAnswer::accept({}));
  harness.settle();
  EXPECT_EQ(harness.sum(&Counters::sessions), 0);
}

TEST_P(HandleAuthTest, GivesUpOnAnAnswerThatDoesNotCome) {
  harness.authenticator.is_slow = true;
  alice.connect();
  harness.pass(19s);
  EXPECT_EQ(alice.read(), "nothing") << "longer than a client may take for its CONNECT";
  harness.pass(1s);
  EXPECT_EQ(alice.read(), "CONNACK unspecified_error");
  EXPECT_EQ(alice.read(), "closed");
}

TEST_P(HandleAuthTest, ExchangesChallenges) {  // [MQTT-4.12.0-2] [MQTT-4.12.0-3] [MQTT-4.12.0-5]
  connect_by_riddle();
  const auto packet = alice.take();
  EXPECT_EQ(words_of(packet.value), "CONNACK success");
  const auto& properties = packet.connack().properties;
  EXPECT_EQ(properties.text(PropertyId::authentication_method), "riddle");  // [MQTT-4.12.0-6]
  EXPECT_EQ(properties.text(PropertyId::authentication_data), "right");
  EXPECT_EQ(harness.authenticator.client_ids, (Lines{"alice", "alice"}));
  EXPECT_EQ(alice.subscribe("a"), "SUBACK 00");
}

TEST_P(HandleAuthTest, RefusesWrongAnswers) {  // [MQTT-4.12.0-4]
  alice.connect(riddle());
  alice.send_auth(ReasonCode::continue_authentication, "riddle", "why not");
  EXPECT_EQ(alice.read(), "CONNACK not_authorized");
  EXPECT_EQ(alice.read(), "closed");
  EXPECT_EQ(harness.sum(&Counters::sessions), 0);
}

TEST_P(HandleAuthTest, RefusesMethodsItDoesNotKnow) {  // [MQTT-4.12.0-1]
  ConnectSays says;
  says.properties.text(PropertyId::authentication_method, "rhyme");
  EXPECT_EQ(alice.connect(says), "CONNACK bad_authentication_method");
}

TEST_P(HandleAuthTest, TakesNothingButAuthDuringTheExchange) {  // [MQTT-3.1.2-30]
  alice.connect(riddle());
  alice.send_subscribe("a", {});
  EXPECT_EQ(alice.read(), "CONNACK protocol_error");
  EXPECT_EQ(alice.read(), "closed");
}

TEST_P(HandleAuthTest, RefusesAnotherMethodInTheExchange) {  // [MQTT-4.12.0-5]
  alice.connect(riddle());
  alice.send_auth(ReasonCode::continue_authentication, "rhyme", "because");
  EXPECT_EQ(alice.read(), "CONNACK protocol_error");
}

TEST_P(HandleAuthTest, RefusesAuthWithoutAMethod) {  // [MQTT-4.12.0-7]
  alice.connect();
  alice.send_auth(ReasonCode::re_authenticate, "riddle", "because");
  EXPECT_EQ(alice.read(), "DISCONNECT protocol_error");
}

TEST_P(HandleAuthTest, AuthenticatesAnew) {  // [MQTT-4.12.1-1]
  connect_by_riddle();
  alice.take();
  alice.send_auth(ReasonCode::re_authenticate, "riddle", "");
  EXPECT_EQ(alice.read().substr(0, 28), "AUTH continue_authentication");
  alice.send_publish("a", "x");  // goes on meanwhile
  alice.send_auth(ReasonCode::continue_authentication, "riddle", "because");
  EXPECT_EQ(alice.read(), "AUTH success [Authentication Method=riddle, Authentication Data=right]");
  EXPECT_TRUE(alice.is_open());
}

TEST_P(HandleAuthTest, EndsTheConnectionOfThoseWhoFailToDoSoAnew) {  // [MQTT-4.12.1-2]
  connect_by_riddle();
  alice.take();
  alice.send_auth(ReasonCode::re_authenticate, "riddle", "");
  alice.take();
  alice.send_auth(ReasonCode::continue_authentication, "riddle", "why not");
  EXPECT_EQ(alice.read(), "DISCONNECT not_authorized");
  EXPECT_EQ(alice.read(), "closed");
}

TEST_P(HandleAuthTest, RefusesToBecomeSomebodyElse) {
  connect_by_riddle();
  alice.take();
  harness.authenticator.riddler = "oedipus";
  alice.send_auth(ReasonCode::re_authenticate, "riddle", "");
  alice.take();
  alice.send_auth(ReasonCode::continue_authentication, "riddle", "because");
  EXPECT_EQ(alice.read(), "DISCONNECT not_authorized");
}

TEST_P(HandleAuthTest, EndsWithWhatTheClientProved) {
  harness.authenticator.valid_for = 100s;
  EXPECT_EQ(alice.connect({.expiry = 600}), "CONNACK success");
  harness.pass(99s);
  EXPECT_EQ(alice.read(), "nothing");
  harness.pass(1s);
  EXPECT_EQ(alice.read(), "DISCONNECT maximum_connect_time");
  EXPECT_EQ(alice.read(), "closed");
  EXPECT_EQ(harness.sum(&Counters::sessions), 1);  // it may come back with more
}

TEST_P(HandleAuthTest, StillMindsTheKeepAliveOfWhoIsValidForLong) {
  harness.authenticator.valid_for = 100s;
  EXPECT_EQ(alice.connect({.keep_alive = 10}), "CONNACK success");
  harness.pass(15s);
  EXPECT_EQ(alice.read(), "DISCONNECT keep_alive_timeout");
}

TEST_P(HandleAuthTest, StaysAsLongAsItProvesItselfAnew) {
  harness.authenticator.valid_for = 100s;
  connect_by_riddle();
  alice.take();
  harness.pass(90s);
  harness.authenticator.grants = "allow all b";
  alice.send_auth(ReasonCode::re_authenticate, "riddle", "");
  alice.take();
  alice.send_auth(ReasonCode::continue_authentication, "riddle", "because");
  alice.take();
  EXPECT_EQ(harness.authorizer.asked.back(), "sphinx: allow all b");
  harness.pass(90s);
  EXPECT_TRUE(alice.is_open());
  harness.pass(10s);
  EXPECT_EQ(alice.read(), "DISCONNECT maximum_connect_time");
}

TEST_P(HandleAuthTest, KeepsTheRightsThatCameWithTheLogin) {
  harness.authenticator.grants = "allow all a";
  EXPECT_EQ(alice.connect({.expiry = 600, .user_name = "alice"}), "CONNACK success");
  EXPECT_EQ(harness.authorizer.asked, (Lines{"alice: allow all a"}));
  alice.lose();
  harness.rights_changed();
  EXPECT_EQ(harness.authorizer.asked.back(), "alice: allow all a");  // while it is away, too
  harness.authenticator.grants.clear();
  alice.connect({.clean_start = false, .expiry = 600, .user_name = "alice"});
  EXPECT_EQ(harness.authorizer.asked.back(), "alice: ");
}

TEST_P(HandleAuthTest, EndsTheConnectionsThatAreMeant) {
  auto& bob = harness.client("bob");
  alice.connect({.expiry = 600, .user_name = "alice"});
  bob.connect({.user_name = "bob"});
  harness.home_worker("alice").disconnect(
      [](const Session& session) { return session.user == "alice"; },
      {ReasonCode::administrative_action, "the user is gone"});
  harness.settle();
  EXPECT_EQ(alice.read(), "DISCONNECT administrative_action");
  EXPECT_EQ(alice.read(), "closed");
  EXPECT_TRUE(bob.is_open());
}

TEST_P(HandleAuthTest, RefusesAuthOutOfTurn) {
  connect_by_riddle();
  alice.take();
  alice.send_auth(ReasonCode::continue_authentication, "riddle", "because");
  EXPECT_EQ(alice.read(), "DISCONNECT protocol_error");
}

}  // namespace
}  // namespace peal::broker::test
