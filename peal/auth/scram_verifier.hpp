// What a server keeps of a password for SCRAM-SHA-256 (RFC 5802, RFC 7677): enough to check who
// knows it, not enough to pretend to know it. In the text form of PostgreSQL, so that its users can
// be brought along:
//
//     SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY        base64, padded
//
// User names and passwords are taken as they stand, in UTF-8. Clients prepare them first (SASLprep,
// RFC 4013), which changes nothing of ASCII and of most text that is composed (NFC); where it does
// change something, the password has to be set in its prepared form.
//
// Why 600000 iterations: OWASP's number for PBKDF2-HMAC-SHA256, against who steals the file. The
// client pays for them, not the server: some 200 ms on a computer or a telephone, over ten seconds
// on a microcontroller. Give those passwords of 16 random bytes or more, which nobody guesses
// however cheap a guess is, and 4096 iterations.
//
// A value, immutable.      threads   any.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "peal/base/bytes.hpp"

namespace peal::auth {

inline constexpr std::uint32_t scram_iterations = 600'000;
/// RFC 7677 §4 and what would stall a login with the plain password.
inline constexpr std::uint32_t least_scram_iterations = 4096;
inline constexpr std::uint32_t most_scram_iterations = 10'000'000;
/// How a text of them begins.
inline constexpr std::string_view scram_begin = "SCRAM-SHA-256$";

using ScramKey = std::array<std::uint8_t, 32>;

/// The HMAC() and H() of RFC 5802 §2.2.
[[nodiscard]] ScramKey scram_hmac(Bytes key, std::string_view text);
[[nodiscard]] ScramKey scram_hash(Bytes text);

class ScramVerifier {
 public:
  /// Of a password, with a fresh salt of 16 bytes.
  ///
  /// `password`     at most 65535 bytes, and none of them NUL: SASLprep forbids it.
  /// `iterations`   from `least_scram_iterations` to `most_scram_iterations`.
  /// cost           0.2 us for each iteration.      threads   any; not on an event loop.
  [[nodiscard]] static ScramVerifier make(Bytes password,
                                          std::uint32_t iterations = scram_iterations);
  /// errors   a clause that says what is wrong, without quoting `text`: another form, iterations
  ///          beyond the limits, a salt that is not 8 to 64 bytes, keys that are not 32.
  [[nodiscard]] static std::expected<ScramVerifier, std::string> parse(std::string_view text);
  /// Of parts that were checked or made here.
  ScramVerifier(std::uint32_t iterations, std::string salt, const ScramKey& stored_key,
                const ScramKey& server_key);

  /// What `parse` reads.
  [[nodiscard]] std::string text() const;

  /// Whether it is that password's: for a client that sends the password itself.
  /// returns   false, too, when there is no memory for the attempt.
  /// cost      as `make`; the time does not depend on how much agrees.
  [[nodiscard]] bool verify_password(Bytes password) const;

  [[nodiscard]] std::uint32_t iterations() const { return iterations_; }
  [[nodiscard]] const std::string& salt() const { return salt_; }
  [[nodiscard]] const ScramKey& stored_key() const { return stored_key_; }
  [[nodiscard]] const ScramKey& server_key() const { return server_key_; }

 private:
  std::uint32_t iterations_;
  std::string salt_;
  ScramKey stored_key_;
  ScramKey server_key_;
};

}  // namespace peal::auth
