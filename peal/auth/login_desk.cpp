#include "peal/auth/login_desk.hpp"

#include <string>
#include <utility>

namespace peal::auth {

std::optional<ScramVerifier> Sources::scram_verifier(std::string_view user) const {
  for (const auto& list : lists) {
    if (const auto entry = list->find(user)) {
      const bool is_scram =
          entry->password != nullptr && entry->password->kind() == HashKind::scram_sha256;
      auto verifier = is_scram ? ScramVerifier::parse(entry->password->stored())
                               : std::unexpected(std::string{});
      return verifier ? std::optional(std::move(*verifier)) : std::nullopt;
    }
  }
  return std::nullopt;
}

LoginDesk::LoginDesk(const Limits& limits, BanList& bans, std::string scram_secret,
                     broker::Log& log)
    : sources_(std::make_shared<const Sources>()),
      bans_(bans),
      log_(log),
      scram_decoys_(std::move(scram_secret), scram_iterations),
      flapping_(limits.flapping),
      passwords_(limits.bad_login, log) {}

void LoginDesk::use(const Limits& limits) {
  flapping_.use(limits.flapping);
  passwords_.use(limits.bad_login);
}

void LoginDesk::use(std::shared_ptr<const Sources> sources) {
  const std::scoped_lock lock(mutex_);
  sources_ = std::move(sources);
}

std::shared_ptr<const Sources> LoginDesk::sources() const {
  const std::scoped_lock lock(mutex_);
  return sources_;
}

bool LoginDesk::is_banned(const Credentials& who) const {
  if (bans_.is_empty()) {
    return false;
  }
  const auto now = std::chrono::system_clock::now();
  return bans_.find_address(who.address, now) || bans_.find(BanKind::client, who.client_id, now) ||
         (who.user_name && bans_.find(BanKind::user, *who.user_name, now));
}

/// Nobody can put another user out: the name counts, and for who has none the address.
bool LoginDesk::may_enter(const Credentials& who, std::string_view user) {
  if (!user.empty() && bans_.find(BanKind::user, user, std::chrono::system_clock::now())) {
    return false;
  }
  const auto now = RepeatGuard::Clock::now();
  const std::string key =
      std::string(user.empty() ? without_port(who.address) : user) + '\0' + who.client_id;
  if (flapping_.is_out(key, now)) {
    return false;
  }
  if (flapping_.count(key, now)) {
    log_.write({.level = broker::LogLevel::warning,
                .what = "a client that comes and goes too often is kept out (ban.flapping)",
                .client_id = who.client_id,
                .address = who.address,
                .reason = "flapping",
                .detail = user});
  }
  return true;
}

}  // namespace peal::auth
