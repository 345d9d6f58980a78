// A whole server inside this program: hooks are asked, messages come from inside, and it stops when
// told.
#include "peal/server/server.hpp"

#include <atomic>
#include <gtest/gtest.h>
#include <memory>
#include <poll.h>

#include "unit/server/wire.hpp"

namespace peal::server {
namespace {

using namespace std::string_view_literals;
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

/// Waits until the counter says so.
bool comes_to(const Server& server, broker::Counter broker::Counters::* counter,
              std::uint64_t value) {
  for (int i = 0; i < 500 && server.count(counter) != value; ++i) {
    poll(nullptr, 0, 20);
  }
  return server.count(counter) == value;
}

TEST_P(ServerWithWorkers, TurnsTheOldestOutThatIsNotLetInYet) {
  Config config = config_of(GetParam());
  config.unauthenticated = 3;
  Server server(config);
  server.start();
  const std::string address = server.listening().front().address;
  Wire known(address);
  known.send(connect_a);
  ASSERT_EQ(known.receive(4), connack);
  std::vector<std::unique_ptr<Wire>> silent;
  for (std::uint64_t i = 0; i < 3; ++i) {
    silent.push_back(std::make_unique<Wire>(address));
    EXPECT_TRUE(comes_to(server, &broker::Counters::unauthenticated, i + 1));
    poll(nullptr, 0, 5);  // so that there is an order between workers
  }
  EXPECT_EQ(server.count(&broker::Counters::evicted_unauthenticated), 0U);
  silent.push_back(std::make_unique<Wire>(address));
  EXPECT_EQ(silent.front()->receive(1), "");  // closed
  EXPECT_TRUE(comes_to(server, &broker::Counters::evicted_unauthenticated, 1));
  EXPECT_TRUE(comes_to(server, &broker::Counters::unauthenticated, 3));
  // The others may still come in, and are counted no more then.
  for (std::size_t i = 1; i < silent.size(); ++i) {
    silent[i]->send(connect_as(static_cast<char>('b' + i)));
    EXPECT_EQ(silent[i]->receive(4), connack);
  }
  EXPECT_TRUE(comes_to(server, &broker::Counters::unauthenticated, 0));
  known.send("\xc0\x00"sv);
  EXPECT_EQ(known.receive(2), "\xd0\x00"sv);
}

/// Never comes to an end with anybody.
class Undecided final : public broker::Authenticator {
 public:
  broker::AuthAnswer authenticate(const broker::AuthRequest&, broker::AuthTicket) override {
    ++asked;
    broker::AuthAnswer answer;
    answer.state = broker::AuthState::pending;
    return answer;
  }
  broker::AuthAnswer proceed(const broker::AuthRequest&, broker::AuthTicket) override { return {}; }
  bool knows_method(std::string_view) const override { return false; }
  void forget(broker::AuthTicket) override {}
  std::atomic<int> asked = 0;
};

TEST_P(ServerWithWorkers, TurnsNobodyOutWhoWaitsForItsAnswer) {
  Undecided authenticator;
  Config config = config_of(GetParam());
  config.unauthenticated = 2;
  Server server(config, {.authenticator = &authenticator});
  server.start();
  const std::string address = server.listening().front().address;
  Wire first(address);
  first.send(connect_as('b'));
  Wire second(address);
  second.send(connect_as('c'));
  for (int i = 0; i < 500 && authenticator.asked < 2; ++i) {
    poll(nullptr, 0, 20);
  }
  ASSERT_EQ(authenticator.asked, 2);
  EXPECT_EQ(Wire(address).receive(1), "");
  EXPECT_EQ(Wire(address).receive(1), "");
  EXPECT_EQ(server.count(&broker::Counters::evicted_unauthenticated), 2U);
  EXPECT_TRUE(comes_to(server, &broker::Counters::unauthenticated, 2));
}

TEST_P(ServerWithWorkers, LimitsConnections) {
  Config config = config_of(GetParam());
  config.connections = 2;
  Server server(config);
  server.start();
  const std::string address = server.listening().front().address;
  Wire first(address);
  first.send(connect_as('b'));
  ASSERT_EQ(first.receive(4), connack);
  Wire second(address);
  second.send(connect_as('c'));
  ASSERT_EQ(second.receive(4), connack);
  Wire third(address);
  EXPECT_EQ(third.receive(1), "");
  EXPECT_EQ(server.count(&broker::Counters::refused_connections), 1U);
}

TEST_P(ServerWithWorkers, CountsWhomTheLimitOfAnAddressKeepsOut) {
  Config config = config_of(GetParam());
  config.per_address.connections = 2;
  Server server(config);
  server.start();
  const std::string address = server.listening().front().address;
  auto first = std::make_unique<Wire>(address);
  first->send(connect_as('b'));
  ASSERT_EQ(first->receive(4), connack);
  Wire second(address);
  second.send(connect_as('c'));
  ASSERT_EQ(second.receive(4), connack);
  EXPECT_EQ(Wire(address).receive(1), "");
  EXPECT_EQ(server.count(&broker::Counters::refused_per_address), 1U);
  first.reset();
  ASSERT_TRUE(comes_to(server, &broker::Counters::connections, 1));
  Wire third(address);
  third.send(connect_as('d'));
  EXPECT_EQ(third.receive(4), connack);
}

TEST_P(ServerWithWorkers, CountsWhoComesTooFast) {
  Config config = config_of(GetParam());
  config.per_address.rate = {.per_second = 1, .burst = 3};
  Server server(config);
  server.start();
  const std::string address = server.listening().front().address;
  std::vector<std::unique_ptr<Wire>> wires;
  for (int i = 0; i < 100 && server.count(&broker::Counters::refused_connect_rate) == 0; ++i) {
    wires.push_back(std::make_unique<Wire>(address));
  }
  for (int i = 0; i < 500 && server.count(&broker::Counters::refused_connect_rate) == 0; ++i) {
    poll(nullptr, 0, 20);
  }
  EXPECT_GT(server.count(&broker::Counters::refused_connect_rate), 0U);
  EXPECT_EQ(server.count(&broker::Counters::refused_per_address), 0U);
}

TEST_P(ServerWithWorkers, LimitsConnectionsThatAskForPages) {
  Config config = config_of(GetParam());
  config.http_connections = 2;
  Server server(config);
  server.start();
  const std::string address = server.listening().front().address;
  const auto status = [&] {
    Wire wire(address);
    wire.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return wire.receive(12);
  };
  EXPECT_EQ(status(), "HTTP/1.1 200");
  auto first = std::make_unique<Wire>(address);
  Wire second(address);
  first->send("GET / HTTP/1.1\r\n");
  second.send("GET / HTTP/1.1\r\n");
  for (int i = 0; i < 500 && server.count(&broker::Counters::refused_http) == 0; ++i) {
    (void)status();  // until what the two have said was read
  }
  EXPECT_GT(server.count(&broker::Counters::refused_http), 0U);
  EXPECT_EQ(status(), "HTTP/1.1 503");
  Wire mqtt(address);
  mqtt.send(connect_a);
  EXPECT_EQ(mqtt.receive(4), connack);
  first.reset();
  std::string answer;
  for (int i = 0; i < 500 && answer != "HTTP/1.1 200"; ++i) {
    answer = status();
  }
  EXPECT_EQ(answer, "HTTP/1.1 200");
}

TEST(Server, ActsOnItsMemory) {
  Config config = config_of(1);
  config.memory = {.bytes = 1 << 20};
  Server server(config);
  EXPECT_FALSE(server.memory().has_value());
  server.start();
  ASSERT_TRUE(server.memory().has_value());
  Wire wire(server.listening().front().address);
  for (int i = 0; i < 500 && server.memory()->level != broker::MemoryLevel::exhausted; ++i) {
    poll(nullptr, 0, 20);
  }
  EXPECT_EQ(server.memory()->level, broker::MemoryLevel::exhausted);
  EXPECT_GT(server.memory()->used_bytes, server.memory()->limit_bytes);
  poll(nullptr, 0, 100);
  wire.send(connect_a);
  EXPECT_EQ(wire.receive(4), "\x20\x02\x00\x03"sv);
  EXPECT_EQ(server.count(&broker::Counters::refused_sessions_memory), 1U);
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
