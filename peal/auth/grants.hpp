// Rights as a text, a rule on each line: what comes with a token or the answer of a service, and
// what roles are kept as.
//
//     allow publish devices/%u/#
//     deny all devices/%u/firmware
//     role device
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "peal/auth/access_rule.hpp"

namespace peal::auth {

struct Grants {
  std::vector<AccessRule> rules;
  std::vector<std::string> roles;
};

/// "publish", "subscribe" or "all".
[[nodiscard]] std::expected<Action, std::string> parse_action(std::string_view word);

/// One rule: "allow publish FILTER".
/// `place`   said by who asks for the deciding rule.    errors   a clause for a person.
[[nodiscard]] std::expected<AccessRule, std::string> parse_rule(std::string_view line,
                                                                std::string_view place);

/// errors   a clause for a person: an unknown word, no Topic Filter; more than a thousand lines.
[[nodiscard]] std::expected<Grants, std::string> parse_grants(std::string_view text,
                                                              std::string_view place);

}  // namespace peal::auth
