// A server's configuration: what the file, `--set` and the command line say, checked and with every
// default filled in.
//
// One table (config_keys.cpp) knows every key: its name, what it means, its default and how its
// value is read.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "peal/auth/repeat_guard.hpp"
#include "peal/broker/ports/authorizer.hpp"
#include "peal/broker/settings.hpp"
#include "peal/mqtt/escaped.hpp"
#include "peal/store/sync_mode.hpp"

namespace peal::server {

/// What is wrong with the configuration: a sentence with file, line and key for each problem, on a
/// line of its own; what they quote of the file moves no terminal's cursor. Thrown while starting
/// up and while a new configuration is made ready.
class ConfigError : public std::runtime_error {
 public:
  explicit ConfigError(std::string_view what) : ConfigError(std::vector{std::string(what)}) {}
  /// At least one.
  explicit ConfigError(const std::vector<std::string>& problems)
      : std::runtime_error(lines_of(problems)) {}

  /// One each.
  [[nodiscard]] std::vector<std::string> problems() const;

 private:
  [[nodiscard]] static std::string lines_of(const std::vector<std::string>& problems);
};

enum class AnonymousAccess : std::uint8_t { no, loopback, yes };

struct TlsConfig {
  bool is_auto = false;            // certificates of the own authority, in the store's directory
  std::vector<std::string> names;  // of the server, besides those it has anyway; with is_auto
  std::string cert;
  std::string key;
  std::string client_ca;
  std::string client_cert;  // off | optional | require; empty: off, with is_auto optional
  std::string crl;
  std::string min = "1.2";
  bool psk = false;

  bool operator==(const TlsConfig&) const = default;
  [[nodiscard]] bool is_for_clients() const { return !client_cert.empty() && client_cert != "off"; }
};

struct ListenerConfig {
  std::string place;  // where it is written: "peal.toml:3:1: "; empty for a default one
  std::string name = "default";
  std::string bind;
  bool mqtt = true;
  bool ws = true;
  bool http = true;
  AnonymousAccess anonymous = AnonymousAccess::loopback;
  bool v3_1 = true;
  bool v3_1_1 = true;
  bool v5 = true;
  std::size_t max_connections = broker::Settings::unlimited;
  bool proxy_protocol = false;
  std::string ws_path = "/mqtt";
  std::vector<std::string> allowed_origins;
  std::vector<std::string> allowed_hosts;
  std::optional<TlsConfig> tls;
  unsigned unix_mode = 0600;

  bool operator==(const ListenerConfig&) const = default;
};

/// "200/s burst 1000".
struct ConnectRate {
  std::uint64_t per_second = 0;  // 0: no limit
  std::uint64_t burst = 0;
};

/// What one address may have.
struct AddressLimits {
  std::size_t connections = broker::Settings::unlimited;
  ConnectRate rate;

  [[nodiscard]] bool is_any() const {
    return connections != broker::Settings::unlimited || rate.per_second != 0;
  }
};

/// "75%" of what the process may have, or a number of bytes; neither: no limit.
struct MemoryLimit {
  unsigned percent = 0;
  std::size_t bytes = broker::Settings::unlimited;

  [[nodiscard]] bool is_any() const { return percent != 0 || bytes != broker::Settings::unlimited; }
};

enum class LogFormat : std::uint8_t { text, json };

/// "5% up to 256MiB": what has to stay free where the store is.
struct MinFree {
  unsigned percent = 5;  // 0: `bytes`, whatever the size of the file system
  std::size_t bytes = std::size_t{256} << 20;

  [[nodiscard]] std::size_t of(std::size_t capacity) const {
    return percent == 0 ? bytes : std::min(bytes, capacity / 100 * percent);
  }
};

enum class SandboxMode : std::uint8_t { automatic, on, off };

struct StoreConfig {
  /// "": memory only. Not set: nobody said so; a server keeps everything in memory, `peal serve`
  /// takes the user's state directory.
  std::optional<std::string> dir;
  store::SyncMode sync = store::SyncMode::always;
  std::chrono::milliseconds sync_interval{0};
  std::size_t cache_bytes = std::size_t{64} << 20;
  MinFree min_free;
};

/// Where users come from: one source of identity. Which keys count depends on the type.
struct AuthSourceConfig {
  std::string place;
  std::string type;                          // users | file | certificate | psk | jwt | http
  std::string path{};                        // file, psk
  std::string username{};                    // certificate: cn | subject | san; jwt: claim:NAME
  std::string jwks{};                        // jwt: a file, or a URL
  std::string issuer{};                      // jwt
  std::string audience{};                    // jwt
  std::string url{};                         // http
  std::string ca{};                          // jwt, http: whose certificates are believed; PEM file
  std::string on_failure{};                  // http: deny | ignore
  std::chrono::milliseconds timeout{2'000};  // http, jwt
  std::chrono::milliseconds refresh{600'000};  // jwt: how often a URL is asked
  std::chrono::milliseconds cache{0};          // http: how long who was let in is believed
  bool match_username = false;                 // jwt: the user name has to be the token's
  std::vector<std::string> headers;            // http, jwt: "Authorization: Bearer ..."
  bool insecure = false;  // http, jwt: passwords and keys may go unencrypted over the network
};

/// One word of what a role may or may not do: "publish", "subscribe" or "all" of a Topic Filter.
struct RuleConfig {
  std::string place;
  std::string word;
  std::string filter;
};

struct RoleConfig {
  std::string place;
  std::string name;
  std::vector<std::string> users;
  std::vector<RuleConfig> allow;
  std::vector<RuleConfig> deny;
  broker::PublishRate rate;
};

struct AuthConfig {
  std::vector<AuthSourceConfig> sources;
  std::vector<RoleConfig> roles;
  std::string acl_file;
  std::string anonymous_user = "anonymous";
  auth::RepeatLimit bad_login;
  auth::RepeatLimit flapping{.times = 0};

  [[nodiscard]] bool has_users() const { return !sources.empty(); }
  [[nodiscard]] bool has_keys() const;  // of TLS-PSK
  /// Whether the configuration itself has that role.
  [[nodiscard]] bool has_role(std::string_view name) const {
    return std::ranges::any_of(roles, [&](const RoleConfig& role) { return role.name == name; });
  }
  /// Nothing is allowed then but what a rule allows.
  [[nodiscard]] bool has_rules() const {
    return has_users() || !roles.empty() || !acl_file.empty();
  }
};

/// One value as somebody said it: for `peal config explain` and `diff`.
struct ConfigEntry {
  std::string key;    // "limits.packet", "listener[tls].bind"; "listener[tls]": that there is one
  std::string text;   // as TOML; what ${env:...} and ${file:...} stand for is not put in
  std::string place;  // "peal.toml:12:9", "PEAL_LIMITS__PACKET", "--set limits.packet=1MiB"
  std::uint64_t digest = 0;  // of what it stands for: other for another password
  bool is_secret = false;    // not to be shown at all
};

struct Config {
  std::vector<ListenerConfig> listeners;  // the default ones when the file has none
  broker::Settings settings;
  StoreConfig store;
  AuthConfig auth;
  std::optional<std::size_t> connections;  // none: by the descriptors, `connections_of_descriptors`
  std::size_t unauthenticated = 5000;
  std::size_t http_connections = 64;
  MemoryLimit memory{.percent = 75};
  AddressLimits per_address;
  unsigned workers = 0;  // 0: one per core
  std::string log_level = "info";
  LogFormat log_format = LogFormat::text;
  std::size_t log_rate = 10;  // lines a second from one cause
  /// Of the program, not of a `Server`: who embeds one decides about the process.
  SandboxMode sandbox = SandboxMode::automatic;
  std::vector<ConfigEntry> entries;  // what was said, each key once; the rest has its default
  std::vector<std::string> secrets;  // what ${env:...} and ${file:...} gave: not for the log
};

/// Where the configuration is said, from the weakest to the strongest word: the file, the files of
/// conf.d beside it, variables of the environment, the command line.
struct ConfigSources {
  std::optional<std::string> file;
  std::vector<std::string> variables{};  // "PEAL_LIMITS__PACKET=64KiB"; those of others, too
  std::vector<std::string> settings;     // "KEY=VALUE"
  std::optional<unsigned> port;          // of the default listeners
  std::optional<unsigned> workers;
  std::optional<std::string> data;  // instead of store.dir
  /// An empty file is one that is being written, not one that says nothing.
  bool refuses_empty_file = false;
};

/// The variables of this process's environment.
[[nodiscard]] std::vector<std::string> environment_variables();

/// How many connections so many descriptors are good for: 90 %, at most 100 000; 64 are kept for
/// files, listeners and what else there is.
[[nodiscard]] std::size_t connections_of_descriptors(std::size_t descriptors);

/// Reads and checks everything.    errors   ConfigError: with every problem that was found.
[[nodiscard]] Config load_config(const ConfigSources& sources);

/// Where `peal serve` keeps state when nobody says: systemd's StateDirectory, else the user's state
/// directory (XDG), else /var/lib/peal.
[[nodiscard]] std::string default_state_directory();

/// Where a server with tls = "auto" keeps its certificates.
[[nodiscard]] std::string authority_directory(const std::string& store_directory);

}  // namespace peal::server
