// A key that tells whether a token was signed by who may sign: one algorithm of JSON Web Signatures
// (RFC 7515, 7518, 8037), which belongs to the key and never comes from the token. A token that
// says HS256 is never compared with a MAC made of an RSA key's public text.
//
//     HS256   HMAC-SHA-256 with a secret       RS256   RSASSA-PKCS1-v1_5 with SHA-256
//     ES256   ECDSA on P-256 with SHA-256      EdDSA   Ed25519
//
// Immutable.      threads   any, several at once.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "peal/base/bytes.hpp"

struct evp_pkey_st;

namespace peal::auth {

enum class SignatureAlgorithm : std::uint8_t { hs256, rs256, es256, eddsa };

/// As `alg` has it: "HS256".
[[nodiscard]] std::string_view name_of(SignatureAlgorithm algorithm);
/// Capital letters count. Nothing: another algorithm, "none" among them.
[[nodiscard]] std::optional<SignatureAlgorithm> algorithm_named(std::string_view name);

class SignatureKey {
 public:
  using Made = std::expected<SignatureKey, std::string>;

  /// The errors of all of them are clauses: "it has 1024 bits; at least 2048 keep forgers out".
  /// errors   shorter than 32 bytes. (RFC 7518 §3.2)
  [[nodiscard]] static Made from_secret(Bytes secret);
  /// `modulus`, `exponent`   big-endian numbers.
  /// errors   fewer than 2048 bits, more than 8192; an exponent below 65537, even or over 64 bits;
  ///          a modulus that is even, prime or has small factors.
  [[nodiscard]] static Made from_rsa(Bytes modulus, Bytes exponent);
  /// errors   not 32 bytes each; no point of the curve.
  [[nodiscard]] static Made from_p256(Bytes x, Bytes y);
  /// errors   not 32 bytes; no point, or one of small order, for which anybody can sign.
  [[nodiscard]] static Made from_ed25519(Bytes point);
  /// The public keys (SubjectPublicKeyInfo) of a text in PEM, one or more.
  /// errors   none in it, something else in it (a private key, a certificate), another kind of key,
  ///          and those above.
  [[nodiscard]] static std::expected<std::vector<SignatureKey>, std::string> read_pem(
      std::string_view text);

  [[nodiscard]] SignatureAlgorithm algorithm() const { return algorithm_; }

  /// Whether `signature`, in the form of RFC 7518, is this key's for `content`.
  ///
  /// returns   false, too, when there is no memory for the attempt.
  /// cost      HS256 a microsecond; the others: see jwt_source.hpp. HS256 in a time that does not
  ///           depend on how much of it agrees.
  [[nodiscard]] bool verify(Bytes content, Bytes signature) const;

 private:
  struct Free {
    void operator()(evp_pkey_st* key) const;
  };
  using Handle = std::unique_ptr<evp_pkey_st, Free>;

  SignatureKey(SignatureAlgorithm algorithm, std::string bytes, Handle handle);
  static Made adopt(Handle handle);
  static Made adopt_rsa(Handle handle);
  static Made adopt_ec(Handle handle);
  static Made adopt_ed25519(const Handle& handle);

  SignatureAlgorithm algorithm_;
  std::string bytes_;  // HS256: the secret; EdDSA: the point
  Handle handle_;      // RS256, ES256
};

}  // namespace peal::auth
