// Mail between two threads: everything arrives, in order, also when the ring is full again and
// again.
#include "peal/server/post_office.hpp"

#include <gtest/gtest.h>
#include <thread>

#include "peal/net/loop.hpp"
#include "peal/server/client.hpp"

namespace peal::server {
namespace {

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
      loops[1].poll(std::chrono::milliseconds(mailbox.is_pending() ? 0 : 1000));
      mailbox.collect(100, [&](Letter& letter) {
        const auto& mail = std::get<broker::Mail>(letter);
        received.push_back(static_cast<std::uint32_t>(std::get<broker::mail::Known>(mail).barrier));
      });
    }
  });
  Mailbox mailbox(office, 0);
  for (std::uint32_t i = 0; i < letters; ++i) {
    mailbox.send(broker::WorkerIndex{1}, broker::mail::Known{static_cast<broker::BarrierId>(i)});
    if (i % 777 == 0) {
      mailbox.dispatch();
    }
  }
  while (mailbox.is_pending()) {
    mailbox.dispatch();
    std::this_thread::yield();
  }
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
  for (int i = 0; i < 20'000; ++i) {
    mailbox.send(broker::WorkerIndex{1}, broker::mail::Known{});
  }
  mailbox.dispatch();
  EXPECT_TRUE(mailbox.is_congested());
}

}  // namespace
}  // namespace peal::server
