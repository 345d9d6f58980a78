// JSON Web Tokens (RFC 7519) as signed by somebody else, and what one says of a client.
//
//     eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJiZWxsLTEiLCJleHAiOjE4MDAwMDAwMDB9.c2lnbmF0dXJl
//     header: {"alg": "ES256"}    claims: {"sub": "bell-1", "exp": 1800000000}    signature
//
// The signature is looked at before the claims are. What a header says of keys (jwk, jku, x5c, ...)
// is never believed, `crit` is refused, and "none" is no algorithm.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "peal/auth/identity.hpp"
#include "peal/auth/json_web_keys.hpp"

namespace peal::auth {

struct TokenOptions {
  std::string issuer;               // what `iss` has to be; empty: whatever it is
  std::string audience;             // what `aud` has to name; empty: tokens have none
  std::string user_claim = "sub";   // the claim that names the user
  std::chrono::seconds leeway{30};  // how far clocks may be apart
  std::size_t max_bytes = 8192;     // of a token
  bool is_expiry_required = false;  // whether `exp` has to be there
};

enum class TokenFault : std::uint8_t {
  no_token,  // it does not look like one: an ordinary password
  no_key,    // the keys do not have its: other ones may
  refused,
};

struct TokenRefusal {
  TokenFault fault = TokenFault::refused;
  std::string why;  // a clause, for a person; may hold text of the token
};

/// The claim that "claim:NAME" asks for.
/// errors   a clause: no "claim:", no name.
[[nodiscard]] std::expected<std::string, std::string> user_claim_of(std::string_view text);

/// Whether `token` is one at all and may be believed, and then whose it is.
///
/// `token`   any bytes: what a client gave for its password.
/// returns   the user; the rights of the claims `acl` and `roles` (see grants_json.hpp); until
/// when:
///           `exp` and the leeway.
/// errors    no_token: not three parts in the letters of base64url, the first of them a JSON object
///           with `alg`. no_key: see JsonWebKeys::check. refused: too long; another algorithm than
///           those of SignatureAlgorithm; `crit`; a wrong signature; base64url that is not
///           canonical; claims that are no JSON object, have a member twice or are nested too deep;
///           `exp`, `nbf`, `iat` that are no times or not now; another issuer or audience; an
///           audience where none is expected (RFC 7519 §4.1.3); a user that is no text of 1 to 256
///           bytes, or has a NUL; rights that are not understood.
/// cost      O(size) and one verification.      threads   any.
[[nodiscard]] std::expected<Identity, TokenRefusal> verify_token(
    std::string_view token, const JsonWebKeys& keys, std::chrono::system_clock::time_point now,
    const TokenOptions& options);

}  // namespace peal::auth
