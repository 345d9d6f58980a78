// PUBACK, PUBREC, PUBREL and PUBCOMP from a client. (MQTT 5 §4.3)
#include "support/broker_test.hpp"

namespace peal::broker::test {
namespace {

class HandleAckTest : public BrokerTest {
 protected:
  /// Sends one message with `qos` to `to`, which acknowledges nothing by itself.
  PacketId deliver(QoS qos) {
    to.connect();
    to.subscribe("a", qos);
    to.acknowledges = false;
    from.connect();
    from.publish("a", "x", {.qos = qos});
    return to.take().publish().packet_id;
  }
  static std::string words(std::string_view packet, PacketId id, std::string_view reason) {
    return std::string(packet) + " " + std::to_string(static_cast<unsigned>(id)) + " " +
           std::string(reason);
  }
  TestClient& from = harness.client("from");
  TestClient& to = harness.client("to");
};
PEAL_WITH_WORKERS(HandleAckTest);

TEST_P(HandleAckTest, FinishesQos1WithPuback) {
  to.send_ack(PacketType::puback, deliver(qos1));
  EXPECT_EQ(harness.sum(&Counters::queued_messages), 0);
}

TEST_P(HandleAckTest, TakesARefusalOfQos1AsTheEnd) {
  to.send_ack(PacketType::puback, deliver(qos1), ReasonCode::quota_exceeded);
  EXPECT_EQ(harness.sum(&Counters::queued_messages), 0);
}

TEST_P(HandleAckTest, WalksTheStepsOfQos2) {  // [MQTT-4.3.3-4] [MQTT-4.3.3-5] [MQTT-4.3.3-6]
  const PacketId id = deliver(qos2);
  to.send_ack(PacketType::pubrec, id);
  EXPECT_EQ(to.read(), words("PUBREL", id, "success"));
  to.send_ack(PacketType::pubrec, id);  // once more: the same answer
  EXPECT_EQ(to.read(), words("PUBREL", id, "success"));
  EXPECT_EQ(harness.sum(&Counters::queued_messages), 1);
  to.send_ack(PacketType::pubcomp, id);
  EXPECT_EQ(harness.sum(&Counters::queued_messages), 0);
  to.send_ack(PacketType::pubcomp, id);
  EXPECT_EQ(to.read(), "nothing");
}

TEST_P(HandleAckTest, TakesARefusalOfQos2AsTheEnd) {
  to.send_ack(PacketType::pubrec, deliver(qos2), ReasonCode::unspecified_error);
  EXPECT_EQ(to.read(), "nothing");
  EXPECT_EQ(harness.sum(&Counters::queued_messages), 0);
}

}  // namespace
}  // namespace peal::broker::test
