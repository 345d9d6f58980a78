// A whole server inside this program: hooks are asked, messages come from inside, and it stops when
// told.
#include "peal/server/server.hpp"

#include <arpa/inet.h>
#include <atomic>
#include <gtest/gtest.h>
#include <memory>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peal/auth/anonymous.hpp"

namespace peal::server {
namespace {

/// A connected socket with bytes written by hand.
class Wire {
 public:
  explicit Wire(const std::string& address) {
    fd_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port =
        htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.find(':') + 1))));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof(to)), 0);
  }
  ~Wire() { close(fd_); }
  void send(std::string_view bytes) {
    EXPECT_EQ(write(fd_, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }
  /// Exactly `count` bytes, or fewer when the peer closes or ten seconds pass.
  std::string receive(std::size_t count) {
    std::string got;
    while (got.size() < count) {
      pollfd waiting{fd_, POLLIN, 0};
      char buffer[256];
      if (poll(&waiting, 1, 10'000) <= 0) {
        break;
      }
      const ssize_t n = read(fd_, buffer, std::min(sizeof(buffer), count - got.size()));
      if (n <= 0) {
        break;
      }
      got.append(buffer, static_cast<std::size_t>(n));
    }
    return got;
  }

 private:
  int fd_;
};

using namespace std::string_view_literals;
constexpr auto connect_a =
    "\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01"
    "a"sv;
constexpr auto connack = "\x20\x02\x00\x00"sv;
constexpr auto subscribe_t = "\x82\x06\x00\x01\x00\x01t\x00"sv;
constexpr auto suback = "\x90\x03\x00\x01\x00"sv;

class OnlyA final : public broker::Authenticator {
 public:
  broker::AuthAnswer authenticate(const broker::AuthRequest& request, broker::AuthTicket) override {
    ++asked;
    broker::AuthAnswer answer;
    answer.state =
        request.client_id == "a" ? broker::AuthState::accepted : broker::AuthState::refused;
    return answer;
  }
  broker::AuthAnswer proceed(const broker::AuthRequest&, broker::AuthTicket) override { return {}; }
  bool knows_method(std::string_view) const override { return false; }
  void forget(broker::AuthTicket) override {}
  std::atomic<int> asked = 0;
};

class CountingHook final : public broker::PublishHook {
 public:
  bool on_publish(const broker::ClientIdentity&, const broker::MessageFields& message) override {
    ++seen;
    return message.topic.text() != "secret";
  }
  std::atomic<int> seen = 0;
};

Config config_of(unsigned workers) {
  Config config;
  config.workers = workers;
  ListenerConfig listener;
  listener.bind = "127.0.0.1:0";
  config.listeners.push_back(listener);
  return config;
}

class ServerWithWorkers : public testing::TestWithParam<unsigned> {};

TEST_P(ServerWithWorkers, PublishesFromInside) {
  Server server(config_of(GetParam()));
  server.start();
  Wire wire(server.listening().front().address);
  wire.send(connect_a);
  ASSERT_EQ(wire.receive(4), connack);
  wire.send(subscribe_t);
  ASSERT_EQ(wire.receive(5), suback);
  EXPECT_TRUE(server.publish("t", "hi"));
  EXPECT_EQ(wire.receive(7), "\x30\x05\x00\x01thi"sv);
  EXPECT_FALSE(server.publish("a/#", "hi"));
  EXPECT_EQ(server.count(&broker::Counters::sessions), 1U);
}

TEST_P(ServerWithWorkers, AsksItsHooks) {
  OnlyA authenticator;
  CountingHook hook;
  Server server(config_of(GetParam()), {.authenticator = &authenticator, .publish = &hook});
  server.start();
  Wire stranger(server.listening().front().address);
  stranger.send(
      "\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01"
      "b"sv);
  EXPECT_EQ(stranger.receive(4), "\x20\x02\x00\x05"sv);
  Wire wire(server.listening().front().address);
  wire.send(connect_a);
  ASSERT_EQ(wire.receive(4), connack);
  EXPECT_EQ(authenticator.asked, 2);
  wire.send(subscribe_t);
  ASSERT_EQ(wire.receive(5), suback);
  wire.send("\x30\x08\x00\x06secret"sv);
  wire.send("\x30\x04\x00\x01t!"sv);
  EXPECT_EQ(wire.receive(6), "\x30\x04\x00\x01t!"sv);
  EXPECT_EQ(hook.seen, 2);
}

TEST_P(ServerWithWorkers, TellsClientsWhenItStops) {
  Server server(config_of(GetParam()));
  server.start();
  Wire wire(server.listening().front().address);
  wire.send(
      "\x10\x0e\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x01"
      "a"sv);
  ASSERT_EQ(wire.receive(2).front(), '\x20');
  server.stop();
  const std::string rest = wire.receive(200);
  EXPECT_TRUE(rest.ends_with("\xe0\x01\x8b"sv)) << testing::PrintToString(rest);
}

/// `bytes` in a masked binary frame, the mask being zero.
std::string framed(std::string_view bytes) {
  std::string frame = "\x82";
  frame += static_cast<char>(0x80U | bytes.size());
  return frame + std::string(4, '\0') + std::string(bytes);
}

/// CONNECT of MQTT 3.1.1 with a Client Identifier of one letter.
std::string connect_as(char client_id) { return std::string(connect_a.substr(0, 14)) + client_id; }

TEST_P(ServerWithWorkers, GivesEachPacketItsWebSocketFrame) {
  Server server(config_of(GetParam()));
  server.start();
  std::vector<std::unique_ptr<Wire>> readers;
  for (char id = 'b'; id < 'j'; ++id) {
    Wire& wire = *readers.emplace_back(std::make_unique<Wire>(server.listening().front().address));
    wire.send(
        "GET /mqtt HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Protocol: mqtt\r\n\r\n");
    std::string answer;
    while (!answer.ends_with("\r\n\r\n")) {
      const std::string more = wire.receive(1);
      ASSERT_FALSE(more.empty()) << answer;
      answer += more;
    }
    wire.send(framed(connect_as(id)));
    ASSERT_EQ(wire.receive(6), "\x82\x04" + std::string(connack));
    wire.send(framed(subscribe_t));
    ASSERT_EQ(wire.receive(7), "\x82\x05" + std::string(suback));
  }
  Wire publisher(server.listening().front().address);
  publisher.send(connect_a);
  ASSERT_EQ(publisher.receive(4), connack);
  publisher.send("\x30\x04\x00\x01t1\x30\x04\x00\x01t2\x30\x05\x00\x01t33"sv);
  for (const auto& wire : readers) {
    EXPECT_EQ(wire->receive(25),
              "\x82\x06\x30\x04\x00\x01t1\x82\x06\x30\x04\x00\x01t2\x82\x07\x30\x05\x00\x01t33"sv);
  }
}

TEST_P(ServerWithWorkers, KeepsTheOrderOfABurst) {
  Server server(config_of(GetParam()));
  server.start();
  std::vector<std::unique_ptr<Wire>> readers;
  for (char id = 'b'; id < 'j'; ++id) {
    Wire& wire = *readers.emplace_back(std::make_unique<Wire>(server.listening().front().address));
    wire.send(connect_as(id));
    ASSERT_EQ(wire.receive(4), connack);
    wire.send(subscribe_t);
    ASSERT_EQ(wire.receive(5), suback);
  }
  std::string burst;
  for (int i = 0; i < 20'000; ++i) {
    burst += "\x30\x08\x00\x01t"sv;
    burst += std::to_string(10'000 + i);
  }
  Wire publisher(server.listening().front().address);
  publisher.send(connect_a);
  ASSERT_EQ(publisher.receive(4), connack);
  publisher.send(burst);
  for (const auto& wire : readers) {
    EXPECT_TRUE(wire->receive(burst.size()) == burst);
  }
}

TEST(Server, SaysWhenAnAddressIsInUse) {
  Server first(config_of(1));
  Config second = config_of(1);
  second.listeners.front().bind = first.listening().front().address;
  EXPECT_THROW(Server{second}, ConfigError);
}

TEST(Server, SaysWhichCertificateIsMissing) {
  Config config = config_of(1);
  TlsConfig& tls = config.listeners.front().tls.emplace();
  tls.cert = "/nonexistent.crt";
  tls.key = "/nonexistent.key";
  try {
    Server server(config);
    FAIL() << "it started";
  } catch (const ConfigError& problem) {
    EXPECT_NE(std::string(problem.what()).find("/nonexistent.crt"), std::string::npos);
  }
}

INSTANTIATE_TEST_SUITE_P(Workers, ServerWithWorkers, testing::Values(1U, 2U, 4U));

}  // namespace
}  // namespace peal::server
