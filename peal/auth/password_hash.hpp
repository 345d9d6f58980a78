// A password as a file keeps it: a salted hash, in one of the three forms that Mosquitto's password
// files have, so that a file of either server serves the other one, or a fourth one of ours.
//
//     $argon2id$v=19$m=KIBIBYTES,t=PASSES,p=LANES$SALT$HASH   Argon2id (RFC 9106), base64 unpadded
//     $7$ROUNDS$SALT$HASH                                     PBKDF2-HMAC-SHA512, base64 padded
//     $6$SALT$HASH                                            SHA-512 of password and salt
//     SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY       see scram_verifier.hpp
//
// The third one is what Mosquitto 1.6 wrote. A thief of the file tries a thousand million passwords
// a second against it: it is read, and written only when asked for. The fourth one serves clients
// that do not send their password, and those that do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "peal/base/bytes.hpp"

namespace peal::auth {

/// Before any other call of libsodium; ends the process where nothing of the system works.
void require_sodium();

enum class HashKind : std::uint8_t { argon2id, pbkdf2_sha512, sha512, scram_sha256 };

/// The longest password there is: the length of Binary Data has two bytes. (MQTT 5 §1.5.6)
inline constexpr std::size_t max_password_bytes = 65'535;

/// Hashes `password` with a fresh salt; the text is what `PasswordHash::parse` reads.
///
/// `password`  any bytes, NUL among them (but see `PasswordHash::verify`); at most
///             `max_password_bytes`.
/// cost        argon2id about 20 ms and 19 MiB, pbkdf2_sha512 and scram_sha256 about 100 ms, sha512
///             nothing.
/// threads     any; not on an event loop.
[[nodiscard]] std::string hash_password(Bytes password, HashKind kind = HashKind::argon2id);

/// One hash that was read: a value, immutable.
class PasswordHash {
 public:
  /// Reads what `hash_password`, libsodium, mosquitto_passwd and PostgreSQL (SCRAM) write.
  ///
  /// errors   a clause that says what is wrong and what to do, without quoting `text`: plain text,
  ///          an unknown kind, damage, costs that would stall the server (over 10 million rounds,
  ///          256 MiB, 16 passes or 16 lanes).
  /// cost     O(size): nothing is hashed.      threads   pure.
  [[nodiscard]] static std::expected<PasswordHash, std::string> parse(std::string_view text);

  /// Whether `password` is the one that was hashed: all of its bytes, NUL among them; but
  /// one that ends with NUL is never right for pbkdf2_sha512, which cannot tell it from the same
  /// without, nor one with any NUL for scram_sha256. A CONNECT without a password is not one with
  /// an empty password: the caller tells them apart.
  ///
  /// returns  false, too, when there is no memory for the attempt.
  /// cost     what the hash says; the time does not depend on how much of it agrees.
  /// threads  any; not on an event loop.
  [[nodiscard]] bool verify(Bytes password) const;

  [[nodiscard]] HashKind kind() const { return kind_; }
  /// Bytes that tell it from every other hash; of scram_sha256 what `ScramVerifier::parse` reads.
  [[nodiscard]] std::string_view stored() const { return stored_; }

 private:
  PasswordHash(HashKind kind, std::uint32_t rounds, std::string stored);

  static std::expected<PasswordHash, std::string> parse_argon2id(std::string_view text);
  static std::expected<PasswordHash, std::string> parse_pbkdf2(std::string_view text);
  static std::expected<PasswordHash, std::string> parse_sha512(std::string_view text);
  static std::expected<PasswordHash, std::string> parse_scram(std::string_view text);
  static std::expected<PasswordHash, std::string> parse_digest(HashKind kind, std::uint32_t rounds,
                                                               std::string_view salt_text,
                                                               std::string_view hash_text);

  HashKind kind_;
  std::uint32_t rounds_;  // pbkdf2_sha512 only
  std::string stored_;    // argon2id, scram_sha256: the text; else the 64 bytes of the hash, then
                          // the salt
};

}  // namespace peal::auth
