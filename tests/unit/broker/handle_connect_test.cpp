// CONNECT and what it is answered with. (MQTT 5 §3.1, §3.2)
#include <set>

#include "support/broker_test.hpp"

namespace peal::broker::test {
namespace {

using namespace std::chrono_literals;

using HandleConnectTest = BrokerTest;
PEAL_WITH_WORKERS(HandleConnectTest);

TEST_P(HandleConnectTest, AnswersWithSuccess) {  // [MQTT-3.1.4-5] [MQTT-3.2.0-1]
  for (const auto version : {ProtocolVersion::v3_1, ProtocolVersion::v3_1_1, ProtocolVersion::v5}) {
    auto& alice = harness.client("alice", version);
    EXPECT_EQ(alice.connect(), "CONNACK success");
    EXPECT_EQ(alice.read(), "nothing");
    alice.disconnect();
  }
}

TEST_P(HandleConnectTest, SaysWhatItAllows) {  // [MQTT-3.2.2-9]
  harness.settings.session.inflight = 100;
  harness.settings.session.topic_alias_max = 7;
  harness.settings.mqtt.max_qos = qos1;
  harness.settings.retained.is_available = false;
  harness.settings.limits.packet_bytes = 5000;
  auto& alice = harness.client("alice");
  alice.open();
  alice.send_connect();
  const auto packet = alice.take();
  const auto& properties = packet.connack().properties;
  EXPECT_EQ(properties.number(PropertyId::receive_maximum), 100U);
  EXPECT_EQ(properties.number(PropertyId::topic_alias_maximum), 7U);
  EXPECT_EQ(properties.number(PropertyId::maximum_qos), 1U);
  EXPECT_EQ(properties.number(PropertyId::retain_available), 0U);
  EXPECT_EQ(properties.number(PropertyId::maximum_packet_size), 5000U);
  EXPECT_FALSE(properties.find(PropertyId::assigned_client_identifier));
  EXPECT_FALSE(properties.find(PropertyId::server_keep_alive));
  EXPECT_FALSE(properties.find(PropertyId::response_information));
}

TEST_P(HandleConnectTest, AssignsClientIdentifiers) {
  // [MQTT-3.1.3-6] [MQTT-3.1.3-7] [MQTT-3.2.2-16]
  std::set<std::string> seen;
  for (int i = 0; i < 5; ++i) {
    auto& nameless = harness.client("");
    nameless.open();
    nameless.send_connect({.expiry = 60});
    const auto packet = nameless.take();
    const auto id = packet.connack().properties.text(PropertyId::assigned_client_identifier);
    ASSERT_TRUE(id);
    EXPECT_EQ(harness.home(*id), harness.home(""));
    EXPECT_TRUE(seen.insert(std::string(*id)).second);
  }
  EXPECT_EQ(harness.sum(&Counters::sessions), 5);
}

TEST_P(HandleConnectTest, AssignsThemToV3CleanSessionsOnly) {  // [MQTT3-3.1.3-6] [MQTT3-3.1.3-8]
  auto& clean = harness.client("", ProtocolVersion::v3_1_1);
  EXPECT_EQ(clean.connect(), "CONNACK success");
  auto& dirty = harness.client("", ProtocolVersion::v3_1_1);
  EXPECT_EQ(dirty.connect({.clean_start = false}), "CONNACK client_identifier_not_valid");
  auto& older = harness.client("", ProtocolVersion::v3_1);
  EXPECT_EQ(older.connect(), "CONNACK client_identifier_not_valid");
}

TEST_P(HandleConnectTest, LimitsNames) {
  auto& alice = harness.client(std::string(257, 'a'));
  EXPECT_EQ(alice.connect(), "CONNACK client_identifier_not_valid");
  auto& old = harness.client(std::string(24, 'a'), ProtocolVersion::v3_1);
  EXPECT_EQ(old.connect(), "CONNACK client_identifier_not_valid");
  auto& bob = harness.client("bob");
  EXPECT_EQ(bob.connect({.user_name = std::string(257, 'b')}), "CONNACK bad_user_name_or_password");
}

TEST_P(HandleConnectTest, RefusesVersionsTheListenerDoesNotServe) {
  harness.listener.allow_v3_1 = harness.listener.allow_v5 = false;
  EXPECT_EQ(harness.client("a", ProtocolVersion::v5).connect(),
            "CONNACK unsupported_protocol_version");
  EXPECT_EQ(harness.client("b", ProtocolVersion::v3_1).connect(),
            "CONNACK unsupported_protocol_version");
  EXPECT_EQ(harness.client("c", ProtocolVersion::v3_1_1).connect(), "CONNACK success");
}

TEST_P(HandleConnectTest, RefusesWillsBeyondItsCapabilities) {
  // [MQTT-3.2.2-12] [MQTT-3.2.2-13]
  harness.settings.mqtt.max_qos = qos0;
  auto& alice = harness.client("alice");
  EXPECT_EQ(alice.connect({.will = WillSays{.topic = "a", .qos = qos1}}),
            "CONNACK qos_not_supported");
  harness.settings.retained.is_available = false;
  EXPECT_EQ(alice.connect({.will = WillSays{.topic = "a", .retain = true}}),
            "CONNACK retain_not_supported");
  harness.settings.limits.will_payload_bytes = 3;
  EXPECT_EQ(alice.connect({.will = WillSays{.topic = "a", .payload = "1234"}}),
            "CONNACK packet_too_large");
}

TEST_P(HandleConnectTest, SendsClientsElsewhere) {
  harness.settings.redirect = Redirect::server_moved;
  harness.settings.server_reference = "other.example:1883";
  auto& alice = harness.client("alice");
  alice.open();
  alice.send_connect();
  const auto packet = alice.take();
  EXPECT_EQ(packet.connack().reason, ReasonCode::server_moved);
  EXPECT_EQ(packet.connack().properties.text(PropertyId::server_reference), "other.example:1883");
  EXPECT_EQ(alice.read(), "closed");
  harness.settings.redirect = Redirect::use_another_server;
  EXPECT_EQ(alice.connect(), "CONNACK use_another_server");
}

TEST_P(HandleConnectTest, LimitsTheKeepAlive) {  // [MQTT-3.2.2-22]
  harness.settings.session.keep_alive_max = 10s;
  auto& alice = harness.client("alice");
  alice.open();
  alice.send_connect({.keep_alive = 60});
  EXPECT_EQ(alice.take().connack().properties.number(PropertyId::server_keep_alive), 10U);
  harness.pass(15s);
  EXPECT_EQ(alice.read(), "DISCONNECT keep_alive_timeout");
}

TEST_P(HandleConnectTest, GivesResponseInformationToThoseWhoAsk) {  // [MQTT-3.1.2-28]
  harness.settings.mqtt.response_information = "answers/";
  auto& alice = harness.client("alice");
  ConnectSays says;
  says.properties.number(PropertyId::request_response_information, 1);
  alice.open();
  alice.send_connect(says);
  EXPECT_EQ(alice.take().connack().properties.text(PropertyId::response_information), "answers/");
  auto& bob = harness.client("bob");
  bob.open();
  bob.send_connect();
  EXPECT_FALSE(bob.take().connack().properties.find(PropertyId::response_information));
}

}  // namespace
}  // namespace peal::broker::test
