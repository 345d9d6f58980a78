// Mail between two threads: everything arrives, in order, also when the ring is full again and
// again.
#include "peal/server/post_office.hpp"

#include <gtest/gtest.h>
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
        static_cast<std::uint32_t>(std::stoul(std::string(packed.message.topic.text()))));
  }
  void operator()(Letter& letter) const {
    const auto& mail = std::get<broker::Mail>(letter);
    received.push_back(static_cast<std::uint32_t>(std::get<broker::mail::Known>(mail).barrier));
  }
};

/// Sends `number`: every third as a letter, the others as messages.
void send_number(Mailbox& mailbox, std::uint32_t number) {
  if (number % 3 == 0) {
    mailbox.send(broker::WorkerIndex{1},
                 broker::mail::Known{static_cast<broker::BarrierId>(number)});
    return;
  }
  const std::string text = std::to_string(number);
  broker::Publication publication(
      {.topic = mqtt::TopicName::trusted(text), .payload = {}, .properties = {}});
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
  std::size_t position = 0;
  const Unpacked first = unpack(batch, position);
  EXPECT_EQ(first.message.topic.text(), "a/b");
  EXPECT_EQ(as_text(first.message.payload), payload);
  EXPECT_EQ(as_text(first.message.properties), "pp");
  EXPECT_EQ(first.message.qos, mqtt::QoS::exactly_once);
  EXPECT_TRUE(first.message.retain && first.how.for_sessions && first.how.for_groups);
  EXPECT_EQ(first.message.expires, Time(Duration(77)));
  EXPECT_EQ(first.how.space, broker::NamespaceId{3});
  const Unpacked second = unpack(batch, position);
  EXPECT_EQ(second.message.topic.text(), "c");
  EXPECT_EQ(second.message.expires, broker::never);
  EXPECT_EQ(position, batch.packed.bytes().size());
}

}  // namespace
}  // namespace peal::server
