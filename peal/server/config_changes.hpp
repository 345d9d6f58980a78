// What tells one configuration from another, key by key, and what the table of keys says about
// each: what `peal config explain` and `diff` show, and what a reload did.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "peal/server/config.hpp"

namespace peal::server {

/// One row of the tables, whatever it is a key of: "limits.packet", "listener.tls.cert",
/// "role.users", "auth.source.type".
struct KeyInfo {
  std::string key;
  std::string meaning;
  std::string type;          // "a whole number from 1 to 65535"
  std::string default_text;  // as TOML, or in words
  bool needs_restart = false;
  std::string variable;  // of the environment; "" of what is in a list
};

/// Every key there is.
[[nodiscard]] std::vector<KeyInfo> all_keys();
/// "listener.tls.cert" of "listener[secure]#2.tls.cert".    threads   pure.
[[nodiscard]] std::string plain_key(std::string_view entry_key);

struct ConfigChange {
  enum class Kind : std::uint8_t { changed, added, removed };  // of a whole element, the latter two
  Kind kind = Kind::changed;
  std::string key;
  std::string before;  // as TOML, or the default in words
  std::string after;
  std::string place;  // where `after` is said; "default"
  bool needs_restart = false;
};

/// In the order of `after`, then what is not in it.
[[nodiscard]] std::vector<ConfigChange> config_changes(const std::vector<ConfigEntry>& before,
                                                       const std::vector<ConfigEntry>& after);

/// What is shown of it.
[[nodiscard]] std::string shown(const ConfigEntry& entry);
/// "limits.packet: "1MiB" -> "2MiB"", for people.
[[nodiscard]] std::string line_of(const ConfigChange& change);

}  // namespace peal::server
