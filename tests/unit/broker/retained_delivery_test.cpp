// Retained messages: kept, sent to those who subscribe, a slice at a time. (MQTT 5 §3.3.1.3)
#include <algorithm>
#include <map>

#include "support/broker_test.hpp"

namespace peal::broker::test {
namespace {

using namespace std::chrono_literals;

class RetainedDeliveryTest : public BrokerTest {
 protected:
  RetainedDeliveryTest() {
    from.connect();
    to.connect({.expiry = 60});
  }
  void retain(std::string_view topic, std::string_view payload, QoS qos = qos1) {
    from.publish(topic, payload, {.qos = qos, .retain = true});
  }
  Lines subscribe_and_read(std::string_view filter,
                           const mqtt::SubscriptionOptions& options = {.qos = qos1}) {
    EXPECT_EQ(to.subscribe(filter, options).substr(0, 7), "SUBACK ");
    Lines all = to.read_all();
    std::ranges::sort(all);
    return all;
  }
  TestClient& from = harness.client("from");
  TestClient& to = harness.client("to");
};
PEAL_WITH_WORKERS(RetainedDeliveryTest);

TEST_P(RetainedDeliveryTest, SendsTheNewestOfEachTopic) {  // [MQTT-3.3.1-5] [MQTT3-3.3.1-6]
  retain("a/1", "old");
  retain("a/1", "new");
  retain("a/2", "two", qos0);
  retain("b/1", "other");
  EXPECT_EQ(subscribe_and_read("a/+"),
            (Lines{"PUBLISH a/1 new qos=1 retain", "PUBLISH a/2 two retain"}));
  EXPECT_EQ(subscribe_and_read("b/1"), Lines{"PUBLISH b/1 other qos=1 retain"});
  EXPECT_EQ(subscribe_and_read("#").size(), 3);
  EXPECT_EQ(harness.sum(&Counters::retained_messages), 3);
}

TEST_P(RetainedDeliveryTest, ForgetsWithAnEmptyPayload) {  // [MQTT-3.3.1-6] [MQTT-3.3.1-7]
  retain("a", "x");
  to.subscribe("a");
  to.read_all();
  retain("a", "");
  EXPECT_EQ(to.read(), "PUBLISH a");  // to those who are there as any other
  EXPECT_EQ(subscribe_and_read("a"), Lines{});
  EXPECT_EQ(harness.sum(&Counters::retained_messages), 0);
  EXPECT_EQ(harness.sum(&Counters::retained_bytes), 0);
}

TEST_P(RetainedDeliveryTest, KeepsNothingThatIsNotRetained) {  // [MQTT-3.3.1-8] [MQTT3-3.3.1-12]
  retain("a", "kept");
  from.publish("a", "passing");
  EXPECT_EQ(subscribe_and_read("a"), Lines{"PUBLISH a kept qos=1 retain"});
}

TEST_P(RetainedDeliveryTest, HonoursRetainHandling) {
  // [MQTT-3.3.1-9] [MQTT-3.3.1-10] [MQTT-3.3.1-11]
  retain("a", "x");
  const Lines kept{"PUBLISH a x retain"};
  EXPECT_EQ(subscribe_and_read("a", {.retain_handling = RetainHandling::do_not_send}), Lines{});
  to.unsubscribe("a");
  EXPECT_EQ(subscribe_and_read("a", {.retain_handling = RetainHandling::send_if_new}), kept);
  EXPECT_EQ(subscribe_and_read("a", {.retain_handling = RetainHandling::send_if_new}), Lines{});
  EXPECT_EQ(subscribe_and_read("a", {.retain_handling = RetainHandling::send}), kept);
}

TEST_P(RetainedDeliveryTest, SendsNoneToItsPublisherWithNoLocal) {
  to.publish("a", "own", {.retain = true});
  retain("b", "other");
  EXPECT_EQ(subscribe_and_read("+", {.qos = qos1, .no_local = true}),
            Lines{"PUBLISH b other qos=1 retain"});
}

TEST_P(RetainedDeliveryTest, CarriesTheIdentifierAndWhatIsLeftOfItsTime) {
  OwnProperties properties;
  properties.number(PropertyId::message_expiry_interval, 30).pair("k", "v");
  from.publish("a", "x", {.retain = true, .properties = properties});
  harness.pass(10s);
  to.subscribe("a", qos0, 9);
  EXPECT_EQ(to.read(),
            "PUBLISH a x retain [Message Expiry Interval=20, Subscription Identifier=9, User "
            "Property=k:v]");
  harness.pass(20s);
  EXPECT_EQ(subscribe_and_read("a"), Lines{});
}

TEST_P(RetainedDeliveryTest, BringsManyInSlices) {
  for (int i = 0; i < 300; ++i) {
    retain("a/" + std::to_string(i), std::string(1000, 'x'), i % 2 == 0 ? qos0 : qos1);
  }
  EXPECT_EQ(subscribe_and_read("a/#").size(), 300);
  EXPECT_EQ(harness.sum(&Counters::queued_messages), 0);
}

TEST_P(RetainedDeliveryTest, BringsMessagesLargerThanASlice) {
  for (int i = 0; i < 3; ++i) {
    retain("a/" + std::to_string(i), std::string(100'000, 'x'));
  }
  EXPECT_EQ(subscribe_and_read("a/#").size(), 3);
}

TEST_P(RetainedDeliveryTest, WaitsForASlowReader) {
  harness.settings.queue.unsent_bytes = 10'000;
  for (int i = 0; i < 50; ++i) {
    retain("a/" + std::to_string(i), std::string(1000, 'x'), qos0);
  }
  to.stall();
  to.subscribe("a/#");
  EXPECT_LT(to.waiting(), 10);
  Lines all = to.read_all();
  for (int i = 0; i < 20; ++i) {
    to.connection().unsent = 0;
    to.channel().drained();
    harness.settle();
    const Lines more = to.read_all();
    EXPECT_LT(more.size(), 10);
    all.insert(all.end(), more.begin(), more.end());
  }
  EXPECT_EQ(all.size(), 50);
  EXPECT_EQ(harness.sum(&Counters::dropped_unsent_full), 0);
}

TEST_P(RetainedDeliveryTest, WaitsForTheWindow) {
  for (int i = 0; i < 200; ++i) {
    retain("a/" + std::to_string(i), "x");
  }
  ConnectSays says;
  says.properties.number(PropertyId::receive_maximum, 2);
  to.connect(says);
  to.acknowledges = false;
  to.subscribe("a/#", qos1);
  EXPECT_EQ(to.waiting(), 2);
  EXPECT_LE(harness.sum(&Counters::queued_messages), 70);
  for (int i = 0; i < 200; ++i) {
    ASSERT_GT(to.waiting(), 0) << i;
    to.send_ack(PacketType::puback, to.take().publish().packet_id);
    harness.settle();
  }
  EXPECT_EQ(to.read(), "nothing");
}

// [MQTT-4.6.0-5]: the client is not sent an older message of a topic after a newer one.
TEST_P(RetainedDeliveryTest, LeavesOutWhatWasPublishedMeanwhile) {
  for (int i = 0; i < 100; ++i) {
    retain("a/" + std::to_string(i), "old");
  }
  ConnectSays says;
  says.properties.number(PropertyId::receive_maximum, 1);
  to.connect(says);
  to.acknowledges = false;
  to.subscribe("a/#", qos1);
  for (int i = 0; i < 100; ++i) {
    retain("a/" + std::to_string(i), "new");
  }
  std::map<std::string, std::string> last;
  for (int i = 0; i < 400 && to.waiting() > 0; ++i) {
    const auto packet = to.take();
    last[std::string(packet.publish().topic.text())] = as_text(packet.publish().payload);
    to.send_ack(PacketType::puback, packet.publish().packet_id);
    harness.settle();
  }
  EXPECT_EQ(last.size(), 100);
  for (const auto& [topic, payload] : last) {
    EXPECT_EQ(payload, "new") << topic;
  }
}

TEST_P(RetainedDeliveryTest, QueuesTheRestForASessionThatStays) {
  for (int i = 0; i < 200; ++i) {
    retain("a/" + std::to_string(i), "x");
  }
  ConnectSays says{.expiry = 60};
  says.properties.number(PropertyId::receive_maximum, 1);
  to.connect(says);
  to.acknowledges = false;
  to.subscribe("a/#", qos1);
  to.read_all();
  to.lose();
  to.acknowledges = true;
  to.connect({.clean_start = false, .expiry = 60});
  EXPECT_EQ(to.read_all().size(), 200);
}

TEST_P(RetainedDeliveryTest, SendsNothingToThoseWhoWent) {
  for (int i = 0; i < 200; ++i) {
    retain("a/" + std::to_string(i), std::string(1000, 'x'));
  }
  to.send_subscribe("a/#", {.qos = qos1});
  to.disconnect();
  to.read_all();
  to.connect();
  EXPECT_EQ(harness.sum(&Counters::queued_messages), 0);
  EXPECT_EQ(subscribe_and_read("a/#").size(), 200);
}

// Acknowledged before the SUBSCRIBE came, but still on its way to the worker that keeps it.
TEST_P(RetainedDeliveryTest, WaitsForWhatIsOnItsWayToBeKept) {
  if (GetParam() == 1) {
    GTEST_SKIP();
  }
  std::string topic = "t";
  while (harness.owner(topic) != 2) {
    topic += "t";
  }
  auto& publisher = harness.client_on(1, "publisher");
  auto& subscriber = harness.client_on(0, "subscriber");
  publisher.connect();
  subscriber.connect();
  for (const std::string_view filter : {std::string_view(topic), std::string_view("#")}) {
    publisher.send_publish(topic, filter, {.retain = true});  // letter 1 to 2
    subscriber.send_subscribe(filter, {});
    for (const unsigned other : {1U, 2U, 3U}) {
      EXPECT_TRUE(harness.deliver(0, other));
    }
    EXPECT_TRUE(harness.deliver(1, 0));
    EXPECT_TRUE(harness.deliver(2, 0));
    EXPECT_TRUE(harness.deliver(3, 0));
    harness.deliver(0, 2);  // asks before the message is there
    EXPECT_EQ(subscriber.read(), "nothing");
    harness.settle();
    EXPECT_EQ(subscriber.read(), "SUBACK 00");
    EXPECT_EQ(subscriber.read(), "PUBLISH " + topic + " " + std::string(filter) + " retain");
    EXPECT_EQ(subscriber.read(), "nothing");
    subscriber.unsubscribe(filter);
  }
}

// [MQTT3-3.3.1-9]: who has the SUBACK gets what is published then once, and not as retained.
TEST_P(RetainedDeliveryTest, SendsNothingAsRetainedThatCameAfterTheSuback) {
  auto& publisher = harness.client_on(1, "publisher");
  auto& subscriber = harness.client_on(0, "subscriber");
  publisher.connect();
  subscriber.connect();
  for (int i = 0; i < 100; ++i) {
    const std::string topic = "t/" + std::to_string(i);
    subscriber.send_subscribe(i % 2 == 0 ? topic : topic + "/#", {});
    while (subscriber.waiting() == 0) {
      ASSERT_TRUE(harness.deliver_one());
    }
    EXPECT_EQ(subscriber.read(), "SUBACK 00");
    publisher.send_publish(topic, "x", {.retain = true});
    if (GetParam() > 1) {
      harness.deliver(1, harness.owner(topic));
    }
    harness.settle();
    EXPECT_EQ(subscriber.read(), "PUBLISH " + topic + " x");
    EXPECT_EQ(subscriber.read(), "nothing");
  }
}

TEST_P(RetainedDeliveryTest, ForgetsAnAnswerThatComesTooLate) {
  for (int i = 0; i < 50; ++i) {
    retain("a/" + std::to_string(i), "x");
  }
  for (int i = 0; i < 20; ++i) {
    auto& hasty = harness.client("hasty" + std::to_string(i));
    hasty.connect();
    hasty.send_subscribe("a/#", {.qos = qos1});
    for (int letter = 0; letter < i && harness.deliver_one(); ++letter) {
    }
    hasty.break_off();
    EXPECT_EQ(harness.client("next").connect(), "CONNACK success");
    EXPECT_EQ(subscribe_and_read("a/#").size(), 50);
  }
}

TEST_P(RetainedDeliveryTest, WithholdsWhatItsPublisherMayPublishNoMore) {
  auto& other = harness.client("other");
  other.connect();
  for (const char* topic : {"a/1", "a/2", "a/3"}) {
    retain(topic, "x");
  }
  other.publish("a/3", "y", {.qos = qos1, .retain = true});
  harness.authorizer.no_publish = {"from a/1", "from a/3"};
  harness.rights_changed();
  EXPECT_EQ(subscribe_and_read("#"),
            (Lines{"PUBLISH a/2 x qos=1 retain", "PUBLISH a/3 y qos=1 retain"}));
  EXPECT_EQ(subscribe_and_read("a/1"), Lines{});
  EXPECT_EQ(harness.sum(&Counters::withheld_retained), 2);
  EXPECT_EQ(harness.sum(&Counters::retained_messages), 3) << "they are kept";
  harness.settings.retained.checks_publisher = false;
  EXPECT_EQ(subscribe_and_read("a/1"), Lines{"PUBLISH a/1 x qos=1 retain"});
  harness.settings.retained.checks_publisher = true;
  EXPECT_EQ(subscribe_and_read("a/1"), Lines{});
  harness.authorizer.no_publish = {"from b"};
  harness.rights_changed();
  EXPECT_EQ(subscribe_and_read("a/1"), Lines{"PUBLISH a/1 x qos=1 retain"});
}

TEST_P(RetainedDeliveryTest, AsksForTheNamesThatItsPublisherHad) {
  harness.authenticator.grants = "some rights";
  auto& named = harness.client("named");
  named.connect(
      {.will = WillSays{.topic = "will", .payload = "w", .retain = true}, .user_name = "bell"});
  named.publish("a", "x", {.qos = qos1, .retain = true});
  named.lose();
  harness.settle();
  harness.authorizer.no_publish = {"named will"};
  harness.rights_changed();
  harness.authorizer.asked.clear();
  EXPECT_EQ(subscribe_and_read("a"), Lines{"PUBLISH a x qos=1 retain"});
  EXPECT_EQ(harness.authorizer.asked, std::vector<std::string>{"bell: some rights"});
  EXPECT_EQ(subscribe_and_read("will"), Lines{});
  harness.settings.retained.checks_publisher = false;
  EXPECT_EQ(subscribe_and_read("will").size(), 1U);
}

TEST_P(RetainedDeliveryTest, WithholdsNothingOfTheServerItself) {
  const MessageFields message{.topic = mqtt::TopicName::trusted("a"),
                              .payload = as_bytes("x"),
                              .properties = {},
                              .qos = qos1,
                              .retain = true};
  harness.worker(0).publish(NamespaceId::default_namespace, message);
  harness.settle();
  harness.authorizer.no_publish = {"a"};
  harness.rights_changed();
  EXPECT_EQ(subscribe_and_read("a"), Lines{"PUBLISH a x qos=1 retain"});
}

TEST_P(RetainedDeliveryTest, KeepsNoMoreOfPublishersThanTheLimitOfBytes) {
  harness.settings.retained.bytes = 1000;
  const std::string name(100, 'n');
  for (int i = 0; i < 50; ++i) {
    auto& publisher = harness.client(name + std::to_string(i));
    publisher.connect();
    publisher.publish("a/" + std::to_string(i), "x", {.qos = qos1, .retain = true});
  }
  EXPECT_LE(harness.sum(&Counters::retained_messages), 10U);
  EXPECT_GT(harness.sum(&Counters::retained_messages), 0U);
  for (int i = 0; i < 50; ++i) {
    from.publish("a/" + std::to_string(i), "", {.qos = qos1, .retain = true});
  }
  EXPECT_EQ(harness.sum(&Counters::retained_bytes), 0U);
}

TEST_P(RetainedDeliveryTest, KeepsTheLimits) {
  harness.settings.retained.messages = 2 * harness.worker_count();
  unsigned refused = 0;  // where the publisher's worker can tell; the others are dropped
  for (int i = 0; i < 50; ++i) {
    const PublishSays says{.qos = qos1, .retain = true};
    refused += from.publish("a/" + std::to_string(i), "x", says) == "quota_exceeded" ? 1 : 0;
  }
  EXPECT_EQ(harness.sum(&Counters::retained_messages), 2 * harness.worker_count());
  EXPECT_EQ(harness.sum(&Counters::dropped_retained_full) + refused,
            50 - 2 * harness.worker_count());
  harness.settings.retained.message_bytes = 10;
  EXPECT_EQ(from.publish("big", "more than ten bytes", {.qos = qos1, .retain = true}),
            "quota_exceeded");
  EXPECT_EQ(harness.sum(&Counters::refused_retained), refused + 1);
}

TEST_P(RetainedDeliveryTest, KeepsTheLimitOfBytes) {
  harness.settings.retained.bytes = 1000;
  for (int i = 0; i < 50; ++i) {
    from.publish("a/" + std::to_string(i), std::string(100, 'x'), {.qos = qos1, .retain = true});
  }
  EXPECT_LE(harness.sum(&Counters::retained_bytes), 1000U);
  EXPECT_GT(harness.sum(&Counters::retained_messages), 0U);
  EXPECT_EQ(harness.sum(&Counters::retained_messages) +
                harness.sum(&Counters::dropped_retained_full) +
                harness.sum(&Counters::refused_retained),
            50U);
  from.publish("a/0", "", {.qos = qos1, .retain = true});
  EXPECT_EQ(from.publish("a/0", "x", {.qos = qos1, .retain = true}), "no_matching_subscribers");
}

}  // namespace
}  // namespace peal::broker::test
