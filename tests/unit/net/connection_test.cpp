// A plain connection: reading, keeping, writing, waiting for the socket, ending.
#include "peal/net/connection.hpp"

#include <gtest/gtest.h>
#include <sys/epoll.h>

#include "tests/unit/net/connection_support.hpp"

#include "peal/base/arena.hpp"

namespace peal::net {
namespace {

using namespace std::chrono_literals;

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) {
    text[i] = static_cast<char>('a' + i % 23);
  }
  return text;
}

/// Reads on the other end and lets the loop turn until `size` bytes have come or nothing moves.
std::string hear_all(Duo& duo, std::size_t size) {
  std::string text;
  for (int idle = 0; text.size() < size && idle < 10;) {
    const std::string part = duo.hear();
    idle = part.empty() ? idle + 1 : 0;
    text += part;
    duo.turn();
  }
  return text;
}

/// Shared bytes for `send` with an owner; counts nothing, the test holds one.
class Block final : public SharedBuffer {
 public:
  static const Block* make(std::string_view text) {
    void* memory = ::operator new(sizeof(Block) + text.size());
    auto* block = new (memory) Block(text.size());
    std::copy(text.begin(), text.end(), reinterpret_cast<char*>(block + 1));
    return block;
  }
  Bytes bytes() const { return {reinterpret_cast<const std::uint8_t*>(this + 1), size_}; }

 private:
  explicit Block(std::size_t size) : size_(size) {}
  std::size_t size_;
};

TEST(Connection, is_small) { EXPECT_LE(sizeof(Connection), 160U); }

TEST(Connection, knows_its_peer) {
  const ConnectionSettings settings;
  Duo local(settings);
  EXPECT_EQ(local.connection->peer().address, "unix");
  EXPECT_TRUE(local.connection->peer().is_loopback);
  Duo tcp(settings, tcp_pair());
  const Peer peer = tcp.connection->peer();
  EXPECT_EQ(peer.address, "127.0.0.1");
  EXPECT_NE(peer.port, 0);
  EXPECT_TRUE(peer.is_loopback);
  EXPECT_FALSE(peer.is_proxied || peer.is_tls || peer.is_websocket);
}

TEST(Connection, opens_with_the_first_byte) {
  Duo duo;
  duo.turn();
  EXPECT_FALSE(duo.connection->is_open());
  duo.say_and_turn("\x10");
  EXPECT_TRUE(duo.connection->is_open());
  EXPECT_EQ(duo.handler.received, "\x10");
}

TEST(Connection, reads_once_per_event_when_the_socket_is_emptied) {
  Duo duo;
  duo.turn();
  const auto before = duo.loop.calls.reads;
  duo.say_and_turn("hello");
  EXPECT_EQ(duo.loop.calls.reads, before + 1);
}

TEST(Connection, keeps_what_is_not_consumed_and_offers_it_in_one_piece) {
  Duo duo;
  duo.handler.consume = [](Bytes bytes) { return bytes.size() / 4 * 4; };
  duo.say_and_turn("abc");
  EXPECT_EQ(duo.handler.received, "");
  duo.say_and_turn("defghij");
  EXPECT_EQ(duo.handler.received, "abcdefgh");
  duo.say_and_turn("kl");
  EXPECT_EQ(duo.handler.received, "abcdefghijkl");
}

TEST(Connection, keeps_packets_of_any_size) {
  for (const std::size_t size : {1000U, 60'000U, 70'000U, 300'000U, 2'000'000U}) {
    Duo duo;
    duo.handler.consume = [size](Bytes bytes) { return bytes.size() < size ? 0 : size; };
    const std::string text = pattern(size * 2);
    std::size_t sent = 0;
    while (sent < text.size()) {
      const auto part = ::send(duo.other, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      sent += part > 0 ? static_cast<std::size_t>(part) : 0;
      duo.turn();
    }
    duo.turns(3);
    // The second may still be kept: it is offered with what comes next.
    duo.say_and_turn("x");
    EXPECT_TRUE(duo.handler.received == text) << size;
  }
}

TEST(Connection, gives_other_sources_a_turn_between_full_reads) {
  Duo duo({}, tcp_pair());
  const int size = 1 << 20;
  setsockopt(duo.other, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  std::size_t largest = 0;
  duo.handler.consume = [&](Bytes bytes) {
    largest = std::max(largest, bytes.size());
    return bytes.size();
  };
  const std::string text = pattern(300'000);
  duo.say(text);
  for (int i = 0; i < 50 && duo.handler.received.size() < text.size(); ++i) {
    const std::size_t before = duo.handler.received.size();
    duo.loop.poll(100ms);
    EXPECT_LE(duo.handler.received.size() - before, Loop::read_bytes);
  }
  EXPECT_TRUE(duo.handler.received == text);
}

TEST(Connection, takes_smaller_turns_where_many_are_ready) {
  Loop loop;
  const ConnectionSettings settings;
  Recorder handler;
  const std::string text = pattern(40'000);
  std::vector<std::unique_ptr<Connection>> crowd;
  std::vector<int> others;
  for (int i = 0; i < 32; ++i) {
    const auto [ours, other] = tcp_pair();
    crowd.push_back(std::make_unique<Connection>(ours, settings, handler));
    ASSERT_TRUE(crowd.back()->attach(loop));
    others.push_back(other);
    ASSERT_EQ(::send(other, text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  std::size_t before = 0;
  while (before < crowd.size() * text.size()) {
    loop.poll(100ms);
    ASSERT_GT(handler.received.size(), before);
    EXPECT_LE(handler.received.size() - before, 256U * 1024);
    before = handler.received.size();
  }
  crowd.clear();
  for (const int other : others) {
    ::close(other);
  }
}

TEST(Connection, delivers_what_came_before_the_end) {
  Duo duo;
  duo.say("last words");
  duo.hang_up();
  duo.turns(3);
  EXPECT_EQ(duo.handler.received, "last words");
  EXPECT_EQ(duo.handler.closed, CloseCause::by_peer);
}

TEST(Connection, answers_a_peer_that_only_stopped_writing) {
  Duo duo;
  duo.handler.consume = [&](Bytes bytes) {
    duo.connection->send(as_bytes("pong"));
    return bytes.size();
  };
  duo.say("ping");
  shutdown(duo.other, SHUT_WR);
  duo.turns(3);
  EXPECT_EQ(duo.hear(), "pong");
  EXPECT_EQ(duo.handler.closed, CloseCause::by_peer);
}

TEST(Connection, reports_a_reset) {
  Duo duo({}, tcp_pair());
  duo.say_and_turn("x");
  const linger hard{1, 0};
  setsockopt(duo.other, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  duo.hang_up();
  duo.loop.poll(1s);
  duo.turn();
  EXPECT_EQ(duo.handler.closed, CloseCause::network_error);
}

TEST(Connection, joins_adjacent_bytes_and_writes_once) {
  Duo duo;
  duo.turn();
  Arena arena;
  for (int i = 0; i < 100; ++i) {
    const MutableBytes bytes = arena.take(10);
    std::fill(bytes.begin(), bytes.end(), static_cast<std::uint8_t>('a' + i % 26));
    duo.connection->send(bytes);
  }
  const std::string apart = "apart";
  duo.connection->send(as_bytes(apart));
  duo.turn();
  EXPECT_EQ(duo.loop.calls.writes, 1U);
  EXPECT_EQ(duo.hear().size(), 1005U);
}

TEST(Connection, writes_ten_thousand_pieces_in_order) {
  Duo duo({}, tcp_pair());
  duo.turn();
  std::vector<std::string> texts;
  std::string all;
  for (int i = 0; i < 10'000; ++i) {
    texts.push_back(std::to_string(i).append(","));
    all += texts.back();
  }
  for (const std::string& text : texts) {
    duo.connection->send(as_bytes(text));
  }
  duo.turn();
  EXPECT_LE(duo.loop.calls.writes, 11U);
  EXPECT_TRUE(hear_all(duo, all.size()) == all);
}

TEST(Connection, waits_for_a_slow_reader_and_tells_when_it_has_drained) {
  Duo duo;
  duo.turn();
  const std::string copied = pattern(700'000);
  const Block* block = Block::make(pattern(900'000));
  {
    std::string gone_after_the_flush = copied;
    duo.connection->send(as_bytes(gone_after_the_flush));
    duo.connection->send(block->bytes(), *block);
    duo.loop.flush();
  }
  const std::string expected = copied + std::string(as_text(block->bytes()));
  block->release();  // the connection holds what it still needs
  EXPECT_GT(duo.connection->unsent_bytes(), 0U);
  EXPECT_EQ(duo.connection->unsent_bytes() + duo.connection->written_bytes(), expected.size());
  const auto writes = duo.loop.calls.writes;
  duo.connection->send(as_bytes("more"));
  duo.turn();
  EXPECT_EQ(duo.loop.calls.writes, writes) << "a full socket is not tried";
  EXPECT_EQ(duo.handler.drained, 0);
  EXPECT_TRUE(hear_all(duo, expected.size() + 4) == expected + "more");
  EXPECT_EQ(duo.handler.drained, 1);
  EXPECT_EQ(duo.connection->unsent_bytes(), 0U);
}

TEST(Connection, closes_at_the_end_of_the_iteration) {
  Duo duo;
  duo.handler.consume = [&](Bytes bytes) {
    duo.connection->send(as_bytes("bye"));
    duo.connection->close();
    EXPECT_TRUE(duo.connection->is_closing());
    EXPECT_FALSE(duo.handler.closed.has_value());
    return bytes.size();
  };
  duo.say_and_turn("x");
  EXPECT_EQ(duo.handler.closed, CloseCause::by_us);
  EXPECT_EQ(duo.hear(), "bye");
  EXPECT_TRUE(duo.hears_end());
}

TEST(Connection, says_its_last_words_to_a_peer_that_still_talks) {
  Duo duo({}, tcp_pair());
  duo.handler.consume = [&](Bytes bytes) {
    duo.connection->send(as_bytes("refused"));
    duo.connection->close();
    return bytes.size();
  };
  duo.say(pattern(200'000));  // more than is read: what is left must not turn the end into a reset
  duo.loop.poll(1s);
  duo.turn();
  EXPECT_EQ(duo.hear(), "refused");
  EXPECT_TRUE(duo.hears_end());
}

TEST(Connection, closes_while_bytes_wait) {
  Duo duo;
  duo.turn();
  const std::string text = pattern(1'000'000);
  duo.connection->send(as_bytes(text));
  duo.turn();
  EXPECT_GT(duo.connection->unsent_bytes(), 0U);
  duo.connection->close();
  duo.turn();
  EXPECT_EQ(duo.handler.closed, CloseCause::by_us);
  const std::string heard = duo.hear();
  EXPECT_TRUE(heard == text.substr(0, heard.size()));
  EXPECT_TRUE(duo.hears_end());
}

TEST(Connection, aborts_without_writing) {
  Duo duo;
  duo.turn();
  duo.connection->send(as_bytes("never"));
  duo.connection->abort();
  duo.connection->close();  // no effect any more
  duo.connection->send(as_bytes("never"));
  duo.turn();
  EXPECT_EQ(duo.handler.closed, CloseCause::by_us);
  EXPECT_EQ(duo.hear(), "");
}

TEST(Connection, reads_what_the_peer_said_before_a_write_failed) {
  Duo duo;
  duo.turn();
  duo.say("goodbye");
  duo.hang_up();
  duo.connection->send(as_bytes("x"));
  duo.loop.flush();  // the socket refuses before the farewell was read
  EXPECT_FALSE(duo.handler.closed.has_value());
  duo.turns(3);
  EXPECT_EQ(duo.handler.received, "goodbye");
  EXPECT_TRUE(duo.handler.closed.has_value());
}

TEST(Connection, pauses_and_resumes) {
  Duo duo;
  duo.say_and_turn("a");
  duo.connection->pause();
  duo.say_and_turn("b");
  EXPECT_EQ(duo.handler.received, "a");
  duo.connection->resume();
  duo.turn();
  EXPECT_EQ(duo.handler.received, "ab");
}

TEST(Connection, offers_kept_bytes_again_after_resume) {
  Duo duo;
  bool is_ready = false;
  duo.handler.consume = [&](Bytes bytes) {
    if (!is_ready) {
      duo.connection->pause();
      return std::size_t{0};
    }
    return bytes.size();
  };
  duo.say_and_turn("hello");
  duo.turns(2);
  EXPECT_EQ(duo.handler.offers, 1);
  is_ready = true;
  duo.connection->resume();
  duo.turn();
  EXPECT_EQ(duo.handler.received, "hello");
}

TEST(Connection, finds_the_end_that_came_while_it_was_paused) {
  Duo duo;
  duo.say_and_turn("a");
  duo.connection->pause();
  duo.say("b");
  duo.hang_up();
  duo.turns(3);
  EXPECT_FALSE(duo.handler.closed.has_value());
  duo.connection->resume();
  duo.turns(3);
  EXPECT_EQ(duo.handler.received, "ab");
  EXPECT_EQ(duo.handler.closed, CloseCause::by_peer);
}

TEST(Connection, moves_to_another_loop_with_what_it_keeps) {
  Duo duo;
  Loop second;
  duo.handler.consume = [&](Bytes) {
    duo.connection->send(as_bytes("before "));
    duo.connection->detach();
    return std::size_t{3};
  };
  duo.say_and_turn("onetwo");
  EXPECT_EQ(duo.hear(), "before ");
  duo.say("three");
  duo.turns(2);  // the first loop knows it no more
  EXPECT_EQ(duo.handler.received, "one");
  duo.handler.consume = nullptr;
  ASSERT_TRUE(duo.connection->attach(second));
  second.poll(1s);
  EXPECT_EQ(duo.handler.received, "onetwothree");
  duo.connection->send(as_bytes("after"));
  second.flush();
  EXPECT_EQ(duo.hear(), "after");
  duo.connection->close();
  second.sweep();
  EXPECT_EQ(duo.handler.closed, CloseCause::by_us);
}

TEST(Connection, stays_paused_when_it_moves) {
  Duo duo;
  Loop second;
  duo.say_and_turn("a");
  duo.connection->pause();
  duo.connection->detach();
  duo.say("b");
  ASSERT_TRUE(duo.connection->attach(second));
  second.poll(0ms);
  EXPECT_EQ(duo.handler.received, "a");
  duo.connection->resume();
  second.poll(0ms);
  EXPECT_EQ(duo.handler.received, "ab");
  duo.connection->abort();
  second.sweep();
}

TEST(Connection, moves_with_bytes_that_wait) {
  Duo duo;
  Loop second;
  duo.turn();
  const std::string text = pattern(800'000);
  duo.connection->send(as_bytes(text));
  duo.turn();
  EXPECT_GT(duo.connection->unsent_bytes(), 0U);
  duo.connection->detach();
  ASSERT_TRUE(duo.connection->attach(second));
  std::string heard;
  for (int i = 0; i < 100 && heard.size() < text.size(); ++i) {
    heard += duo.hear();
    second.poll(10ms);
  }
  EXPECT_TRUE(heard == text);
  EXPECT_EQ(duo.handler.drained, 1);
  duo.connection->abort();
  second.sweep();
}

TEST(Connection, may_be_destroyed_at_any_time_outside_of_callbacks) {
  for (const bool is_closing : {false, true}) {
    Duo duo;
    duo.say_and_turn("x");
    duo.connection->send(as_bytes("y"));
    duo.loop.again(*duo.connection);
    if (is_closing) {
      duo.connection->close();
    }
    duo.connection.reset();
    duo.turns(2);
    EXPECT_FALSE(duo.handler.closed.has_value());
  }
}

TEST(Connection, refuses_what_the_listener_does_not_serve) {
  ConnectionSettings no_plain;
  no_plain.accept_plain = false;
  Duo plain(no_plain);
  plain.say_and_turn("\x10");
  EXPECT_EQ(plain.handler.closed, CloseCause::not_accepted);
  ConnectionSettings no_http;
  no_http.accept_http = false;
  Duo http(no_http);
  http.say_and_turn("GET / HTTP/1.1\r\n");
  EXPECT_EQ(http.handler.closed, CloseCause::not_accepted);
}

}  // namespace
}  // namespace peal::net
