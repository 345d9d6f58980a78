// A message finds everything that wants it, wherever that lives. (MQTT 5 §4.5, §4.7)
#include <algorithm>

#include "support/broker_test.hpp"

namespace peal::broker::test {
namespace {

using RouterTest = BrokerTest;
PEAL_WITH_WORKERS(RouterTest);

TEST_P(RouterTest, BringsAMessageToEveryWorkerOnce) {  // [MQTT-4.5.0-1]
  std::vector<TestClient*> all;
  for (unsigned i = 0; i < 12; ++i) {
    all.push_back(&harness.client_on(i, "c" + std::to_string(i)));
    all.back()->connect();
    all.back()->subscribe(i % 2 == 0 ? "a/+" : "a/#", qos1);
  }
  all[0]->publish("a/b", "x", {.qos = qos1});
  for (TestClient* client : all) {
    EXPECT_EQ(client->read_all(), Lines{"PUBLISH a/b x qos=1"}) << client->id();
  }
  all[0]->send_publish("a/b", "y");
  EXPECT_EQ(harness.mail_count(), harness.worker_count() - 1);
  all[0]->send_publish("other", "y");
  EXPECT_EQ(harness.mail_count(), harness.worker_count() - 1);
}

TEST_P(RouterTest, KeepsTheOrderOfOnePublisher) {  // [MQTT-4.6.0-5]
  auto& from = harness.client_on(0, "from");
  from.connect();
  std::vector<TestClient*> to;
  for (unsigned i = 0; i < 4; ++i) {
    to.push_back(&harness.client_on(i, "to" + std::to_string(i)));
    to.back()->connect();
    to.back()->subscribe("#", qos2);
  }
  Lines expected[3];
  for (int i = 0; i < 60; ++i) {
    const auto qos = static_cast<QoS>(i % 3);
    from.send_publish("a", std::to_string(i), {.qos = qos});
    const std::string suffix = i % 3 == 0 ? "" : " qos=" + std::to_string(i % 3);
    expected[i % 3].push_back("PUBLISH a " + std::to_string(i) + suffix);
  }
  harness.settle();
  for (TestClient* client : to) {
    Lines seen[3];
    for (std::string& line : client->read_all()) {
      const char last = line.back();
      const bool has_qos = line.find("qos=") != std::string::npos;
      seen[has_qos ? last - '0' : 0].push_back(std::move(line));
    }
    for (int qos = 0; qos < 3; ++qos) {
      EXPECT_EQ(seen[qos], expected[qos]) << client->id();
    }
  }
}

TEST_P(RouterTest, LeavesNoRetainedMessageOfAnOlderPublish) {
  auto& from = harness.client_on(1, "from");
  from.connect();
  for (int i = 0; i < 20; ++i) {
    from.send_publish("a/" + std::to_string(i % 3), std::to_string(i), {.retain = true});
  }
  harness.settle();
  auto& late = harness.client_on(2, "late");
  late.connect();
  late.subscribe("a/+");
  auto seen = late.read_all();
  std::ranges::sort(seen);
  EXPECT_EQ(seen,
            (Lines{"PUBLISH a/0 18 retain", "PUBLISH a/1 19 retain", "PUBLISH a/2 17 retain"}));
}

TEST_P(RouterTest, ServesTheServersOwnMessages) {
  auto& to = harness.client("to");
  to.connect();
  to.subscribe("$SYS/#");
  harness.worker(harness.worker_count() - 1)
      .publish(NamespaceId::default_namespace, {.topic = mqtt::TopicName::trusted("$SYS/broker"),
                                                .payload = as_bytes("1"),
                                                .properties = {}});
  harness.settle();
  EXPECT_EQ(to.read(), "PUBLISH $SYS/broker 1");
}

TEST_P(RouterTest, KeepsNamespacesApart) {
  auto& in_default = harness.client("client");
  in_default.connect();
  in_default.subscribe("#");
  harness.listener.space = 1;
  auto& elsewhere = harness.client("other");
  elsewhere.connect();
  elsewhere.publish("a", "x", {.retain = true});
  EXPECT_EQ(in_default.read(), "nothing");
}

}  // namespace
}  // namespace peal::broker::test
