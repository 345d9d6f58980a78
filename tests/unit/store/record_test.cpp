#include "peal/store/record.hpp"

#include <functional>
#include <gtest/gtest.h>

namespace peal::store {
namespace {

using namespace std::chrono_literals;

const WallClock wall(Time{5000ms}, 1'700'000'000'000);

broker::MessageFields sample_message() {
  return {.topic = mqtt::TopicName::trusted("a/b"),
          .payload = as_bytes("payload"),
          .properties = as_bytes("props"),
          .qos = mqtt::QoS::exactly_once,
          .retain = true,
          .expires = Time{9000ms},
          .publisher = broker::PublisherId{77}};
}

void expect_same(const broker::MessageFields& a, const broker::MessageFields& b) {
  EXPECT_EQ(a.topic, b.topic);
  EXPECT_EQ(as_text(a.payload), as_text(b.payload));
  EXPECT_EQ(as_text(a.properties), as_text(b.properties));
  EXPECT_EQ(a.qos, b.qos);
  EXPECT_EQ(a.retain, b.retain);
  EXPECT_EQ(a.expires, b.expires);
  EXPECT_EQ(a.publisher, b.publisher);
}

/// Whole it can be read; cut at any length, or with a byte more, it cannot.
void expect_only_whole(const std::string& value, const std::function<bool(Bytes)>& can_read) {
  EXPECT_TRUE(can_read(as_bytes(value)));
  for (std::size_t size = 0; size < value.size(); ++size) {
    EXPECT_FALSE(can_read(as_bytes(std::string(value, 0, size)))) << size;
  }
  EXPECT_FALSE(can_read(as_bytes(value + "x")));
}

/// Whatever one byte becomes, reading ends.
void flip_each_byte(const std::string& value, const std::function<bool(Bytes)>& can_read) {
  for (std::size_t at = 0; at < value.size(); ++at) {
    for (const int change : {0x01, 0x80, 0xFF}) {
      std::string changed = value;
      changed[at] = static_cast<char>(changed[at] ^ change);
      (void)can_read(as_bytes(changed));
    }
  }
}

TEST(WallClock, ConvertsBothWaysAndKeepsNever) {
  EXPECT_EQ(wall.to_disk(Time{5000ms}), 1'700'000'000'000U);
  EXPECT_EQ(wall.from_disk(1'700'000'000'500), Time{5500ms});
  EXPECT_EQ(wall.to_disk(broker::never), 0U);
  EXPECT_EQ(wall.from_disk(0), broker::never);
  EXPECT_EQ(wall.from_disk(~std::uint64_t{0}), broker::never);
  EXPECT_EQ(wall.from_disk(1), Time{Duration{1 - 1'700'000'000'000 + 5000}});
}

TEST(Record, SessionRoundTrip) {
  const broker::StoredSession session{.id = StoredId{9},
                                      .space = NamespaceId{3},
                                      .client_id = "client",
                                      .user = "user",
                                      .grants = "allow all a",
                                      .expiry_interval = std::chrono::duration<std::uint32_t>{60},
                                      .is_away = true,
                                      .away_since = Time{6000ms},
                                      .has_will = true,
                                      .will = {.topic = mqtt::TopicName::trusted("will"),
                                               .payload = as_bytes("gone"),
                                               .properties = as_bytes("wp"),
                                               .qos = mqtt::QoS::at_least_once,
                                               .retain = true,
                                               .delay = 5s,
                                               .expiry = 7s,
                                               .has_expiry = true}};
  std::string value;
  encode_session(value, session, wall);
  const auto read = decode_session(as_bytes(value), wall);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->space, session.space);
  EXPECT_EQ(read->client_id, "client");
  EXPECT_EQ(read->user, "user");
  EXPECT_EQ(read->grants, "allow all a");
  EXPECT_EQ(read->expiry_interval.count(), 60U);
  EXPECT_TRUE(read->is_away);
  EXPECT_EQ(read->away_since, Time{6000ms});
  ASSERT_TRUE(read->has_will);
  EXPECT_EQ(read->will->topic().text(), "will");
  EXPECT_EQ(as_text(read->will->payload()), "gone");
  EXPECT_EQ(as_text(read->will->properties()), "wp");
  EXPECT_TRUE(read->will->retain_flag());
  EXPECT_EQ(read->will_delay, 5s);
  EXPECT_EQ(read->will_expiry, 7s);
  EXPECT_TRUE(read->will_has_expiry);
  const auto can_read = [](Bytes bytes) { return decode_session(bytes, wall).has_value(); };
  expect_only_whole(value, can_read);
  flip_each_byte(value, can_read);
}

TEST(Record, SubscriptionRoundTrip) {
  const broker::StoredSubscription subscription{
      .filter = "$share/g/a/+",
      .options = {.qos = mqtt::QoS::exactly_once,
                  .no_local = true,
                  .retain_as_published = true,
                  .retain_handling = mqtt::RetainHandling::do_not_send},
      .identifier = 268'435'455};
  std::string value;
  encode_subscription(value, subscription);
  const auto read = decode_subscription(subscription.filter, as_bytes(value));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->filter, subscription.filter);
  EXPECT_EQ(read->options, subscription.options);
  EXPECT_EQ(read->identifier, subscription.identifier);
  EXPECT_FALSE(decode_subscription("a/#/b", as_bytes(value)));
  const auto can_read = [](Bytes bytes) { return decode_subscription("a", bytes).has_value(); };
  expect_only_whole(value, can_read);
  flip_each_byte(value, can_read);
}

TEST(Record, PendingRoundTrip) {
  broker::StoredCopy copy;
  copy.qos = mqtt::QoS::at_least_once;
  copy.retain = true;
  copy.identifiers = {1, 2, 70'000};
  std::string value;
  encode_pending(value, copy, sample_message(), wall);
  const auto read = decode_pending(as_bytes(value), wall);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->copy.qos, copy.qos);
  EXPECT_TRUE(read->copy.retain);
  EXPECT_EQ(read->copy.identifiers, copy.identifiers);
  EXPECT_EQ(read->copy.bytes, 15U);
  expect_same(read->message, sample_message());
  const auto can_read = [](Bytes bytes) { return decode_pending(bytes, wall).has_value(); };
  expect_only_whole(value, can_read);
  flip_each_byte(value, can_read);
}

TEST(Record, RetainedRoundTripTakesTheTopicFromTheKey) {
  std::string value;
  encode_retained(value, sample_message(), {"client", "user", "rights"}, wall);
  const auto read = decode_retained("a/b", as_bytes(value), wall);
  ASSERT_TRUE(read);
  expect_same(read->message, sample_message());
  EXPECT_EQ(read->publisher.client_id, "client");
  EXPECT_EQ(read->publisher.user, "user");
  EXPECT_EQ(read->publisher.grants, "rights");
  EXPECT_FALSE(decode_retained("a/#", as_bytes(value), wall));
  EXPECT_FALSE(decode_retained("", as_bytes(value), wall));
  const auto can_read = [](Bytes bytes) { return decode_retained("t", bytes, wall).has_value(); };
  expect_only_whole(value, can_read);
  flip_each_byte(value, can_read);
}

TEST(Record, RetainedOfVersion1HasNoPublisher) {
  std::string value;
  encode_retained(value, sample_message(), {}, wall);
  value.resize(value.size() - 8);  // three empty texts
  value[0] = 1;
  const auto read = decode_retained("a/b", as_bytes(value), wall);
  ASSERT_TRUE(read);
  expect_same(read->message, sample_message());
  EXPECT_TRUE(read->publisher.client_id.empty());
  expect_only_whole(value,
                    [](Bytes bytes) { return decode_retained("t", bytes, wall).has_value(); });
}

TEST(Record, FlightAndNumberRoundTrip) {
  std::string value;
  encode_flight(value, {mqtt::PacketId{300}, true});
  const auto flight = decode_flight(as_bytes(value));
  ASSERT_TRUE(flight);
  EXPECT_EQ(flight->packet_id, mqtt::PacketId{300});
  EXPECT_TRUE(flight->is_released);
  expect_only_whole(value, [](Bytes bytes) { return decode_flight(bytes).has_value(); });

  std::string number;
  encode_number(number, 1ULL << 40);
  EXPECT_EQ(decode_number(as_bytes(number)), 1ULL << 40);
  expect_only_whole(number, [](Bytes bytes) { return decode_number(bytes).has_value(); });
}

TEST(Record, KeysSortAsNumbersDo) {
  EXPECT_LT(session_key(StoredId{255}), session_key(StoredId{256}));
  EXPECT_LT(copy_key(StoredId{1}, KeptId{999}), copy_key(StoredId{2}, KeptId{1}));
  EXPECT_LT(page_key(StreamId{1}, PageNumber{255}), page_key(StreamId{1}, PageNumber{256}));
  EXPECT_LT(subscription_key(StoredId{1}, "\xff\xff"), behind_session_key(StoredId{1}));
  EXPECT_EQ(copy_of_key(copy_key(StoredId{7}, KeptId{8})), (CopyName{StoredId{7}, KeptId{8}}));
  EXPECT_FALSE(copy_of_key("short"));
  EXPECT_EQ(page_of_key(page_key(StreamId{7}, PageNumber{8})),
            (PageName{StreamId{7}, PageNumber{8}}));
  EXPECT_EQ(stream_of(kept_id(StreamId{8'388'607}, sequence_limit - 1)), StreamId{8'388'607});
  EXPECT_EQ(std::to_underlying(kept_id(StreamId{stream_limit - 1}, sequence_limit - 1)) >> 63, 0U);
}

}  // namespace
}  // namespace peal::store
