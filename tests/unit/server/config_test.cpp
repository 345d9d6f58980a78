// The configuration: keys, units, errors that say where, and listeners that must not be open by
// accident.
#include "peal/server/config.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

#include "support/temporary_folder.hpp"

#include "peal/server/config_keys.hpp"
#include "peal/server/config_reference.hpp"

namespace peal::server {
namespace {

/// A file of the test's own, gone with it.
class File {
 public:
  explicit File(std::string_view text) { std::ofstream(path_) << text; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  test::TemporaryFolder folder_;
  std::string path_ = folder_ / "peal.toml";
};

Config with(std::vector<std::string> settings) {
  ConfigSources sources;
  sources.settings = std::move(settings);
  return load_config(sources);
}

std::string error_of(std::vector<std::string> settings) {
  try {
    (void)with(std::move(settings));
  } catch (const ConfigError& problem) {
    return problem.what();
  }
  return "no error";
}

std::string file_error(std::string_view text) {
  const File file(text);
  ConfigSources sources;
  sources.file = file.path();
  try {
    (void)load_config(sources);
  } catch (const ConfigError& problem) {
    const std::string what = problem.what();
    return what.starts_with(file.path()) ? what.substr(file.path().size()) : what;
  }
  return "no error";
}

TEST(Config, ListensOnLoopbackWithoutAFile) {
  const Config config = load_config({});
  std::vector<std::string> binds;
  for (const ListenerConfig& listener : config.listeners) {
    binds.push_back(listener.bind);
    EXPECT_EQ(listener.anonymous, AnonymousAccess::loopback);
  }
  EXPECT_EQ(binds, (std::vector<std::string>{"127.0.0.1:1883", "[::1]:1883", "127.0.0.1:8083",
                                             "[::1]:8083"}));
}

TEST(Config, PortReplacesTheDefaultOnes) {
  ConfigSources sources;
  sources.port = 2000;
  const Config config = load_config(sources);
  ASSERT_EQ(config.listeners.size(), 2U);
  EXPECT_EQ(config.listeners[0].bind, "127.0.0.1:2000");
}

TEST(Config, ReadsUnits) {
  const Config config =
      with({"limits.packet='2KiB'", "session.max_expiry='2h'", "queue.bytes='unlimited'",
            "limits.connect_timeout='200ms'", "queue.messages=5"});
  EXPECT_EQ(config.settings.limits.packet_bytes, 2048U);
  EXPECT_EQ(config.settings.session.max_expiry, std::chrono::hours(2));
  EXPECT_EQ(config.settings.queue.bytes, broker::Settings::unlimited);
  EXPECT_EQ(config.settings.limits.connect_timeout, std::chrono::milliseconds(200));
  EXPECT_EQ(config.settings.queue.messages, 5U);
}

TEST(Config, ReadsRatesOfConnections) {
  const auto rate_of = [](const std::string& text) {
    return with({"limits.connect_rate_per_address='" + text + "'"}).per_address.rate;
  };
  EXPECT_EQ(rate_of("200/s burst 1000").per_second, 200U);
  EXPECT_EQ(rate_of("200/s burst 1000").burst, 1000U);
  EXPECT_EQ(rate_of("5/s").burst, 5U);
  EXPECT_EQ(rate_of("unlimited").per_second, 0U);
  EXPECT_FALSE(with({}).per_address.is_any());
  for (const char* wrong : {"", "200", "/s", "0/s", "-1/s", "5/s burst", "5/s burst 0",
                            "5/s bust 3", "5/s burst 3 more", "5/m", "5 /s"}) {
    EXPECT_NE(error_of({"limits.connect_rate_per_address='" + std::string(wrong) + "'"})
                  .find("20/s burst 100"),
              std::string::npos)
        << wrong;
  }
}

TEST(Config, ReadsHowMuchMemoryThereMayBe) {
  EXPECT_EQ(with({}).memory.percent, 75U);
  EXPECT_EQ(with({"limits.memory='20%'"}).memory.percent, 20U);
  EXPECT_EQ(with({"limits.memory='512MiB'"}).memory.bytes, std::size_t{512} << 20);
  EXPECT_EQ(with({"limits.memory='512MiB'"}).memory.percent, 0U);
  EXPECT_FALSE(with({"limits.memory=unlimited"}).memory.is_any());
  for (const char* wrong : {"0%", "101%", "%", "-5%", "7 %", "50", "much"}) {
    EXPECT_NE(error_of({"limits.memory='" + std::string(wrong) + "'"}).find("MiB"),
              std::string::npos)
        << wrong;
  }
}

TEST(Config, ReadsHowMuchRoomHasToStayFree) {
  const auto free_of = [](const std::string& text, std::size_t capacity) {
    return with({"store.min_free='" + text + "'"}).store.min_free.of(capacity);
  };
  constexpr std::size_t gibibyte = std::size_t{1} << 30;
  EXPECT_EQ(with({}).store.min_free.of(1000 * gibibyte), gibibyte / 4);
  EXPECT_EQ(with({}).store.min_free.of(1000), 50U);
  EXPECT_EQ(free_of("10%", 1000 * gibibyte), 1000 * gibibyte / 100 * 10);
  EXPECT_EQ(free_of("10% up to 1GiB", 1000 * gibibyte), gibibyte);
  EXPECT_EQ(free_of("1GiB", 1000), gibibyte);
  EXPECT_EQ(free_of("off", 1000 * gibibyte), 0U);
  for (const char* wrong :
       {"", "5% up", "5% up to", "5% down to 1GiB", "5% up to 1GiB more", "0%", "200%", "5"}) {
    EXPECT_NE(error_of({"store.min_free='" + std::string(wrong) + "'"}), "no error") << wrong;
  }
}

TEST(Config, KeepsDescriptorsForOtherThings) {
  EXPECT_FALSE(with({}).connections.has_value());
  EXPECT_EQ(with({"limits.connections=70"}).connections, 70U);
  EXPECT_EQ(connections_of_descriptors(1'048'576), 100'000U);
  EXPECT_EQ(connections_of_descriptors(1024), 918U);
  EXPECT_EQ(connections_of_descriptors(200), 136U);
  EXPECT_EQ(connections_of_descriptors(64), 0U);
  EXPECT_EQ(connections_of_descriptors(10), 0U);
}

TEST(Config, TakesABareWordAsText) {
  EXPECT_EQ(with({"log.level=debug"}).log_level, "debug");
  EXPECT_EQ(with({"limits.packet=2KiB"}).settings.limits.packet_bytes, 2048U);
}

TEST(Config, NamesTheNearestKey) {
  EXPECT_NE(error_of({"session.inflght=3"}).find("did you mean session.inflight?"),
            std::string::npos);
}

TEST(Config, SaysWhatAValueMustBe) {
  EXPECT_NE(error_of({"session.inflight=0"}).find("from 1 to 65535"), std::string::npos);
  EXPECT_NE(error_of({"limits.packet=5"}).find("with its unit"), std::string::npos);
  EXPECT_NE(error_of({"limits.packet='5XB'"}).find("with its unit"), std::string::npos);
  EXPECT_NE(error_of({"queue.on_full=sometimes"}).find("\"drop-oldest\""), std::string::npos);
  EXPECT_NE(error_of({"queue.messages=0"}).find("unlimited"), std::string::npos);
  EXPECT_NE(error_of({"queue.qos0_offline='yes'"}).find("true or false"), std::string::npos);
  EXPECT_NE(error_of({"session.max_expiry='soon'"}).find("a time with its unit"),
            std::string::npos);
  EXPECT_NE(error_of({"nonsense"}).find("KEY=VALUE"), std::string::npos);
}

TEST(Config, QuotesNothingThatATerminalWouldObey) {
  EXPECT_TRUE(file_error("\"\\u001b[2J\" = 1\n").contains(": \\u001b[2J: no such key"));
  EXPECT_FALSE(error_of({"a\x1b[2J=1"}).contains('\x1b'));
}

TEST(Config, NamesLineAndColumn) {
  EXPECT_EQ(file_error("\n[session]\ninflight = \"many\"\n").substr(0, 5), ":3:12");
  EXPECT_EQ(file_error("[session\n").substr(0, 3), ":1:");
  EXPECT_NE(file_error("[sesion]\ninflight = 3\n").find("did you mean session.inflight?"),
            std::string::npos);
}

TEST(Config, SaysWhenTheFileCannotBeRead) {
  ConfigSources sources;
  sources.file = "/nonexistent/peal.toml";
  EXPECT_THROW((void)load_config(sources), ConfigError);
}

TEST(Config, ReadsListeners) {
  const File file(R"(
[[listener]]
name = "everything"
bind = "127.0.0.1:0"
protocols = ["mqtt"]
versions = ["5"]
proxy_protocol = "required"
max_connections = 3
[listener.tls]
cert = "a.crt"
key = "a.key"
min = "1.3"
)");
  ConfigSources sources;
  sources.file = file.path();
  const Config config = load_config(sources);
  ASSERT_EQ(config.listeners.size(), 1U);
  const ListenerConfig& listener = config.listeners.front();
  EXPECT_EQ(listener.name, "everything");
  EXPECT_TRUE(listener.mqtt && !listener.ws && !listener.http);
  EXPECT_TRUE(listener.v5 && !listener.v3_1 && !listener.v3_1_1);
  EXPECT_TRUE(listener.proxy_protocol);
  EXPECT_EQ(listener.max_connections, 3U);
  ASSERT_TRUE(listener.tls);
  EXPECT_EQ(listener.tls->min, "1.3");
}

TEST(Config, RefusesAnOpenListenerUnlessItIsMeant) {
  const std::string error = file_error("[[listener]]\nbind = \"0.0.0.0:1883\"\n");
  EXPECT_NE(error.find("anonymous = \"yes\""), std::string::npos) << error;
  EXPECT_EQ(file_error("[[listener]]\nbind = \"0.0.0.0:1883\"\nanonymous = \"yes\"\n"), "no error");
}

TEST(Config, KnowsWhoseProxyHeadersAreBelieved) {
  const std::string listener = "[[listener]]\nbind = \"127.0.0.1:1\"\n";
  const std::string proxied = listener + "proxy_protocol = \"required\"\n";
  struct Case {
    std::string text;
    std::string error;
  };
  for (const Case& c : std::vector<Case>{
           {proxied, "no error"},
           {proxied + "proxy_from = [\"10.0.0.0/8\", \"2001:db8::1\"]\n", "no error"},
           {proxied + "proxy_from = [\"0.0.0.0/0\", \"::/0\"]\n", "no error"},
           {proxied + "proxy_from = []\n", "names nobody"},
           {proxied + "proxy_from = [\"10.0.0.0/33\"]\n", "\"10.0.0.0/33\" is no address"},
           {proxied + "proxy_from = [\"balancer\"]\n", "\"balancer\" is no address"},
           {listener + "proxy_from = [\"10.0.0.0/8\"]\n", "proxy_protocol = \"required\""}}) {
    EXPECT_NE(file_error(c.text).find(c.error), std::string::npos) << c.text << "\n"
                                                                   << file_error(c.text);
  }
  EXPECT_EQ(ListenerConfig{}.proxy_from, (std::vector<std::string>{"127.0.0.0/8", "::1"}));
}

TEST(Config, RefusesHalfATls) {
  EXPECT_NE(file_error("[[listener]]\nbind = \"127.0.0.1:1\"\n[listener.tls]\ncert = \"a\"\n")
                .find("tls.key"),
            std::string::npos);
  EXPECT_NE(
      file_error("[[listener]]\nbind = \"127.0.0.1:1\"\n[listener.tls]\ncert = \"a\"\nkey = \"b\"\n"
                 "client_cert = \"require\"\n")
          .find("client_ca"),
      std::string::npos);
}

TEST(Config, ReadsTlsAsOneWordOrAsATable) {
  const auto tls_of = [](std::string_view text) {
    const File file(text);
    ConfigSources sources;
    sources.file = file.path();
    return *load_config(sources).listeners.front().tls;
  };
  EXPECT_TRUE(tls_of("[[listener]]\nbind = '127.0.0.1:1'\ntls = 'auto'\n").is_auto);
  const TlsConfig table = tls_of(
      "[[listener]]\nbind = '127.0.0.1:1'\n[listener.tls]\ncert = 'auto'\nclient_cert = 'require'\n"
      "names = ['broker.example']\n");
  EXPECT_TRUE(table.is_auto && table.is_for_clients());
  EXPECT_EQ(table.names, std::vector<std::string>{"broker.example"});
  const TlsConfig with_keys = tls_of(
      "[[listener]]\nbind = '127.0.0.1:1'\n[listener.tls]\npsk = true\n"
      "[[auth.source]]\ntype = 'psk'\npath = 'keys'\n");
  EXPECT_TRUE(with_keys.psk && !with_keys.is_auto && !with_keys.is_for_clients());
}

TEST(Config, RefusesTlsThatContradictsItself) {
  const std::string listener = "[[listener]]\nbind = '127.0.0.1:1'\n";
  EXPECT_TRUE(file_error(listener + "tls = 'yes'\n").contains("must be one of \"auto\""));
  EXPECT_TRUE(file_error(listener + "tls = true\n").contains("must be one of \"auto\""));
  EXPECT_TRUE(file_error(listener + "[listener.tls]\n").contains("TLS needs both"));
  EXPECT_TRUE(file_error(listener + "[listener.tls]\nmin = '1.2'\n").contains("tls = \"auto\""));
  for (const char* key : {"key", "client_ca", "crl"}) {
    EXPECT_TRUE(file_error(listener + "[listener.tls]\ncert = 'auto'\n" + key + " = 'x'\n")
                    .contains("brings its own"))
        << key;
  }
  EXPECT_TRUE(file_error(listener + "[listener.tls]\ncert = 'a'\nkey = 'b'\nnames = ['c']\n")
                  .contains("tls.names"));
  EXPECT_TRUE(file_error(listener + "[listener.tls]\npsk = true\n").contains("type = \"psk\""));
  EXPECT_TRUE(file_error("[[auth.source]]\ntype = 'psk'\n").contains("type \"psk\" needs path"));
}

TEST(Config, ReadsUsersAndRoles) {
  const File file(R"([auth]
anonymous_user = "guest"
[[auth.source]]
type = "file"
path = "passwd"
[[role]]
name = "device"
users = ["bell-*", "horn"]
allow = [{ publish = "devices/%u/#" },
         { all = "shared" }]
deny = [{ subscribe = "secret" }]
[acl]
file = "acl"
)");
  ConfigSources sources;
  sources.file = file.path();
  const AuthConfig auth = load_config(sources).auth;
  EXPECT_EQ(auth.anonymous_user, "guest");
  EXPECT_EQ(auth.acl_file, "acl");
  ASSERT_EQ(auth.sources.size(), 1U);
  EXPECT_EQ(auth.sources[0].path, "passwd");
  ASSERT_EQ(auth.roles.size(), 1U);
  const RoleConfig& role = auth.roles[0];
  EXPECT_EQ(role.users, (std::vector<std::string>{"bell-*", "horn"}));
  ASSERT_EQ(role.allow.size(), 2U);
  EXPECT_EQ(role.allow[0].word, "publish");
  EXPECT_EQ(role.allow[0].filter, "devices/%u/#");
  EXPECT_EQ(role.allow[1].place, file.path() + ":10:10");
  ASSERT_EQ(role.deny.size(), 1U);
  EXPECT_TRUE(auth.has_users() && auth.has_rules());
  EXPECT_FALSE(AuthConfig{}.has_rules());
}

TEST(Config, ReadsWhenLoginsAreLockedOut) {
  EXPECT_EQ(with({}).auth.bad_login.times, 10U);
  const auth::RepeatLimit limit = with({"ban.bad_login='3 per 30s -> 1h'"}).auth.bad_login;
  EXPECT_EQ(limit.times, 3U);
  EXPECT_EQ(limit.within, std::chrono::seconds(30));
  EXPECT_EQ(limit.out_for, std::chrono::hours(1));
  EXPECT_EQ(with({"ban.bad_login=off"}).auth.bad_login.times, 0U);
  for (const char* text : {"3", "3 per 30s", "3 per 30s -> 1h more", "x per 30s -> 1h",
                           "0 per 30s -> 1h", "3 per 30 -> 1h", "-1 per 30s -> 1h"}) {
    EXPECT_TRUE(
        error_of({std::string("ban.bad_login='") + text + "'"}).contains("ban.bad_login: must"))
        << text;
  }
}

TEST(Config, RefusesHalfARole) {
  EXPECT_TRUE(file_error("[[role]]\nname = 'a'\n").contains("users = [...]"));
  EXPECT_TRUE(file_error("[[role]]\nusers = ['a']\n").contains("users = [...]"));
  EXPECT_TRUE(file_error("[[role]]\nallow = [{ read = 'a' }]\n").contains("no such word: read"));
  EXPECT_TRUE(file_error("[[role]]\nalow = []\n").contains("did you mean allow?"));
  EXPECT_TRUE(file_error("role = 3\n").contains("[[role]]"));
  EXPECT_TRUE(file_error("[[auth.source]]\n").contains("type = \"users\""));
  EXPECT_TRUE(file_error("[[auth.source]]\ntype = 'file'\n").contains("needs path = "));
  EXPECT_TRUE(file_error("[[auth.source]]\ntype = 'users'\npath = 'x'\n").contains("has no path"));
  EXPECT_TRUE(file_error("[[auth.source]]\ntype = 'jwt'\n").contains("needs jwks = "));
  EXPECT_TRUE(error_of({"role=3"}).contains("are written in the file"));
}

TEST(Config, OpensListenersOnceThereAreUsers) {
  const std::string open = "[[listener]]\nbind = '0.0.0.0:0'\n";
  EXPECT_TRUE(file_error(open).contains("peal user add"));
  EXPECT_EQ(file_error(open + "[[auth.source]]\ntype = 'file'\npath = 'passwd'\n"), "no error");
}

TEST(Config, ReadsWhenTheStoreIsSynced) {
  EXPECT_EQ(with({}).store.sync, store::SyncMode::always);
  EXPECT_EQ(with({"store.sync=os"}).store.sync, store::SyncMode::os);
  const Config config = with({"store.sync=200ms"});
  EXPECT_EQ(config.store.sync, store::SyncMode::interval);
  EXPECT_EQ(config.store.sync_interval, std::chrono::milliseconds(200));
  EXPECT_TRUE(error_of({"store.sync=0ms"}).contains("must be a time"));
  EXPECT_TRUE(error_of({"store.sync=5"}).contains("store.sync"));
  EXPECT_TRUE(error_of({"store.sync=never"}).contains("\"os\""));
}

TEST(Config, SaysWhetherTheServiceIsSandboxed) {
  EXPECT_EQ(with({}).sandbox, SandboxMode::automatic);
  EXPECT_EQ(with({"service.sandbox=on"}).sandbox, SandboxMode::on);
  EXPECT_EQ(with({"service.sandbox=off"}).sandbox, SandboxMode::off);
  EXPECT_EQ(with({"service.sandbox=auto"}).sandbox, SandboxMode::automatic);
  EXPECT_TRUE(error_of({"service.sandbox=true"}).contains("service.sandbox"));
}

TEST(Config, TheCommandLineSaysWhereStateIsKept) {
  ConfigSources sources;
  EXPECT_FALSE(load_config(sources).store.dir);
  sources.settings = {"store.dir=/somewhere"};
  EXPECT_EQ(load_config(sources).store.dir, "/somewhere");
  sources.data = "";
  EXPECT_EQ(load_config(sources).store.dir, "");
}

TEST(ConfigReference, IsThePageInTheDocumentation) {
  const std::filesystem::path page =
      std::filesystem::path(PEAL_SOURCE_DIR) / "docs" / "reference" / "config.md";
  if (std::getenv("PEAL_WRITE_DOCS") != nullptr) {
    std::ofstream(page) << config_reference();
  }
  std::ifstream file(page);
  const std::string written((std::istreambuf_iterator<char>(file)),
                            std::istreambuf_iterator<char>());
  EXPECT_EQ(written, config_reference()) << "run the test once with PEAL_WRITE_DOCS=1";
}

TEST(ConfigKeys, HaveOneNameEachAndAMeaning) {
  std::vector<std::string_view> names;
  for (const ServerKey& key : server_keys()) {
    names.push_back(key.name);
    EXPECT_FALSE(key.meaning.empty()) << key.name;
  }
  std::ranges::sort(names);
  EXPECT_EQ(std::ranges::adjacent_find(names), names.end());
}

}  // namespace
}  // namespace peal::server
