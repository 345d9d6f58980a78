// The blocking client against a running loop: plain, TLS, WebSocket, both, and a Unix socket.
#include "peal/net/stream.hpp"

#include <gtest/gtest.h>

#include "tests/unit/net/certificates.hpp"
#include "tests/unit/net/echo_server.hpp"

#include "peal/net/tls_context.hpp"

namespace peal::net {
namespace {

using namespace std::chrono_literals;

std::unique_ptr<Stream> connect(const StreamOptions& options) {
  auto stream = Stream::connect(options);
  EXPECT_TRUE(stream.has_value()) << stream.error();
  return stream ? std::move(*stream) : nullptr;
}

std::string read_bytes(Stream& stream, std::size_t size) {
  std::string text;
  std::array<std::uint8_t, 4096> buffer{};
  while (text.size() < size) {
    const auto got = stream.read(buffer, 5s);
    if (!got || *got == 0) {
      ADD_FAILURE() << (got ? "nothing came" : got.error());
      return text;
    }
    text += as_text(Bytes(buffer).first(*got));
  }
  return text;
}

void expect_echo(Stream& stream) {
  for (const std::size_t size : {1U, 125U, 126U, 60'000U, 200'000U}) {
    const std::string text(size, static_cast<char>('a' + size % 26));
    const auto written = stream.write_all(as_bytes(text));
    ASSERT_TRUE(written.has_value()) << written.error();
    EXPECT_TRUE(read_bytes(stream, size) == text) << size;
  }
}

std::unique_ptr<TlsContext> server_context(Authority& authority) {
  const auto issued = authority.issue("server", "DNS:localhost,IP:127.0.0.1");
  TlsServerOptions options;
  options.certificate = issued.certificate;
  options.key = issued.key;
  auto context = TlsContext::server(std::move(options));
  EXPECT_TRUE(context.has_value()) << context.error();
  return std::move(*context);
}

std::unique_ptr<TlsContext> client_context(const Authority& authority) {
  TlsClientOptions options;
  options.ca_file = authority.ca;
  auto context = TlsContext::client(options);
  EXPECT_TRUE(context.has_value()) << context.error();
  return std::move(*context);
}

TEST(Stream, speaks_plainly) {
  EchoServer server;
  const auto stream = connect({.host = "127.0.0.1", .port = server.port()});
  ASSERT_NE(stream, nullptr);
  expect_echo(*stream);
  std::array<std::uint8_t, 16> buffer{};
  EXPECT_EQ(stream->read(buffer, 0ms), 0U);
  stream->close();
  EXPECT_FALSE(stream->read(buffer, 5s).has_value());
  EXPECT_TRUE(stream->is_at_end());
  EXPECT_EQ(server.causes(1)[0], CloseCause::by_peer);
}

TEST(Stream, speaks_through_a_unix_socket) {
  const Authority folder;
  const std::string path = folder.path("socket");
  EchoServer server({}, "unix:" + path);
  const auto stream = connect({.unix_path = path});
  ASSERT_NE(stream, nullptr);
  expect_echo(*stream);
}

TEST(Stream, speaks_websocket) {
  EchoServer server;
  const auto stream = connect({.host = "127.0.0.1", .port = server.port(), .websocket = true});
  ASSERT_NE(stream, nullptr);
  expect_echo(*stream);
  EXPECT_TRUE(server.peers()[0].is_websocket);
  stream->close();
  std::array<std::uint8_t, 16> buffer{};
  EXPECT_FALSE(stream->read(buffer, 5s).has_value());
  EXPECT_TRUE(stream->is_at_end());
  EXPECT_EQ(server.causes(1)[0], CloseCause::by_peer);
}

TEST(Stream, speaks_tls_and_websocket_in_tls) {
  Authority authority;
  const auto ours = server_context(authority);
  const auto theirs = client_context(authority);
  ConnectionSettings settings;
  settings.tls = ours.get();
  EchoServer server(settings);
  for (const bool websocket : {false, true}) {
    const auto stream = connect(
        {.host = "127.0.0.1", .port = server.port(), .tls = theirs.get(), .websocket = websocket});
    ASSERT_NE(stream, nullptr);
    EXPECT_EQ(stream->tls_version(), "TLSv1.3");
    expect_echo(*stream);
    const Peer peer = server.peers().back();
    EXPECT_TRUE(peer.is_tls);
    EXPECT_EQ(peer.is_websocket, websocket);
    EXPECT_EQ(peer.tls_version, "TLSv1.3");
  }
  // The same port still speaks plainly.
  const auto plain = connect({.host = "127.0.0.1", .port = server.port()});
  ASSERT_NE(plain, nullptr);
  expect_echo(*plain);
}

TEST(Stream, says_why_it_cannot_connect) {
  std::uint16_t free_port = 0;
  {
    EchoServer gone;
    free_port = gone.port();
  }
  const auto refused = Stream::connect({.host = "127.0.0.1", .port = free_port});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error(),
            "cannot connect to 127.0.0.1:" + std::to_string(free_port) + ": Connection refused");
  EXPECT_FALSE(Stream::connect({.host = "does-not-exist.invalid"}).has_value());
  EXPECT_FALSE(Stream::connect({.unix_path = "/nonexistent/socket"}).has_value());
}

TEST(Stream, connects_to_an_address_that_was_looked_up_before) {
  EchoServer server;
  const auto stream =
      connect({.host = "does-not-exist.invalid", .address = "127.0.0.1", .port = server.port()});
  ASSERT_NE(stream, nullptr);
  expect_echo(*stream);
}

TEST(Stream, does_not_trust_a_stranger) {
  Authority authority;
  const Authority stranger;
  const auto ours = server_context(authority);
  const auto distrusts = client_context(stranger);
  ConnectionSettings settings;
  settings.tls = ours.get();
  EchoServer server(settings);
  const auto stream =
      Stream::connect({.host = "127.0.0.1", .port = server.port(), .tls = distrusts.get()});
  ASSERT_FALSE(stream.has_value());
  EXPECT_NE(stream.error().find("the certificate does not verify"), std::string::npos)
      << stream.error();
  const auto trusts = client_context(authority);
  EXPECT_FALSE(Stream::connect({.host = "127.0.0.1",
                                .port = server.port(),
                                .tls = trusts.get(),
                                .server_name = "another.name"})
                   .has_value());
}

TEST(Stream, gives_up_in_time) {
  const auto pair = Listener::open({.bind = "127.0.0.1:0"});  // accepts never
  ASSERT_TRUE(pair.has_value());
  const auto stream = Stream::connect(
      {.host = "127.0.0.1", .port = (*pair)->port(), .connect_timeout = 30ms, .websocket = true});
  ASSERT_FALSE(stream.has_value());
  EXPECT_NE(stream.error().find("in time"), std::string::npos) << stream.error();
}

TEST(Stream, is_refused_where_no_websocket_is) {
  EchoServer server;
  const auto stream = Stream::connect({.host = "127.0.0.1",
                                       .port = server.port(),
                                       .websocket = true,
                                       .websocket_path = "/elsewhere"});
  ASSERT_FALSE(stream.has_value());
  EXPECT_NE(stream.error().find("404"), std::string::npos) << stream.error();
}

}  // namespace
}  // namespace peal::net
