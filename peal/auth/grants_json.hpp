// Rights as tokens and HTTP answers bring them: the members `acl` and `roles` of a JSON object,
// made into lines of text as `Identity::grants` has them.
//
//     {"acl": {"pub": ["a/#"], "sub": ["b/%u"], "all": ["c"]}, "roles": ["device"]}
//     {"acl": [{"permission": "deny", "action": "publish", "topic": "a/b"}]}
//
//     allow publish a/#
//     allow subscribe b/%u
//     allow all c
//     role device
//     deny publish a/b
//
// The two forms are those of EMQX, so that what writes its tokens writes ours. Beyond it: %u and
// %c, for which ${username} and ${clientid} may stand; a deny rule wins wherever it stands, where
// EMQX takes the first rule that fits.
//
// Whatever is not understood is refused as a whole: a rule that was read as less than it says would
// let somebody in.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

namespace peal::auth {

/// Lines, rules and roles together.
inline constexpr std::size_t grants_limit = 1000;
/// Bytes of such an object, and of the lines that are made of it.
inline constexpr std::size_t grants_bytes_limit = std::size_t{256} << 10;

/// Reads the members `acl` and `roles` of the JSON object `text`; others say nothing here.
///
/// returns   a rule or a role on each line, each ended by '\n'; empty when it brings none.
/// errors    a clause with the member at fault: "acl[2].topic: ...". No JSON object, a member
/// twice,
///           more than 16 levels deep, `grants_limit` or `grants_bytes_limit` passed; a word, a
///           member or a type that is none of the above; a topic that is no Topic Filter, is a
///           shared one, has a line end or a blank around it, or begins with "eq "; a name of a
///           role that is empty, over 256 bytes, or has a control character or a blank around it.
/// cost      O(size).      threads   any.
[[nodiscard]] std::expected<std::string, std::string> grants_from_json(std::string_view text);

}  // namespace peal::auth
