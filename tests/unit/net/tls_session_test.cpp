// Connections inside TLS: every split of what comes, slow readers, resumption, moving to another
// loop, and polite ends.
#include "peal/net/tls_session.hpp"

#include <gtest/gtest.h>

#include "tests/unit/net/tls_client.hpp"

#include "peal/net/http_upgrade.hpp"
#include "peal/net/tls_context.hpp"

namespace peal::net {
namespace {

using namespace std::chrono_literals;

class TlsConnection : public testing::Test {
 protected:
  TlsConnection() {
    const auto issued = authority.issue("server");
    TlsServerOptions options;
    options.certificate = issued.certificate;
    options.key = issued.key;
    auto made = TlsContext::server(std::move(options));
    EXPECT_TRUE(made.has_value()) << made.error();
    context = std::move(*made);
    settings.tls = context.get();
  }
  Authority authority;
  std::unique_ptr<TlsContext> context;
  ConnectionSettings settings;
};

TEST_F(TlsConnection, speaks_both_ways) {
  Duo duo(settings);
  TlsClient client(duo);
  ASSERT_TRUE(client.handshake());
  client.say("hello");
  duo.turn();
  EXPECT_EQ(duo.handler.received, "hello");
  EXPECT_TRUE(duo.connection->peer().is_tls);
  duo.connection->send(as_bytes("one "));
  duo.connection->send(as_bytes("record"));
  const auto writes = duo.loop.calls.writes;
  duo.turn();
  EXPECT_EQ(duo.loop.calls.writes, writes + 1);
  EXPECT_EQ(client.hear(), "one record");
}

TEST_F(TlsConnection, reads_a_small_record_with_one_call) {
  Duo duo(settings);
  TlsClient client(duo);
  ASSERT_TRUE(client.handshake());
  client.say("first");
  duo.turns(2);
  const auto reads = duo.loop.calls.reads;
  client.say("second");
  duo.turn();
  EXPECT_EQ(duo.handler.received, "firstsecond");
  EXPECT_EQ(duo.loop.calls.reads, reads + 1);
}

/// A pipe between client and connection that passes one byte at a time.
TEST_F(TlsConnection, takes_everything_byte_by_byte) {
  Duo duo(settings);
  const auto pipe = unix_pair();
  const int real = std::exchange(duo.other, pipe[0]);
  {
    TlsClient client(duo);
    bool is_done = false;
    for (int i = 0; i < 20'000 && duo.handler.received != "hello"; ++i) {
      if (!is_done && SSL_do_handshake(client.ssl()) == 1) {
        is_done = true;
        client.say("hello");
      }
      char byte = 0;
      while (::recv(pipe[1], &byte, 1, 0) == 1) {
        ASSERT_EQ(::send(real, &byte, 1, 0), 1);
        duo.turn();
      }
      std::array<char, 4096> back{};
      const auto got = ::recv(real, back.data(), back.size(), 0);
      if (got > 0) {
        ASSERT_EQ(::send(pipe[1], back.data(), static_cast<std::size_t>(got), 0), got);
      }
    }
    EXPECT_EQ(duo.handler.received, "hello");
  }
  ::close(real);
  ::close(pipe[1]);
}

TEST_F(TlsConnection, serves_plain_bytes_and_http_on_the_same_port) {
  Duo plain(settings);
  plain.say_and_turn("\x10");
  EXPECT_EQ(plain.handler.received, "\x10");
  Duo page(settings);
  page.say_and_turn("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(page.handler.requests.size(), 1U);
  Duo half(settings);
  half.say_and_turn("\x16");
  EXPECT_FALSE(half.connection->is_open());
  half.say_and_turn("x");
  EXPECT_EQ(half.handler.received, "\x16x");
}

TEST_F(TlsConnection, serves_http_and_websocket_inside) {
  Duo duo(settings);
  TlsClient client(duo);
  ASSERT_TRUE(client.handshake());
  client.say("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  duo.turn();
  EXPECT_TRUE(client.hear().ends_with("page"));
  EXPECT_TRUE(client.heard_goodbye());
  Duo second(settings);
  TlsClient browser(second);
  ASSERT_TRUE(browser.handshake());
  const std::string key = "dGhlIHNhbXBsZSBub25jZQ==";
  browser.say(upgrade_request("localhost", "/mqtt", key));
  second.turn();
  EXPECT_EQ(check_upgrade_answer(browser.hear(), key), "");
  second.connection->send(as_bytes("framed"));
  second.turn();
  EXPECT_EQ(browser.hear(),
            "\x82\x06"
            "framed");
}

TEST_F(TlsConnection, is_behind_the_proxy_header) {
  settings.require_proxy_header = true;
  Duo duo(settings);
  duo.say("PROXY TCP4 192.0.2.1 10.0.0.1 4660 8883\r\n");
  TlsClient client(duo);
  ASSERT_TRUE(client.handshake());
  client.say("x");
  duo.turn();
  EXPECT_EQ(duo.handler.received, "x");
  EXPECT_EQ(duo.connection->peer().address, "192.0.2.1");
}

TEST_F(TlsConnection, refuses_plain_bytes_where_tls_is_required) {
  settings.require_tls = true;
  Duo duo(settings);
  duo.say_and_turn("\x10");
  EXPECT_EQ(duo.handler.closed, CloseCause::not_accepted);
}

TEST_F(TlsConnection, reports_what_is_no_tls) {
  Duo duo(settings);
  duo.say_and_turn(std::string_view("\x16\x03\x01\0\x05hello", 10));
  EXPECT_EQ(duo.handler.closed, CloseCause::tls_error);
  Duo cut(settings);
  TlsClient client(cut);
  ASSERT_TRUE(client.handshake());
  client.say("x");
  cut.turn();
  cut.say("garbage in the middle of the stream");
  cut.turns(2);
  EXPECT_EQ(cut.handler.closed, CloseCause::tls_error);
}

TEST_F(TlsConnection, resumes_a_session) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    SSL_SESSION* session = nullptr;
    {
      Duo duo(settings);
      TlsClient client(duo, {.max_version = version});
      ASSERT_TRUE(client.handshake());
      EXPECT_FALSE(client.is_resumed());
      client.say("x");
      duo.turn();
      client.hear();  // takes the tickets
      session = client.session();
    }
    Duo duo(settings);
    TlsClient client(duo, {.max_version = version, .session = session});
    ASSERT_TRUE(client.handshake());
    EXPECT_TRUE(client.is_resumed());
    client.say("again");
    duo.turn();
    EXPECT_EQ(duo.handler.received, "again");
    SSL_SESSION_free(session);
  }
}

TEST_F(TlsConnection, waits_for_a_slow_reader) {
  Duo duo(settings);
  TlsClient client(duo);
  ASSERT_TRUE(client.handshake());
  std::string expected;
  for (int i = 0; i < 60; ++i) {
    const std::string text(static_cast<std::size_t>(1 + i * 977 % 50'000),
                           static_cast<char>('a' + i % 26));
    expected += text;
    duo.connection->send(as_bytes(text));
    duo.turn();
  }
  EXPECT_GT(duo.connection->unsent_bytes(), 0U);
  std::string heard;
  for (int i = 0; i < 5000 && heard.size() < expected.size(); ++i) {
    heard += client.hear();
    duo.turn();
  }
  EXPECT_TRUE(heard == expected);
  EXPECT_EQ(duo.handler.drained, 1);
  EXPECT_EQ(duo.connection->written_bytes(), expected.size());
}

TEST_F(TlsConnection, reads_a_flood_in_turns) {
  Duo duo(settings);
  TlsClient client(duo);
  ASSERT_TRUE(client.handshake());
  const std::string text(16'000, 'f');
  std::string expected;
  for (int i = 0; i < 200; ++i) {
    const int written = SSL_write(client.ssl(), text.data(), static_cast<int>(text.size()));
    if (written > 0) {
      expected.append(text, 0, static_cast<std::size_t>(written));
    } else {
      duo.turn();
    }
  }
  duo.turns(100);
  EXPECT_TRUE(duo.handler.received.starts_with(expected));
}

TEST_F(TlsConnection, moves_to_another_loop_with_its_state) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Duo duo(settings);
    Loop second;
    TlsClient client(duo, {.max_version = version});
    ASSERT_TRUE(client.handshake());
    duo.handler.consume = [&](Bytes) {
      duo.connection->send(as_bytes("before "));
      duo.connection->detach();
      return std::size_t{3};
    };
    client.say("onetwo");
    client.say("three");  // may have come into OpenSSL already
    duo.turn();
    duo.handler.consume = nullptr;
    EXPECT_EQ(duo.handler.received, "one");
    client.say("four");
    ASSERT_TRUE(duo.connection->attach(second));
    for (int i = 0; i < 3; ++i) {
      second.poll(0ms);
    }
    EXPECT_EQ(duo.handler.received, "onetwothreefour");
    duo.connection->send(as_bytes("after"));
    second.flush();
    EXPECT_EQ(client.hear(), "before after");
    duo.connection->close();
    second.sweep();
    client.hear();
    EXPECT_TRUE(client.heard_goodbye());
    EXPECT_EQ(duo.handler.closed, CloseCause::by_us);
  }
}

TEST_F(TlsConnection, ends_when_the_peer_says_goodbye_or_just_goes) {
  for (const bool is_polite : {true, false}) {
    Duo duo(settings);
    {
      TlsClient client(duo);
      ASSERT_TRUE(client.handshake());
      client.hear();  // an end with something unread would be a reset
      client.say("last");
      if (is_polite) {
        SSL_shutdown(client.ssl());
      }
    }
    duo.hang_up();
    duo.turns(4);
    EXPECT_EQ(duo.handler.received, "last");
    EXPECT_EQ(duo.handler.closed, CloseCause::by_peer);
  }
}

TEST_F(TlsConnection, survives_a_peer_that_goes_in_the_handshake) {
  Duo duo(settings);
  {
    TlsClient client(duo);
    SSL_do_handshake(client.ssl());
    duo.turn();
  }
  duo.hang_up();
  duo.turns(3);
  EXPECT_TRUE(duo.handler.closed.has_value());
}

TEST_F(TlsConnection, many_handshakes_share_the_iterations) {
  Loop loop;
  std::vector<std::unique_ptr<Recorder>> handlers;
  std::vector<std::unique_ptr<Connection>> connections;
  Duo unused(settings);  // the client's loop
  std::vector<std::array<int, 2>> pairs;
  std::vector<std::unique_ptr<TlsClient>> clients;
  for (int i = 0; i < 40; ++i) {
    pairs.push_back(unix_pair());
    handlers.push_back(std::make_unique<Recorder>());
    connections.push_back(
        std::make_unique<Connection>(pairs.back()[0], settings, *handlers.back()));
    ASSERT_TRUE(connections.back()->attach(loop));
    const int previous = std::exchange(unused.other, pairs.back()[1]);
    clients.push_back(std::make_unique<TlsClient>(unused));
    unused.other = previous;
    SSL_do_handshake(clients.back()->ssl());
  }
  for (int i = 0; i < 20; ++i) {
    loop.poll(0ms);
    for (const auto& client : clients) {
      SSL_do_handshake(client->ssl());
    }
  }
  for (const auto& client : clients) {
    EXPECT_EQ(SSL_is_init_finished(client->ssl()), 1);
  }
  clients.clear();
  for (const auto& pair : pairs) {
    ::close(pair[1]);
  }
}

}  // namespace
}  // namespace peal::net
