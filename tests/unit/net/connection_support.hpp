// One connection under test, the other end of its socket, and a handler that notes everything.
#pragma once

#include <array>
#include <fcntl.h>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <netinet/in.h>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include "peal/net/connection.hpp"
#include "peal/net/http.hpp"

namespace peal::net {

/// Two connected stream sockets, both non-blocking. The first is for the connection.
inline std::array<int, 2> unix_pair() {
  std::array<int, 2> fds{};
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()), 0);
  return fds;
}

/// The same over TCP on the loopback interface.
inline std::array<int, 2> tcp_pair() {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(bind(listener, generic, size), 0);
  EXPECT_EQ(listen(listener, 1), 0);
  EXPECT_EQ(getsockname(listener, generic, &size), 0);
  const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_EQ(connect(client, generic, size), 0);
  fcntl(client, F_SETFL, O_NONBLOCK);
  const int server = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  ::close(listener);
  return {server, client};
}

/// Consumes everything, unless `consume` says otherwise.
class Recorder final : public ConnectionHandler {
 public:
  std::size_t on_bytes(Bytes bytes) override {
    ++offers;
    const std::size_t consumed = consume ? consume(bytes) : bytes.size();
    received.append(as_text(bytes.first(consumed)));
    return consumed;
  }
  void on_closed(CloseCause cause) override {
    EXPECT_FALSE(closed.has_value()) << "closed twice";
    closed = cause;
  }
  void on_drained() override { ++drained; }
  HttpAnswer on_http(const HttpRequest& request) override {
    requests.push_back(request);
    HttpAnswer answer;
    answer.body = "page";
    return answer;
  }

  std::function<std::size_t(Bytes)> consume;
  std::string received;
  int offers = 0;
  int drained = 0;
  std::optional<CloseCause> closed;
  std::vector<HttpRequest> requests;
};

class Duo {
 public:
  explicit Duo(ConnectionSettings with = {}, std::array<int, 2> fds = unix_pair())
      : settings(std::move(with)),
        other(fds[1]),
        connection(std::make_unique<Connection>(fds[0], settings, handler)) {
    EXPECT_TRUE(connection->attach(loop));
  }
  ~Duo() {
    connection.reset();
    if (other >= 0) {
      ::close(other);
    }
  }
  Duo(const Duo&) = delete;
  Duo& operator=(const Duo&) = delete;

  /// One iteration of the loop, without waiting.
  void turn() {
    loop.poll(std::chrono::milliseconds(0));
    loop.flush();
    loop.sweep();
  }
  void turns(int count) {
    for (int i = 0; i < count; ++i) {
      turn();
    }
  }
  /// Writes on the other end; a short write is an error of the test.
  void say(std::string_view text) const {
    ASSERT_EQ(::send(other, text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  void say_and_turn(std::string_view text) {
    say(text);
    turn();
  }
  /// What is there on the other end now.
  std::string hear() const {
    std::string text;
    std::array<char, 65536> buffer;
    for (;;) {
      const auto got = ::recv(other, buffer.data(), buffer.size(), 0);
      if (got <= 0) {
        return text;
      }
      text.append(buffer.data(), static_cast<std::size_t>(got));
    }
  }
  /// Whether the other end sees the end of the stream (after what it has heard).
  bool hears_end() const {
    char byte = 0;
    return ::recv(other, &byte, 1, 0) == 0;
  }
  void hang_up() {
    ::close(other);
    other = -1;
  }

  const ConnectionSettings settings;
  Loop loop;
  Recorder handler;
  int other;
  std::unique_ptr<Connection> connection;
};

}  // namespace peal::net
