// What an HTTP service says about a client, read strictly: whatever is not understood, one member
// included, is no answer at all, and no answer lets nobody in.
//
//     200 {"result": "allow", "user": "anna", "roles": ["people"], "acl": {...},
//          "is_superuser": false, "expires_in": 3600, "cache": 60}
//     200 {"result": "deny"}     200 {"result": "ignore"}     401     403
#pragma once

#include <chrono>
#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "peal/auth/identity_source.hpp"

namespace peal::auth {

inline constexpr std::size_t hook_answer_bytes_limit = std::size_t{64} << 10;
/// What an answer may ask to be remembered for.
inline constexpr std::chrono::hours hook_cache_limit{24};

struct HookAnswer {
  Finding finding;
  /// How long the service says that it holds; nothing: it does not say.
  std::optional<std::chrono::milliseconds> cache;
};

/// `asked_user`   the client's user name: who it is when the answer names nobody.
/// returns        accepted (its identity has a user, its `expires` is in the future), refused, or
///                not_mine.
/// errors         a clause: another status, no JSON, over its limit or 8 levels deep; a member that
///                is unknown, there twice, of a wrong type or out of range; a user that cannot be
///                one; `expires_in` and `expire_at` both; rights that cannot be read.
/// cost           O(size).      threads   any.
[[nodiscard]] std::expected<HookAnswer, std::string> read_hook_answer(
    int status, std::string_view body, std::string_view asked_user,
    std::chrono::system_clock::time_point now);

}  // namespace peal::auth
