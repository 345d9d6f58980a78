#include "peal/auth/jwt_source.hpp"

#include <utility>

namespace peal::auth {

using mqtt::ReasonCode;

JwtSource::JwtSource(Options options, broker::Log& log, Now now)
    : options_(std::move(options)), log_(log), now_(now) {}

void JwtSource::use(std::shared_ptr<const JsonWebKeys> keys) {
  const std::scoped_lock lock(mutex_);
  keys_ = std::move(keys);
}

std::shared_ptr<const JsonWebKeys> JwtSource::keys() {
  const std::scoped_lock lock(mutex_);
  return keys_;
}

Finding JwtSource::refuse(const Credentials& who, ReasonCode reason, std::string_view why) {
  log_.write({.level = broker::LogLevel::info,
              .what = "a token is refused",
              .client_id = who.client_id,
              .address = who.address,
              .reason = mqtt::reason_name(reason),
              .detail = why});
  return Finding::refuse(reason);
}

std::optional<Finding> JwtSource::identify(const std::shared_ptr<const Credentials>& who,
                                           GivenUp /*is_given_up*/, Done /*done*/) {
  if (!who->password) {
    return Finding{};
  }
  const JsonWebKeys no_keys;
  const auto keys = this->keys();
  auto identity =
      verify_token(*who->password, keys == nullptr ? no_keys : *keys, now_(), options_.token);
  if (!identity) {
    const TokenRefusal& refusal = identity.error();
    if (refusal.fault == TokenFault::no_token) {
      return Finding{};
    }
    return keys == nullptr ? refuse(*who, ReasonCode::server_unavailable, "there are no keys yet")
                           : refuse(*who, ReasonCode::bad_user_name_or_password, refusal.why);
  }
  if (options_.must_match_user_name && who->user_name != identity->user) {
    return refuse(*who, ReasonCode::bad_user_name_or_password,
                  "the user name of CONNECT is not the token's");
  }
  return Finding::accept(std::move(*identity));
}

}  // namespace peal::auth
