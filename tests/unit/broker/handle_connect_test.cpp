// CONNECT and what it is answered with. (MQTT 5 §3.1, §3.2)
#include "support/broker_test.hpp"

namespace peal::broker::test {
namespace {

using HandleConnectTest = BrokerTest;
PEAL_WITH_WORKERS(HandleConnectTest);

TEST_P(HandleConnectTest, AnswersWithSuccess) {  // [MQTT-3.1.4-5] [MQTT-3.2.0-1]
  auto& alice = harness.client("alice");
  EXPECT_EQ(alice.connect(), "CONNACK success");
  EXPECT_EQ(alice.read(), "nothing");
}

}  // namespace
}  // namespace peal::broker::test
