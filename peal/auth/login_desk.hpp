// What the workers of a server share to find out who their clients are: the sources in the order of
// the file, the passwords that are being hashed, and who is kept out whatever they show.
//
// One for a server.    threads   any.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "peal/auth/ban_list.hpp"
#include "peal/auth/identity_source.hpp"
#include "peal/auth/password_source.hpp"
#include "peal/auth/repeat_guard.hpp"
#include "peal/auth/scram_exchange.hpp"
#include "peal/broker/ports/log.hpp"

namespace peal::auth {

/// Where who a client is comes from. Never changes: other sources are another value.
struct Sources {
  struct Link {
    std::shared_ptr<IdentitySource> source;
    /// Wrong answers of it count against `ban.bad_login`; password sources see to that themselves.
    bool is_guarded = false;
  };
  std::vector<Link> links;
  /// Those of them that list users, for SCRAM-SHA-256.
  std::vector<std::shared_ptr<const UserList>> lists;
  /// Of the first list that has the name; nothing: it has no such password there.
  [[nodiscard]] std::optional<ScramVerifier> scram_verifier(std::string_view user) const;
  /// Nobody has to say who it is: names are not believed, because nothing checks them.
  bool is_open = false;
};

class LoginDesk {
 public:
  struct Limits {
    RepeatLimit bad_login;
    RepeatLimit flapping{.times = 0};
  };

  /// `log` and `bans` outlive it.
  /// `scram_secret`   32 random bytes that stay the same (see ScramDecoys).
  LoginDesk(const Limits& limits, BanList& bans, std::string scram_secret, broker::Log& log);

  /// From now on.
  void use(const Limits& limits);
  /// From now on; what waits is still answered from those before.
  void use(std::shared_ptr<const Sources> sources);
  [[nodiscard]] std::shared_ptr<const Sources> sources() const;

  [[nodiscard]] Passwords& passwords() { return passwords_; }
  [[nodiscard]] const ScramDecoys& scram_decoys() const { return scram_decoys_; }

  /// Whether it is kept out whatever it shows: by its address, its Client Identifier or the name it
  /// gives.
  [[nodiscard]] bool is_banned(const Credentials& who) const;
  /// The same for who it turned out to be. Counts the login: who comes back too often is out.
  [[nodiscard]] bool may_enter(const Credentials& who, std::string_view user);

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Sources> sources_;
  BanList& bans_;
  broker::Log& log_;
  ScramDecoys scram_decoys_;
  RepeatGuard flapping_;
  Passwords passwords_;
};

}  // namespace peal::auth
