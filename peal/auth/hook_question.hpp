// What an HTTP service is asked about a client: a JSON object with what the client shows of itself.
// What it does not show is left out, so that no password is never the same as an empty one.
//
//     {"client_id": "bell-1", "username": "bell-1", "password": "...", "address": "192.0.2.1",
//      "encrypted": true, "certificate_common_name": "...", "certificate_subject": "..."}
//
// A password that is no UTF-8, or has a NUL in it, which some languages end a text at, stands as
// "password_base64" (RFC 4648 §4) instead.
#pragma once

#include <optional>
#include <string>

#include "peal/auth/identity_source.hpp"

namespace peal::auth {

/// The same bytes for the same client, whatever port it comes from.
///
/// returns   nothing: one of its texts other than the password is no UTF-8.
/// cost      O(size).      threads   pure.
[[nodiscard]] std::optional<std::string> hook_question(const Credentials& who);

}  // namespace peal::auth
