#include "peal/broker/publication.hpp"

#include <gtest/gtest.h>

#include "support/broker_client.hpp"

namespace peal::broker::test {
namespace {

using mqtt::ProtocolVersion;
using namespace std::chrono_literals;

constexpr Time now{std::chrono::hours(1)};

std::string words(Bytes bytes, ProtocolVersion version) {
  const auto packet = mqtt::test::read_any(bytes, version);
  return packet && *packet ? words_of(**packet) : "unreadable";
}

class PublicationTest : public testing::Test {
 protected:
  PublicationTest() {
    properties_.pair("z", "1").text(mqtt::PropertyId::content_type, "text").pair("a", "2");
  }
  [[nodiscard]] MessageFields fields(Time expires = never) const {
    return {.topic = mqtt::TopicName::trusted("t"),
            .payload = as_bytes(payload_),
            .properties = properties_.view().raw(),
            .expires = expires};
  }
  OwnProperties properties_;
  std::string payload_ = "x";
  Arena arena_;
};

TEST_F(PublicationTest, EncodesOncePerVersionAndRetainFlag) {
  Publication publication(fields());
  const auto first = publication.encoded(ProtocolVersion::v5, false, now, arena_);
  const std::size_t used = arena_.used();
  const auto again = publication.encoded(ProtocolVersion::v5, false, now, arena_);
  EXPECT_EQ(first.bytes.data(), again.bytes.data());
  EXPECT_EQ(arena_.used(), used);
  EXPECT_EQ(
      words(publication.encoded(ProtocolVersion::v5, true, now, arena_).bytes, ProtocolVersion::v5),
      "PUBLISH t x retain [User Property=z:1, Content Type=text, User Property=a:2]");
  EXPECT_EQ(words(publication.encoded(ProtocolVersion::v3_1_1, false, now, arena_).bytes,
                  ProtocolVersion::v3_1_1),
            "PUBLISH t x");
}

TEST_F(PublicationTest, GivesLargePacketsABlockOfTheirOwn) {
  payload_ = std::string(100'000, 'x');
  Publication publication(fields());
  const auto encoded = publication.encoded(ProtocolVersion::v5, false, now, arena_);
  EXPECT_NE(encoded.owner, nullptr);
  EXPECT_EQ(arena_.used(), 0);
  payload_ = "x";
  Publication small(fields());
  EXPECT_EQ(small.encoded(ProtocolVersion::v5, false, now, arena_).owner, nullptr);
}

TEST_F(PublicationTest, MakesTheLastingFormOnce) {
  Publication publication(fields());
  const Message* message = publication.message().get();
  EXPECT_EQ(publication.message().get(), message);
  EXPECT_EQ(message->topic().text(), "t");
  EXPECT_EQ(message->bytes(), 1 + properties_.view().raw().size() + 1);
  Publication again(publication.message());
  EXPECT_EQ(again.message().get(), message);
}

TEST_F(PublicationTest, SaysWhatIsLeftOfTheTime) {  // [MQTT-3.3.2-6]
  properties_ = {};
  for (const auto& [left, said] : {std::pair<Duration, int>{5000ms, 5}, {4001ms, 5}, {1ms, 1}}) {
    EXPECT_EQ(words(encode_publish(fields(now + left), {}, ProtocolVersion::v5, now, arena_),
                    ProtocolVersion::v5),
              "PUBLISH t x [Message Expiry Interval=" + std::to_string(said) + "]");
  }
}

TEST_F(PublicationTest, WritesWhatDiffersBetweenReceivers) {  // [MQTT-3.3.4-3]
  properties_ = {};
  const std::uint32_t identifiers[] = {1, 300};
  const PublishHeader header{.packet_id = mqtt::PacketId{7},
                             .qos = mqtt::QoS::at_least_once,
                             .retain = true,
                             .dup = true,
                             .identifiers = identifiers,
                             .topic_alias = 2,
                             .is_topic_left_out = true};
  EXPECT_EQ(words(encode_publish(fields(), header, ProtocolVersion::v5, now, arena_),
                  ProtocolVersion::v5),
            "PUBLISH  x qos=1 retain dup [Topic Alias=2, Subscription Identifier=1, Subscription "
            "Identifier=300]");
}

}  // namespace
}  // namespace peal::broker::test
