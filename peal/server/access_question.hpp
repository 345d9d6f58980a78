// May this user publish or subscribe there, and which rule says so: what `peal acl test` asks, of
// the rules that a running server has in force or of those that a file and a store would give.
#pragma once

#include <expected>
#include <string>

#include "peal/auth/access_rules.hpp"

namespace peal::server {

struct AccessQuestion {
  std::string user{};  // empty: an anonymous client
  std::string client_id{};
  std::string topic{};  // Topic Name, or the Topic Filter to subscribe to
  auth::Action action = auth::Action::publish;
};

struct AccessAnswer {
  bool is_allowed = false;
  bool has_rules = false;  // false: there are none, and everything is allowed
  std::string rule{};      // that decided; empty: none allows it
  std::string place{};     // of the rule: "peal.toml:12:3", "role device (store)"
};

/// `rules`   null: there are none.
/// errors    a clause: no Topic Name, no Topic Filter.
[[nodiscard]] std::expected<AccessAnswer, std::string> decide_access(
    auth::AccessRules* rules, const AccessQuestion& question);

}  // namespace peal::server
