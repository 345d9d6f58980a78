// A running server gets another configuration: all of it, or nothing; and nobody is disconnected.
#include <fstream>
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/temporary_folder.hpp"
#include "unit/server/wire.hpp"

#include "peal/net/listener.hpp"
#include "peal/server/server.hpp"

namespace peal::server {
namespace {

constexpr auto pingreq = "\xC0\x00"sv;
constexpr auto pingresp = "\xD0\x00"sv;

ListenerConfig listener_of(std::string name, std::string bind = "127.0.0.1:0") {
  ListenerConfig listener;
  listener.name = std::move(name);
  listener.bind = std::move(bind);
  return listener;
}

Config config_of(unsigned workers, std::vector<ListenerConfig> listeners) {
  Config config;
  config.workers = workers;
  config.memory = {.percent = 0};
  config.listeners = std::move(listeners);
  return config;
}

std::string address_of(const Server& server, std::string_view name) {
  for (const Listening& each : server.listening()) {
    if (each.name == name) {
      return each.address;
    }
  }
  return "none:0";
}

void come_in(Wire& wire) {
  wire.send(connect_a);
  EXPECT_EQ(wire.receive(4), connack);
}

void expect_alive(Wire& wire) {
  wire.send(pingreq);
  EXPECT_EQ(wire.receive(2), pingresp);
}

class ServerReload : public testing::TestWithParam<unsigned> {};

TEST_P(ServerReload, ListenersComeAndGoAndClientsStay) {
  Config config = config_of(GetParam(), {listener_of("stays"), listener_of("goes", "localhost:0")});
  Server server(config);
  server.start();
  const std::string stays = address_of(server, "stays");
  const std::string goes = address_of(server, "goes");
  Wire client(goes);
  come_in(client);

  config.listeners = {listener_of("stays"), listener_of("new", "127.0.0.2:0")};
  (void)server.reload(config);
  EXPECT_FALSE(Wire::is_served(goes));
  EXPECT_EQ(address_of(server, "stays"), stays);
  EXPECT_TRUE(Wire::is_served(stays));
  EXPECT_EQ(server.listening().size(), 2U);
  EXPECT_NE(address_of(server, "new"), "none:0");
  expect_alive(client);
}

TEST_P(ServerReload, AListenerBecomesAnother) {
  Config config = config_of(GetParam(), {listener_of("it")});
  Server server(config);
  server.start();
  const std::string address = address_of(server, "it");
  Wire before(address);
  come_in(before);
  config.listeners.front().v3_1_1 = false;
  config.listeners.front().max_connections = 1;  // which `before` is
  (void)server.reload(config);
  Wire(address).send(connect_a);
  EXPECT_EQ(Wire(address).receive(1), "");
  config.listeners.front().max_connections = 100;
  (void)server.reload(config);
  Wire after(address);
  after.send(connect_a);
  EXPECT_EQ(after.receive(4), "\x20\x02\x00\x01"sv);
  expect_alive(before);
}

TEST_P(ServerReload, AListenerOpensToOthersOnItsOwnPort) {
  // A port that is free for all addresses.
  auto free = net::Listener::open({.bind = "0.0.0.0:0"});
  ASSERT_TRUE(free);
  const std::string port = std::to_string((*free)->port());
  free->reset();

  Config config = config_of(GetParam(), {listener_of("it", "127.0.0.1:" + port)});
  Server server(config);
  server.start();
  Wire before(address_of(server, "it"));
  come_in(before);
  config.listeners = {listener_of("it", "0.0.0.0:" + port)};
  config.listeners.front().anonymous = AnonymousAccess::yes;
  (void)server.reload(config);
  EXPECT_EQ(address_of(server, "it"), "0.0.0.0:" + port);
  for (int i = 0; i < 8; ++i) {
    EXPECT_TRUE(Wire::is_served("127.0.0.1:" + port));
  }
  expect_alive(before);
}

TEST_P(ServerReload, NothingChangesWhenAnythingIsWrong) {
  const auto taken = net::Listener::open({.bind = "127.0.0.1:0"});
  ASSERT_TRUE(taken);
  const test::TemporaryFolder folder;
  std::ofstream(folder / "acl") << "nonsense\n";
  const Config config = config_of(GetParam(), {listener_of("it")});
  Server server(config);
  server.start();
  const std::string address = address_of(server, "it");

  std::vector<Config> wrong(4, config);
  for (Config& each : wrong) {
    each.listeners = {listener_of("other", "127.0.0.2:0")};  // which could be
    each.settings.limits.connect_packet_bytes = 4;           // nobody could come in
  }
  wrong[0].listeners.push_back(listener_of("taken", (*taken)->bound_address()));
  wrong[1].listeners.front().tls.emplace().cert = "/nonexistent";
  wrong[2].auth.acl_file = folder / "acl";
  AuthSourceConfig& source = wrong[3].auth.sources.emplace_back();
  source.type = "file";
  source.path = "/nonexistent";
  for (const Config& each : wrong) {
    EXPECT_THROW((void)server.reload(each), ConfigError);
    EXPECT_EQ(server.listening().size(), 1U);
    EXPECT_EQ(address_of(server, "it"), address);
    Wire client(address);
    come_in(client);
  }
}

TEST_P(ServerReload, SettingsCountForEverybodyAndPromisesAreKept) {
  Config config = config_of(GetParam(), {listener_of("it")});
  Server server(config);
  server.start();
  const std::string address = address_of(server, "it");
  Wire before(address);
  come_in(before);
  before.send(subscribe_t);
  EXPECT_EQ(before.receive(5), suback);
  config.settings.limits.packet_bytes = 20;
  config.settings.mqtt.max_qos = mqtt::QoS::at_most_once;
  (void)server.reload(config);
  const std::string large = std::string("\x30\x1B\x00\x01t"sv) + std::string(24, 'x');
  before.send(large);
  EXPECT_EQ(before.receive(large.size()), large);
  Wire after(address);
  after.send(
      "\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01"
      "b"sv);
  EXPECT_EQ(after.receive(4), connack);
  after.send(large);
  EXPECT_EQ(after.receive(1), "");
  expect_alive(before);
}

TEST_P(ServerReload, LimitsOfTheServerCount) {
  Config config = config_of(GetParam(), {listener_of("it")});
  Server server(config);
  server.start();
  const std::string address = address_of(server, "it");
  Wire before(address);
  come_in(before);
  config.connections = 1;
  (void)server.reload(config);
  EXPECT_EQ(Wire(address).receive(1), "");
  config.connections = 100;
  config.per_address.connections = 1;  // counts those that come from now on
  (void)server.reload(config);
  Wire first(address);
  come_in(first);
  EXPECT_EQ(Wire(address).receive(1), "");
  config.per_address = {};
  (void)server.reload(config);
  EXPECT_FALSE(server.memory().has_value());
  config.memory = {.bytes = std::size_t{1} << 40};
  (void)server.reload(config);
  EXPECT_TRUE(server.memory().has_value());
  config.memory = {};
  config.memory.percent = 0;
  (void)server.reload(config);
  EXPECT_FALSE(server.memory().has_value());
}

TEST_P(ServerReload, ManyTimesWithClientsComingAndGoing) {
  Config config = config_of(GetParam(), {listener_of("it")});
  Server server(config);
  server.start();
  const std::string address = address_of(server, "it");
  std::vector<std::unique_ptr<Wire>> clients;
  for (std::size_t i = 1; i <= 30; ++i) {
    Wire& client = *clients.emplace_back(std::make_unique<Wire>(address));
    std::string packet(connect_a);
    packet.back() = static_cast<char>('A' + i);
    client.send(packet);
    if (i % 2 == 0) {
      EXPECT_EQ(client.receive(4), connack);
    }
    config.listeners.front().max_connections = 100 + i;
    config.settings.limits.packet_bytes = 1000 + i;
    (void)server.reload(config);
    if (i % 3 == 0) {
      clients.erase(clients.begin());
    }
  }
  for (const auto& client : clients) {
    client->send(pingreq);
  }
}

TEST(ReloadOfAServer, KeepsWhatNeedsARestart) {
  Config config = config_of(1, {listener_of("it")});
  Server server(config);
  EXPECT_THROW((void)server.reload(config), ConfigError);  // it does not run
  server.start();
  config.workers = 3;
  config.entries.push_back({.key = "workers", .text = "3", .place = "--workers"});
  const ReloadReport report = server.reload(config);
  ASSERT_EQ(report.changes.size(), 1U);
  EXPECT_TRUE(report.changes.front().needs_restart);
  EXPECT_EQ(server.workers(), 1U);
  EXPECT_EQ(server.reload(config).changes.size(), 1U);  // it still waits for one
}

TEST(ReloadOfAServer, ReadsAgainWhatItsHookReads) {
  Config config = config_of(1, {listener_of("it")});
  std::optional<std::string> problem;
  std::size_t told = 0;
  Hooks hooks;
  hooks.read_config = [&] {
    if (problem) {
      throw ConfigError(*problem);
    }
    return config;
  };
  hooks.reconfigured = [&](const Config&) { ++told; };
  Server server(config, hooks);
  server.start();
  (void)server.reload("test");
  EXPECT_EQ(told, 1U);
  problem = "no";
  EXPECT_THROW((void)server.reload("test"), ConfigError);
  EXPECT_EQ(told, 1U);
}

INSTANTIATE_TEST_SUITE_P(Workers, ServerReload, testing::Values(1U, 3U));

}  // namespace
}  // namespace peal::server
