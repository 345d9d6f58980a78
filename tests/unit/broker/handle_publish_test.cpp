// PUBLISH from a client: QoS flows inwards, what is refused and how. (MQTT 5 §3.3, §4.3)
#include "support/broker_test.hpp"

namespace peal::broker::test {
namespace {

using namespace std::chrono_literals;

using HandlePublishTest = BrokerTest;
PEAL_WITH_WORKERS(HandlePublishTest);

struct Pair {
  explicit Pair(BrokerHarness& harness, QoS qos = qos2)
      : from(harness.client("from")), to(harness.client("to")) {
    from.connect();
    to.connect();
    to.subscribe("#", qos);
  }
  TestClient& from;
  TestClient& to;
};

TEST_P(HandlePublishTest, BringsEachQosAtTheLowerOfBoth) {  // [MQTT-3.8.4-8] [MQTT3-3.8.4-6]
  Pair two(harness, qos1);
  EXPECT_EQ(two.from.publish("a", "0"), "sent");
  EXPECT_EQ(two.from.publish("a", "1", {.qos = qos1}), "success");
  EXPECT_EQ(two.from.publish("a", "2", {.qos = qos2}), "success");
  EXPECT_EQ(two.to.read_all(), (Lines{"PUBLISH a 0", "PUBLISH a 1 qos=1", "PUBLISH a 2 qos=1"}));
  EXPECT_EQ(harness.sum(&Counters::queued_messages), 0);
}

TEST_P(HandlePublishTest, AcknowledgesWithTheIdentifierItCameWith) {  // [MQTT-2.2.1-5]
  Pair two(harness);
  two.from.acknowledges = false;
  two.from.send_publish("a", "x", {.qos = qos1, .packet_id = 77});
  EXPECT_EQ(two.from.read(), "PUBACK 77 success");  // [MQTT-4.3.2-4]
  two.from.send_publish("a", "x", {.qos = qos2, .packet_id = 78});
  EXPECT_EQ(two.from.read(), "PUBREC 78 success");  // [MQTT-4.3.3-8]
  two.from.send_ack(PacketType::pubrel, PacketId{78});
  EXPECT_EQ(two.from.read(), "PUBCOMP 78 success");  // [MQTT-4.3.3-11]
}

TEST_P(HandlePublishTest, HandsOnAQos2MessageOnce) {  // [MQTT-4.3.3-10] [MQTT-4.3.3-12]
  Pair two(harness);
  two.from.acknowledges = false;
  two.from.send_publish("a", "x", {.qos = qos2, .packet_id = 5});
  two.from.send_publish("a", "x", {.qos = qos2, .dup = true, .packet_id = 5});
  two.from.send_ack(PacketType::pubrel, PacketId{5});
  two.from.send_publish("a", "new", {.qos = qos2, .packet_id = 5});
  harness.settle();
  EXPECT_EQ(two.from.read_all(), (Lines{"PUBREC 5 success", "PUBREC 5 success", "PUBCOMP 5 success",
                                        "PUBREC 5 success"}));
  EXPECT_EQ(two.to.read_all(), (Lines{"PUBLISH a x qos=2", "PUBLISH a new qos=2"}));
}

TEST_P(HandlePublishTest, RemembersQos2OverConnections) {  // [MQTT-4.3.3-10]
  Pair two(harness);
  auto& alice = harness.client("alice");
  alice.acknowledges = false;
  alice.connect({.expiry = 60});
  alice.send_publish("a", "x", {.qos = qos2, .packet_id = 5});
  alice.lose();
  alice.read_all();
  alice.connect({.clean_start = false, .expiry = 60});
  alice.send_publish("a", "x", {.qos = qos2, .dup = true, .packet_id = 5});
  harness.settle();
  EXPECT_EQ(two.to.read_all(), Lines{"PUBLISH a x qos=2"});
}

TEST_P(HandlePublishTest, TellsAPubrelOfNothing) {
  Pair two(harness);
  two.from.acknowledges = false;
  two.from.send_ack(PacketType::pubrel, PacketId{9});
  EXPECT_EQ(two.from.read(), "PUBCOMP 9 packet_identifier_not_found");
}

TEST_P(HandlePublishTest, SaysWhenNobodyWantedIt) {
  auto& alice = harness.client("alice");
  alice.connect();
  EXPECT_EQ(alice.publish("a", "x", {.qos = qos1}), "no_matching_subscribers");
  EXPECT_EQ(alice.publish("a", "x", {.qos = qos2}), "no_matching_subscribers");
}

TEST_P(HandlePublishTest, PassesPropertiesOnAsTheyCame) {
  // [MQTT-3.3.2-4] [MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-17] [MQTT-3.3.2-18]
  // [MQTT-3.3.2-20]
  Pair two(harness);
  OwnProperties properties;
  properties.number(PropertyId::payload_format_indicator, 1)
      .pair("z", "1")
      .text(PropertyId::response_topic, "answers")
      .text(PropertyId::correlation_data, "c0")
      .text(PropertyId::content_type, "text/plain")
      .pair("a", "2");
  two.from.publish("a", "x", {.qos = qos1, .properties = properties});
  EXPECT_EQ(two.to.read(),
            "PUBLISH a x qos=1 [Payload Format Indicator=1, User Property=z:1, Response "
            "Topic=answers, Correlation Data=c0, Content Type=text/plain, User Property=a:2]");
}

TEST_P(HandlePublishTest, LeavesPropertiesOutForOlderVersions) {
  auto& from = harness.client("from");
  auto& to = harness.client("to", ProtocolVersion::v3_1_1);
  from.connect();
  to.connect();
  to.subscribe("a", qos1);
  OwnProperties properties;
  properties.pair("z", "1");
  from.publish("a", "x", {.properties = properties});
  EXPECT_EQ(to.read(), "PUBLISH a x");
}

TEST_P(HandlePublishTest, RefusesWhatMayNotBePublished) {
  harness.authorizer.no_publish.insert("secret");
  Pair two(harness);
  EXPECT_EQ(two.from.publish("secret", "x", {.qos = qos1}), "not_authorized");
  EXPECT_EQ(two.from.publish("secret", "x", {.qos = qos2}), "not_authorized");
  EXPECT_EQ(two.from.publish("secret", "x"), "sent");
  EXPECT_EQ(two.from.publish("$SYS/x", "x", {.qos = qos1}), "not_authorized");
  EXPECT_TRUE(two.from.is_open());
  EXPECT_EQ(two.to.read(), "nothing");
  EXPECT_EQ(harness.sum(&Counters::denied_publishes), 4);
}

TEST_P(HandlePublishTest, AsksOnceForATopicUntilRightsChange) {
  harness.authorizer.no_publish.insert("secret");
  Pair two(harness);
  auto& other = harness.client("other");
  other.connect();
  const auto rights = harness.authorizer.last;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(other.publish("open", "x", {.qos = qos1}), "success");
  }
  EXPECT_EQ(rights->questions, 1);
  EXPECT_EQ(other.publish("open", "x", {.qos = qos1, .retain = true}), "success");
  EXPECT_EQ(rights->questions, 2) << "whether it may be retained is another question";
  harness.authorizer.no_publish.insert("open");
  harness.rights_changed();
  EXPECT_EQ(other.publish("open", "x", {.qos = qos1}), "not_authorized");
}

TEST_P(HandlePublishTest, DropsQuietlyWhatAnOlderClientMayNotPublish) {  // [MQTT3-3.3.5-2]
  harness.authorizer.no_publish.insert("secret");
  auto& from = harness.client("from", ProtocolVersion::v3_1_1);
  from.connect();
  EXPECT_EQ(from.publish("secret", "x", {.qos = qos1}), "success");
  EXPECT_EQ(from.publish("secret", "x", {.qos = qos2}), "success");
  EXPECT_TRUE(from.is_open());
}

TEST_P(HandlePublishTest, AsksTheHook) {
  Pair two(harness);
  EXPECT_EQ(two.from.publish("hooked/a", "x", {.qos = qos1}), "not_authorized");
  EXPECT_EQ(two.from.publish("free", "x", {.qos = qos1}), "success");
  EXPECT_EQ(harness.hook.seen, (Lines{"from hooked/a", "from free"}));
}

TEST_P(HandlePublishTest, ChecksThePayloadFormatWhenAskedTo) {
  harness.settings.mqtt.validate_payload_format = true;
  Pair two(harness);
  OwnProperties properties;
  properties.number(PropertyId::payload_format_indicator, 1);
  EXPECT_EQ(two.from.publish("a", "\xFF", {.qos = qos1, .properties = properties}),
            "payload_format_invalid");
  EXPECT_EQ(two.from.publish("a", "ok", {.qos = qos1, .properties = properties}), "success");
  two.from.publish("a", "\xFF", {.properties = properties});
  EXPECT_EQ(two.from.read(), "DISCONNECT payload_format_invalid");
}

TEST_P(HandlePublishTest, RefusesTopicsBeyondTheLimits) {
  harness.settings.limits.topic_levels = 3;
  harness.settings.limits.topic_bytes = 20;
  Pair two(harness);
  EXPECT_EQ(two.from.publish("a/b/c", "x", {.qos = qos1}), "success");
  EXPECT_EQ(two.from.publish("a/b/c/d", "x", {.qos = qos1}), "topic_name_invalid");
  EXPECT_EQ(two.from.publish(std::string(21, 'a'), "x", {.qos = qos1}), "topic_name_invalid");
  two.from.publish("a/b/c/d", "x");
  EXPECT_EQ(two.from.read(), "DISCONNECT topic_name_invalid");
}

TEST_P(HandlePublishTest, HoldsTheClientToItsCapabilities) {
  harness.settings.mqtt.max_qos = qos1;
  Pair two(harness);
  two.from.publish("a", "x", {.qos = qos2});
  EXPECT_EQ(two.from.read(), "DISCONNECT qos_not_supported");  // [MQTT-3.2.2-11]
  harness.settings.retained.is_available = false;
  two.from.connect();
  two.from.publish("a", "x", {.retain = true});
  EXPECT_EQ(two.from.read(), "DISCONNECT retain_not_supported");  // [MQTT-3.2.2-14]
}

TEST_P(HandlePublishTest, KeepsWhatItsConnackSaid) {
  Pair two(harness);
  OwnProperties alias;
  alias.number(PropertyId::topic_alias, 20);
  harness.settings.mqtt.max_qos = qos0;
  harness.settings.retained.is_available = false;
  harness.settings.session.inflight = 1;
  harness.settings.session.topic_alias_max = 1;
  harness.settings.limits.packet_bytes = 10;
  const std::string large(100, 'x');
  EXPECT_EQ(two.from.publish("a", large, {.qos = qos2, .retain = true, .properties = alias}),
            "success");
  two.from.acknowledges = false;
  two.from.send_publish("a", "1", {.qos = qos2, .packet_id = 101});
  two.from.send_publish("a", "2", {.qos = qos2, .packet_id = 102});
  EXPECT_EQ(two.from.read_all(), (Lines{"PUBREC 101 success", "PUBREC 102 success"}));
  auto& later = harness.client("later");
  later.connect();
  later.publish("a", "x", {.qos = qos1});
  EXPECT_EQ(later.read(), "DISCONNECT qos_not_supported");
}

TEST_P(HandlePublishTest, RefusesPropertiesOnlyAServerMaySend) {
  Pair two(harness);
  OwnProperties properties;
  properties.number(PropertyId::subscription_identifier, 3);
  two.from.publish("a", "x", {.properties = properties});
  EXPECT_EQ(two.from.read(), "DISCONNECT protocol_error");  // [MQTT-3.3.4-6]
  two.from.connect();
  OwnProperties response;
  response.text(PropertyId::response_topic, "a/+");
  two.from.publish("a", "x", {.properties = response});
  EXPECT_EQ(two.from.read(), "DISCONNECT protocol_error");  // [MQTT-3.3.2-14]
}

TEST_P(HandlePublishTest, KnowsAliases) {  // [MQTT-3.3.2-7] [MQTT-3.3.2-12]
  Pair two(harness);
  OwnProperties one;
  one.number(PropertyId::topic_alias, 1);
  two.from.publish("a", "1", {.properties = one});
  two.from.publish("", "2", {.properties = one});
  two.from.publish("b", "3", {.properties = one});
  two.from.publish("", "4", {.qos = qos2, .properties = one});
  EXPECT_EQ(two.to.read_all(),
            (Lines{"PUBLISH a 1", "PUBLISH a 2", "PUBLISH b 3", "PUBLISH b 4 qos=2"}));
  two.from.connect();  // [MQTT-3.3.2-7]: a new connection, no aliases
  two.from.publish("", "5", {.properties = one});
  EXPECT_EQ(two.from.read(), "DISCONNECT protocol_error");
}

TEST_P(HandlePublishTest, KeepsTheAliasOfARefusedTopic) {
  harness.authorizer.no_publish.insert("secret");
  Pair two(harness);
  OwnProperties one;
  one.number(PropertyId::topic_alias, 1);
  two.from.publish("open", "1", {.qos = qos1, .properties = one});
  EXPECT_EQ(two.from.publish("secret", "2", {.qos = qos1, .properties = one}), "not_authorized");
  EXPECT_EQ(two.from.publish("", "3", {.qos = qos1, .properties = one}), "not_authorized");
  EXPECT_EQ(two.to.read_all(), (Lines{"PUBLISH open 1 qos=1"}));
}

TEST_P(HandlePublishTest, RefusesAliasesBeyondTheMaximum) {  // [MQTT-3.3.2-9]
  Pair two(harness);
  OwnProperties properties;
  properties.number(PropertyId::topic_alias, 33);
  two.from.publish("a", "x", {.properties = properties});
  EXPECT_EQ(two.from.read(), "DISCONNECT topic_alias_invalid");
}

TEST_P(HandlePublishTest, TakesAsManyAsItAnnouncedAtOnce) {  // [MQTT-3.3.4-7]
  harness.settings.session.inflight = 10;
  for (const QoS qos : {qos1, qos2}) {
    Pair two(harness);
    two.from.acknowledges = false;
    std::vector<std::uint8_t> burst;
    for (std::uint16_t i = 1; i <= 10; ++i) {
      const auto bytes = mqtt::test::encode_any(
          mqtt::Publish{
              .topic = mqtt::TopicName::trusted("a"), .packet_id = PacketId{i}, .qos = qos},
          ProtocolVersion::v5);
      burst.insert(burst.end(), bytes.begin(), bytes.end());
    }
    two.from.send_bytes(burst);
    harness.settle();
    EXPECT_TRUE(two.from.is_open());
    EXPECT_EQ(two.from.waiting(), 10);
    EXPECT_EQ(two.to.waiting(), 10);
    two.from.disconnect();
    two.to.disconnect();
  }
}

TEST_P(HandlePublishTest, RefusesMoreThanItAnnounced) {  // [MQTT-3.3.4-7] [MQTT-3.3.4-8]
  harness.settings.session.inflight = 10;
  Pair two(harness);
  two.from.acknowledges = false;
  for (std::uint16_t i = 1; i <= 10; ++i) {
    two.from.send_publish("a", "x", {.qos = qos2, .packet_id = i});
  }
  EXPECT_TRUE(two.from.is_open());
  two.from.send_publish("a", "x", {.qos = qos2, .packet_id = 11});
  EXPECT_EQ(two.from.read_all().back(), "DISCONNECT receive_maximum_exceeded");
}

TEST_P(HandlePublishTest, ForgetsNoPlaceOfItsReceiveMaximum) {
  harness.settings.session.inflight = 2;
  Pair two(harness);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(two.from.publish("a", "x", {.qos = i % 2 == 0 ? qos1 : qos2}), "success");
  }
}

TEST_P(HandlePublishTest, DoesNotReadFromWhoIsTooFastForAWhile) {
  harness.authorizer.rate = {
      .messages_per_second = 1, .messages_burst = 2, .bytes_per_second = 0, .bytes_burst = 0};
  Pair two(harness, qos1);
  for (const char* payload : {"1", "2", "3", "4"}) {
    two.from.send_publish("a", payload, {.qos = qos1});
  }
  harness.settle();
  EXPECT_EQ(two.to.read_all(),
            (Lines{"PUBLISH a 1 qos=1", "PUBLISH a 2 qos=1", "PUBLISH a 3 qos=1"}));
  EXPECT_TRUE(two.from.connection().is_paused);
  EXPECT_EQ(harness.sum(&Counters::throttled_publishes), 1);
  harness.pass(1s);
  EXPECT_FALSE(two.from.connection().is_paused);
  two.from.send_bytes({});
  harness.settle();
  EXPECT_EQ(two.to.read(), "PUBLISH a 4 qos=1") << "nothing is lost";
}

TEST_P(HandlePublishTest, ForgetsARateThatHoldsNoMore) {
  harness.authorizer.rate.bytes_per_second = 1;
  Pair two(harness);
  two.from.send_publish("a", std::string(100, 'x'));
  harness.settle();
  EXPECT_TRUE(two.from.connection().is_paused);
  harness.authorizer.rate = {};
  harness.rights_changed();
  EXPECT_FALSE(two.from.connection().is_paused);
}

}  // namespace
}  // namespace peal::broker::test
