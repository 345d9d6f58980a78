// Mail between two threads: everything arrives, in order, also when the ring is full again and
// again.
#include "peal/server/post_office.hpp"

#include <gtest/gtest.h>
#include <numeric>
#include <thread>

#include "peal/broker/publication.hpp"
#include "peal/net/loop.hpp"
#include "peal/server/client.hpp"

namespace peal::server {
namespace {

/// Takes the numbers that the tests send, packed or as letters.
struct Numbers {
  std::vector<std::uint32_t>& received;
  void operator()(const Unpacked& packed) const {
    received.push_back(
        static_cast<std::uint32_t>(std::stoul(std::string(as_text(packed.message.payload)))));
  }
  void operator()(const broker::PublishRun& run) const {
    broker::RunReader reader(run);
    while (const auto message = reader.next()) {
      (*this)(Unpacked{.how = {}, .message = *message});
    }
  }
  void operator()(Letter& letter) const {
    const auto& mail = std::get<broker::Mail>(letter);
    received.push_back(static_cast<std::uint32_t>(std::get<broker::mail::Known>(mail).barrier));
  }
};

/// Variable header and payload of a QoS 0 PUBLISH.
std::string body_of(std::string_view topic, std::string_view payload, bool is_v5) {
  std::string body{'\0', static_cast<char>(topic.size())};
  body += topic;
  body += std::string(is_v5 ? 1 : 0, '\0');
  body += payload;
  return body;
}

/// Sends `number`: every seventh as a letter, every fifth as a message by itself, the others in
/// runs.
void send_number(Mailbox& mailbox, std::uint32_t number) {
  if (number % 7 == 0) {
    mailbox.send(broker::WorkerIndex{1},
                 broker::mail::Known{static_cast<broker::BarrierId>(number)});
    return;
  }
  const std::string text = std::to_string(number);
  broker::Publication publication(
      {.topic = mqtt::TopicName::trusted("t"), .payload = as_bytes(text), .properties = {}});
  const std::string body = body_of("t", text, true);
  if (number % 5 != 0) {
    publication.came_as({.body = as_bytes(body), .is_v5 = true});
  }
  mailbox.forward(broker::WorkerIndex{1}, {}, publication);
}

TEST(PostOffice, BringsEverythingInOrder) {
  constexpr std::uint32_t letters = 50'000;
  PostOffice office(2);
  net::Loop loops[2];
  office.set_loop(0, loops[0]);
  office.set_loop(1, loops[1]);
  std::vector<std::uint32_t> received;
  std::thread receiver([&] {
    Mailbox mailbox(office, 1);
    while (received.size() < letters) {
      loops[1].announce_sleep();
      loops[1].poll(std::chrono::milliseconds(mailbox.has_mail() ? 0 : 1000));
      mailbox.collect(Numbers{received});
      mailbox.give_back();
    }
  });
  Mailbox mailbox(office, 0);
  for (std::uint32_t i = 0; i < letters; ++i) {
    send_number(mailbox, i);
    if (i % 77 == 0) {
      mailbox.dispatch();
    }
  }
  do {
    mailbox.dispatch();
    std::this_thread::yield();
  } while (mailbox.has_backlog());
  receiver.join();
  ASSERT_EQ(received.size(), letters);
  for (std::uint32_t i = 0; i < letters; ++i) {
    ASSERT_EQ(received[i], i);
  }
}

TEST(Mailbox, IsCongestedWhenNobodyCollects) {
  PostOffice office(2);
  net::Loop loops[2];
  office.set_loop(0, loops[0]);
  office.set_loop(1, loops[1]);
  Mailbox mailbox(office, 0);
  EXPECT_FALSE(mailbox.is_congested());
  for (int i = 0; i < 70'000; ++i) {
    mailbox.send(broker::WorkerIndex{1}, broker::mail::Known{});
  }
  mailbox.dispatch();
  EXPECT_TRUE(mailbox.is_congested());
}

TEST(Packing, BringsEveryField) {
  Batch batch;
  const std::string payload(100, 'x');
  const broker::MessageFields message{.topic = mqtt::TopicName::trusted("a/b"),
                                      .payload = as_bytes(payload),
                                      .properties = as_bytes("pp"),
                                      .qos = mqtt::QoS::exactly_once,
                                      .retain = true,
                                      .expires = Time(Duration(77))};
  pack(batch, {.space = broker::NamespaceId{3}, .for_sessions = true, .for_groups = true}, message);
  pack(batch, {}, {.topic = mqtt::TopicName::trusted("c"), .payload = {}, .properties = {}});
  Unpacking unpacking(batch);
  const auto first = std::get<Unpacked>(unpacking.next());
  EXPECT_EQ(first.message.topic.text(), "a/b");
  EXPECT_EQ(as_text(first.message.payload), payload);
  EXPECT_EQ(as_text(first.message.properties), "pp");
  EXPECT_EQ(first.message.qos, mqtt::QoS::exactly_once);
  EXPECT_TRUE(first.message.retain && first.how.for_sessions && first.how.for_groups);
  EXPECT_EQ(first.message.expires, Time(Duration(77)));
  EXPECT_EQ(first.how.space, broker::NamespaceId{3});
  const auto second = std::get<Unpacked>(unpacking.next());
  EXPECT_EQ(second.message.topic.text(), "c");
  EXPECT_EQ(second.message.expires, broker::never);
}

/// Packs one packet of `topic`.
void pack_plain(Batch& batch, std::string_view topic, std::string_view payload, bool is_v5 = true,
                broker::NamespaceId space = {}) {
  const std::string body = body_of(topic, payload, is_v5);
  pack(batch, space, mqtt::TopicName::trusted(topic), {.body = as_bytes(body), .is_v5 = is_v5});
}

/// The lengths of the runs that `batch` holds.
std::vector<std::uint32_t> run_lengths(const Batch& batch) {
  std::vector<std::uint32_t> lengths;
  for (const PackedHead& head : batch.heads) {
    lengths.push_back(std::get<RunHead>(head).count);
  }
  return lengths;
}

TEST(Packing, JoinsPacketsOfOneTopic) {
  Batch batch;
  pack_plain(batch, "t", "one");
  pack_plain(batch, "t", std::string(200, 'x'));
  const auto run = std::get<broker::PublishRun>(Unpacking(batch).next());
  EXPECT_EQ(run.count, 2U);
  EXPECT_EQ(run.largest_bytes, 207U);
  EXPECT_EQ(run.topic().text(), "t");
  EXPECT_EQ(as_text(run.packets), std::string("\x30\x07\x00\x01t\0one", 9) +
                                      std::string("\x30\xCC\x01\x00\x01t\0", 7) +
                                      std::string(200, 'x'));
}

TEST(Packing, BeginsANewRunWhenSomethingDiffers) {
  Batch batch;
  pack_plain(batch, "t", "1");
  pack_plain(batch, "u", "2");
  pack_plain(batch, "u", "3", false);
  pack_plain(batch, "u", "4", false, broker::NamespaceId{1});
  pack_plain(batch, "u", "5", false, broker::NamespaceId{1});
  EXPECT_EQ(run_lengths(batch), (std::vector<std::uint32_t>{1, 1, 1, 2}));
  EXPECT_EQ(std::get<Packed>(batch.letters.front()).count, 4U);
}

TEST(Packing, LimitsARun) {
  Batch batch;
  for (int i = 0; i < 100; ++i) {
    pack_plain(batch, "t", std::string(2000, 'x'));
  }
  const auto lengths = run_lengths(batch);
  EXPECT_EQ(lengths.size(), 4U);
  EXPECT_EQ(std::accumulate(lengths.begin(), lengths.end(), 0U), 100U);
}

TEST(Packing, KeepsTheOrderAroundARun) {
  Batch batch;
  pack_plain(batch, "t", "1");
  pack(batch, {}, {.topic = mqtt::TopicName::trusted("t"), .payload = {}, .properties = {}});
  pack_plain(batch, "t", "2");
  batch.letters.emplace_back(broker::Mail{broker::mail::Known{}});
  pack_plain(batch, "t", "3");
  ASSERT_EQ(batch.letters.size(), 3U);
  EXPECT_EQ(std::get<Packed>(batch.letters[0]).count, 3U);
  EXPECT_EQ(std::get<Packed>(batch.letters[2]).count, 1U);
  Unpacking unpacking(batch);
  EXPECT_EQ(std::get<broker::PublishRun>(unpacking.next()).count, 1U);
  EXPECT_EQ(std::get<Unpacked>(unpacking.next()).message.topic.text(), "t");
  EXPECT_EQ(std::get<broker::PublishRun>(unpacking.next()).packets.back(), '2');
  EXPECT_EQ(std::get<broker::PublishRun>(unpacking.next()).packets.back(), '3');
}

}  // namespace
}  // namespace peal::server
