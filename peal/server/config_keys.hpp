// The table of all configuration keys.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "peal/server/config.hpp"
#include "peal/server/config_value.hpp"

namespace peal::server {

/// A key of the whole server: "session.inflight".
struct ServerKey {
  std::string_view name;
  std::string_view default_text;
  std::string_view meaning;
  void (*apply)(Config& config, const ConfigValue& value);
  bool needs_restart = false;  // a running server keeps what it started with
};

/// A key of one [[listener]]: "bind", "tls.cert".
struct ListenerKey {
  std::string_view name;
  std::string_view default_text;
  std::string_view meaning;
  void (*apply)(ListenerConfig& listener, const ConfigValue& value);
};

/// A key of one [[auth.source]]: "type", "path".
struct AuthSourceKey {
  std::string_view name;
  std::string_view default_text;
  std::string_view meaning;
  void (*apply)(AuthSourceConfig& source, const ConfigValue& value);
  bool is_secret = false;  // not shown by `peal config`
};

/// A key of one [[role]]: "name", "allow".
struct RoleKey {
  std::string_view name;
  std::string_view default_text;
  std::string_view meaning;
  void (*apply)(RoleConfig& role, const ConfigValue& value);
};

/// "PEAL_LIMITS__PACKET" of "limits.packet": the variable of the environment that says it.
[[nodiscard]] std::string variable_of(std::string_view key);

[[nodiscard]] std::span<const ServerKey> server_keys();
[[nodiscard]] std::span<const ListenerKey> listener_keys();
[[nodiscard]] std::span<const AuthSourceKey> auth_source_keys();
[[nodiscard]] std::span<const RoleKey> role_keys();

}  // namespace peal::server
