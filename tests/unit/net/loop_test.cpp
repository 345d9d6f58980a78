// The loop: waiting, waking, turns, and sources that go while their event is under way.
#include "peal/net/loop.hpp"

#include <array>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace peal::net {
namespace {

using namespace std::chrono_literals;

/// One end of a socket pair that notes what the loop says.
class Source final : public EventSource {
 public:
  Source() {
    std::array<int, 2> fds{};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()), 0);
    fd = fds[0];
    other = fds[1];
  }
  ~Source() override {
    ::close(fd);
    ::close(other);
  }
  void on_event(std::uint32_t events) override {
    ++turns;
    last_events = events;
    if (action) {
      action();
    }
  }
  int fd = -1;
  int other = -1;
  int turns = 0;
  std::uint32_t last_events = 0;
  std::function<void()> action;
};

TEST(Loop, waits_no_longer_than_asked) {
  Loop loop;
  const auto before = std::chrono::steady_clock::now();
  loop.poll(20ms);
  EXPECT_GE(std::chrono::steady_clock::now() - before, 19ms);
}

TEST(Loop, reports_a_readable_source_once) {
  Loop loop;
  Source source;
  ASSERT_TRUE(loop.add(source.fd, source));
  loop.poll(0ms);  // writable from the beginning
  EXPECT_EQ(source.turns, 1);
  EXPECT_EQ(source.last_events, static_cast<std::uint32_t>(EPOLLOUT));
  ASSERT_EQ(::write(source.other, "x", 1), 1);
  loop.poll(1s);
  EXPECT_EQ(source.turns, 2);
  EXPECT_NE(source.last_events & EPOLLIN, 0U);
  loop.poll(0ms);  // edge-triggered: not again, though it was not read
  EXPECT_EQ(source.turns, 2);
  loop.remove(source.fd, source);
}

TEST(Loop, serves_again_without_waiting_and_once_in_an_iteration) {
  Loop loop;
  Source source;
  ASSERT_TRUE(loop.add(source.fd, source));
  loop.poll(0ms);
  loop.again(source);
  loop.again(source);
  ASSERT_EQ(::write(source.other, "x", 1), 1);  // an event and a turn at the same time
  loop.poll(-1ms);
  EXPECT_EQ(source.turns, 2);
  EXPECT_NE(source.last_events & EPOLLIN, 0U);
  loop.remove(source.fd, source);
}

TEST(Loop, forgets_a_source_whose_event_is_in_the_same_batch) {
  Loop loop;
  std::array<Source, 3> sources;
  for (Source& source : sources) {
    ASSERT_TRUE(loop.add(source.fd, source));
    source.action = [&] {
      for (Source& other : sources) {
        if (&other != &source) {
          loop.remove(other.fd, other);
        }
      }
    };
  }
  loop.poll(0ms);
  EXPECT_EQ(sources[0].turns + sources[1].turns + sources[2].turns, 1);
}

TEST(Loop, forgets_a_source_that_asked_for_a_turn) {
  Loop loop;
  Source first;
  Source second;
  ASSERT_TRUE(loop.add(first.fd, first));
  ASSERT_TRUE(loop.add(second.fd, second));
  loop.poll(0ms);
  loop.again(first);
  loop.again(second);
  first.action = [&] { loop.remove(second.fd, second); };
  loop.poll(0ms);
  EXPECT_EQ(first.turns, 2);
  EXPECT_EQ(second.turns, 1);
}

TEST(Loop, wake_ends_a_wait_from_another_thread) {
  Loop loop;
  for (int round = 0; round < 100; ++round) {
    loop.announce_sleep();
    std::jthread waker([&] { loop.wake(); });
    loop.poll(-1ms);
  }
}

TEST(Loop, wake_costs_nothing_while_the_loop_is_awake) {
  Loop loop;
  loop.wake();
  loop.announce_sleep();
  const auto before = std::chrono::steady_clock::now();
  loop.poll(10ms);
  EXPECT_GE(std::chrono::steady_clock::now() - before, 9ms);
}

TEST(Loop, later_runs_in_the_sweep_with_what_it_adds) {
  Loop loop;
  int runs = 0;
  loop.later([&] {
    ++runs;
    loop.later([&] { ++runs; });
  });
  loop.poll(-1ms);  // does not wait: there is work
  EXPECT_EQ(runs, 0);
  loop.sweep();
  EXPECT_EQ(runs, 2);
}

}  // namespace
}  // namespace peal::net
