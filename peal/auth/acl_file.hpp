// Rules in the grammar of Mosquitto's acl_file:
//
// * `user NAME`: the lines below are this user's; the name is taken as it stands, '*' included.
// * `topic [read|write|readwrite|deny] FILTER`: of the user above; before the first: of clients
//   without a name.
// * `pattern [read|write|readwrite|deny] FILTER`: of everybody, with %u and %c.
//
// Lines that begin with # and empty ones say nothing.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "peal/auth/access_rules.hpp"

namespace peal::auth {

/// A role for each user that is named, one for clients without a name, and one for everybody.
/// errors   a sentence with `path:line: ` in front: a file that `TextLines` refuses (at most 64
/// MiB,
///          64 KiB a line), an unknown word, no Topic Filter, a name that is no UTF-8, %u or %c in
///          a `topic` line.
/// cost     O(size). Waits for the disk.
[[nodiscard]] std::expected<std::vector<Role>, std::string> read_acl_file(
    const std::string& path, std::string_view anonymous_user);

}  // namespace peal::auth
