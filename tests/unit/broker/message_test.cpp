#include "peal/broker/message.hpp"

#include <gtest/gtest.h>

namespace peal::broker {
namespace {

TEST(MessageTest, KeepsWhatItWasMadeFrom) {
  const Time expires{std::chrono::hours(2)};
  std::string topic = "a/b";
  std::string payload = "payload";
  const MessageRef message = Message::make({.topic = mqtt::TopicName::trusted(topic),
                                            .payload = as_bytes(payload),
                                            .properties = as_bytes("xyz"),
                                            .qos = mqtt::QoS::exactly_once,
                                            .retain = true,
                                            .expires = expires,
                                            .publisher = PublisherId{7}});
  topic = payload = "gone";
  const MessageFields fields = message->fields();
  EXPECT_EQ(fields.topic.text(), "a/b");
  EXPECT_EQ(as_text(fields.payload), "payload");
  EXPECT_EQ(as_text(fields.properties), "xyz");
  EXPECT_EQ(fields.qos, mqtt::QoS::exactly_once);
  EXPECT_TRUE(fields.retain);
  EXPECT_EQ(fields.publisher, PublisherId{7});
  EXPECT_EQ(message->bytes(), 13);
  EXPECT_FALSE(message->is_expired(expires - Duration(1)));
  EXPECT_TRUE(message->is_expired(expires));
}

}  // namespace
}  // namespace peal::broker
