#include "peal/broker/incoming_properties.hpp"

#include <gtest/gtest.h>

#include "support/broker_client.hpp"

namespace peal::broker::test {
namespace {

using mqtt::PropertyId;
using mqtt::ReasonCode;

class IncomingPropertiesTest : public testing::Test {
 protected:
  [[nodiscard]] auto read() { return read_incoming(properties_.view(), limits_, arena_); }
  OwnProperties properties_;
  Settings::Limits limits_;
  Arena arena_;
};

TEST_F(IncomingPropertiesTest, TakesOutWhatIsThisHopsOwn) {
  properties_.pair("a", "1")
      .number(PropertyId::topic_alias, 5)
      .number(PropertyId::message_expiry_interval, 60)
      .number(PropertyId::payload_format_indicator, 1)
      .pair("b", "2");
  const auto incoming = read();
  ASSERT_TRUE(incoming);
  EXPECT_EQ(incoming->topic_alias, 5);
  EXPECT_TRUE(incoming->has_expiry);
  EXPECT_EQ(incoming->expiry.count(), 60);
  EXPECT_TRUE(incoming->is_utf8_claimed);
  OwnProperties expected;
  expected.pair("a", "1").number(PropertyId::payload_format_indicator, 1).pair("b", "2");
  EXPECT_EQ(as_text(incoming->forwarded), as_text(expected.view().raw()));
}

TEST_F(IncomingPropertiesTest, LeavesTheRestWhereItIs) {
  properties_.pair("a", "1").text(PropertyId::response_topic, "r");
  const auto incoming = read();
  ASSERT_TRUE(incoming);
  EXPECT_EQ(incoming->forwarded.data(), properties_.view().raw().data());
  EXPECT_EQ(arena_.used(), 0);
}

TEST_F(IncomingPropertiesTest, RefusesWhatAClientMayNotSay) {
  properties_.number(PropertyId::subscription_identifier, 1);
  EXPECT_EQ(read().error().reason, ReasonCode::protocol_error);  // [MQTT-3.3.4-6]
  properties_ = {};
  properties_.text(PropertyId::response_topic, "a/#");
  EXPECT_EQ(read().error().reason, ReasonCode::protocol_error);  // [MQTT-3.3.2-14]
}

TEST_F(IncomingPropertiesTest, KeepsTheLimits) {
  limits_.user_properties = 2;
  properties_.pair("a", "1").pair("b", "2");
  EXPECT_TRUE(read());
  properties_.pair("c", "3");
  EXPECT_EQ(read().error().reason, ReasonCode::quota_exceeded);
  limits_ = {};
  limits_.properties_bytes = 10;
  EXPECT_EQ(read().error().reason, ReasonCode::quota_exceeded);
}

}  // namespace
}  // namespace peal::broker::test
