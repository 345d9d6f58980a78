// The keys with which the tokens of a server may be signed: a JSON Web Key Set (RFC 7517), or
// public keys in PEM.
//
//     {"keys": [{"kty": "RSA", "kid": "2026", "use": "sig", "n": "...", "e": "AQAB"},
//               {"kty": "oct", "kid": "gates", "k": "..."}]}
//
//     kty oct: HS256      RSA: RS256      EC, crv P-256: ES256      OKP, crv Ed25519: EdDSA
//
// Keys for something else than signatures (`use` is "enc", or `key_ops` has no "verify") are passed
// over, as issuers list them beside the others. Any other key that is weak, damaged or not known
// here refuses the whole set: who wrote it meant it to be used.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "peal/auth/signature_key.hpp"

namespace peal::auth {

/// Keys of a set, and bytes of the text it is read from.
inline constexpr std::size_t json_web_keys_limit = 100;
inline constexpr std::size_t json_web_keys_bytes_limit = std::size_t{1} << 20;
/// Keys that are tried for a token that names none: a bound for the work that a stranger asks for.
inline constexpr std::size_t tried_keys_limit = 8;

enum class SignatureCheck : std::uint8_t {
  right,
  wrong,
  no_key,         // none of that name, or none for that algorithm
  too_many_keys,  // the token names none, and more than `tried_keys_limit` would have to be tried
};

/// Immutable.      threads   any, several at once.
class JsonWebKeys {
 public:
  /// Reads a set in JSON, or public keys in PEM; the first character tells which.
  ///
  /// errors   a clause that names the key at fault, `key 2 ("gates"): its secret has 16 bytes...`:
  ///          what SignatureKey refuses; the private part of a pair; an `alg` that is not the
  ///          key's; two of the same name and algorithm; no usable key; the limits above.
  /// cost     O(size), and a millisecond or so for each key.      threads   any.
  [[nodiscard]] static std::expected<JsonWebKeys, std::string> parse(std::string_view text);
  /// The same from a file. Waits for the disk.    errors   as above, with `path: ` in front.
  [[nodiscard]] static std::expected<JsonWebKeys, std::string> read(const std::string& path);

  [[nodiscard]] std::size_t size() const { return keys_.size(); }

  /// Whether `signature` is one for `content` by a key for `algorithm`, and by the one with that
  /// `id` (`kid`) when both the token and the key have one.
  /// cost   one verification, or `tried_keys_limit` of them for a token without an id.
  [[nodiscard]] SignatureCheck check(SignatureAlgorithm algorithm,
                                     std::optional<std::string_view> id, Bytes content,
                                     Bytes signature) const;

 private:
  struct Entry {
    std::optional<std::string> id;
    SignatureKey key;
  };

  class SetReader;

  static std::expected<JsonWebKeys, std::string> parse_pem(std::string_view text);

  std::vector<Entry> keys_;
};

}  // namespace peal::auth
