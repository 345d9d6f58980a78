// The server's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), as enhanced authentication carries it
// (MQTT 5 §4.12): the password never goes over the wire, and the client learns that the server
// knows it, too.
//
//     client   n,,n=anna,r=CNONCE                      CONNECT
//     server   r=CNONCE+SNONCE,s=SALT,i=ITERATIONS     AUTH       first()
//     client   c=biws,r=CNONCE+SNONCE,p=PROOF          AUTH
//     server   v=SIGNATURE                             CONNACK    final()
//
// Without channel binding: "p" is refused, "n" and "y" are not. A user whom nobody knows gets the
// same answers as one with a wrong password, made up by a ScramDecoys; which name it was shows only
// in the end, and only as a refusal.
//
// One for each attempt of one client, on its thread; a value.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "peal/auth/scram_verifier.hpp"

namespace peal::auth {

/// Bytes of a client's message.
inline constexpr std::size_t scram_message_limit = 4096;

enum class ScramError : std::uint8_t {
  malformed,        // not as RFC 5802 §7 has it, or too long
  channel_binding,  // asked for; there is none
  other_user,       // it wants to act for somebody else (authzid)
  extension,        // one that has to be understood (m=) and is not
  mismatch,         // the second message does not go with the first
  wrong,            // the proof is wrong, or nobody has that name
  out_of_order,     // a message that is not to come now
};

/// A clause for a person.
[[nodiscard]] std::string_view text_of(ScramError error);

/// Makes up verifiers for names that nobody has: the same ones for the same name each time.
/// Immutable.      threads   any.
class ScramDecoys {
 public:
  /// `secret`       at least 32 random bytes; the same after a restart, or who asks before and
  ///                after it sees which salts stay.
  /// `iterations`   as the verifiers of the users have.
  ScramDecoys(std::string secret, std::uint32_t iterations);
  [[nodiscard]] ScramVerifier verifier_for(std::string_view user) const;

 private:
  std::string secret_;
  std::uint32_t iterations_;
};

struct ScramSuccess {
  std::string user;
  std::string server_final;
};

class ScramExchange {
 public:
  using Lookup = std::function<std::optional<ScramVerifier>(std::string_view user)>;

  /// `server_nonce`   printable ASCII without a comma, never the same twice.
  explicit ScramExchange(std::string server_nonce = fresh_nonce());
  /// 24 random bytes, in base64.
  [[nodiscard]] static std::string fresh_nonce();

  /// The client's first message.
  /// returns   the server's first message.
  /// errors    all but wrong; a user name that is empty, over 256 bytes, or no UTF-8 is malformed.
  /// cost      microseconds, the same for a user whom `lookup` does not find.
  [[nodiscard]] std::expected<std::string, ScramError> first(std::string_view client_first,
                                                             const Lookup& lookup,
                                                             const ScramDecoys& decoys);
  /// The client's final message; the exchange is over then, however it went.
  /// errors    malformed, mismatch, extension, wrong, out_of_order.
  /// cost      microseconds; the time does not depend on how much of the proof agrees.
  [[nodiscard]] std::expected<ScramSuccess, ScramError> final(std::string_view client_final);

 private:
  enum class State : std::uint8_t { fresh, waiting, over };

  [[nodiscard]] bool is_right(const ScramKey& proof, std::string_view auth_message) const;

  State state_ = State::fresh;
  std::string nonce_;  // the server's; then the whole of it
  std::string gs2_header_;
  std::string client_first_bare_;
  std::string server_first_;
  std::string user_;
  std::optional<ScramVerifier> verifier_;
  bool is_known_ = false;
};

}  // namespace peal::auth
