// Clients that show a JSON Web Token in place of a password. The token names the user; what CONNECT
// gives for a user name is passed over, or has to be the same.
//
// A token is checked where it is asked for, on the thread of a worker: that costs less than most
// TLS handshakes do, and has a bound (`max_bytes`, `tried_keys_limit`). Measured on one core of an
// AMD EPYC under load, OpenSSL 3.0, tokens of 220 to 860 bytes with rights in them: HS256 4 us,
// RS256 51 us (4096 bits: 155 us), EdDSA 95 us, ES256 109 us.
#pragma once

#include <memory>
#include <mutex>

#include "peal/auth/identity_source.hpp"
#include "peal/auth/json_web_keys.hpp"
#include "peal/auth/json_web_token.hpp"
#include "peal/broker/ports/log.hpp"

namespace peal::auth {

class JwtSource final : public IdentitySource {
 public:
  /// What time it is.      threads   any.
  using Now = std::chrono::system_clock::time_point (*)();

  struct Options {
    TokenOptions token;
    bool must_match_user_name = false;  // the user name of CONNECT has to be the token's
  };

  /// `log`   outlives it, and is told why tokens are refused.      threads   any.
  JwtSource(Options options, broker::Log& log, Now now = &std::chrono::system_clock::now);

  /// From now on; who is connected stays so.
  void use(std::shared_ptr<const JsonWebKeys> keys);

  /// Always at once.
  /// returns   not_mine: there is no password, or it is no token. refused: server_unavailable as
  ///           long as there are no keys; bad_user_name_or_password for all that is wrong.
  [[nodiscard]] std::optional<Finding> identify(const std::shared_ptr<const Credentials>& who,
                                                GivenUp is_given_up, Done done) override;

 private:
  [[nodiscard]] std::shared_ptr<const JsonWebKeys> keys();
  [[nodiscard]] Finding refuse(const Credentials& who, mqtt::ReasonCode reason,
                               std::string_view why);

  Options options_;
  broker::Log& log_;
  Now now_;
  std::mutex mutex_;
  std::shared_ptr<const JsonWebKeys> keys_;
};

}  // namespace peal::auth
