// Whether a password is right: answered later from a thread of the pool, or at once when it was
// right a while ago.
//
// One for a server, whatever its lists of users are.    threads   any.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

#include "peal/auth/login_cache.hpp"
#include "peal/auth/login_guard.hpp"
#include "peal/auth/password_hash.hpp"
#include "peal/auth/password_pool.hpp"
#include "peal/base/bytes.hpp"
#include "peal/broker/ports/log.hpp"

namespace peal::auth {

enum class Login : std::uint8_t { right, wrong, busy, locked_out };

/// Who says to be whom. Views that are valid during the call.
struct LoginAttempt {
  std::string_view user;
  Bytes password;
  std::string_view address;  // with its port
};

class Passwords {
 public:
  using Done = std::move_only_function<void(Login)>;
  /// True: nobody waits for the answer any more, so nothing is hashed for it.
  using GivenUp = std::shared_ptr<const std::atomic<bool>>;
  using Stored = std::shared_ptr<const PasswordHash>;

  /// `log` outlives it, and is told of lock-outs.
  Passwords(const RepeatLimit& limit, broker::Log& log);

  /// From now on.
  void use(const RepeatLimit& limit) { guard_.use(limit); }

  /// What is hashed for a name that nobody has, so that it costs what a wrong password costs; and
  /// for a wrong one of those that are cheap to check, which nobody chose.
  /// Null: a hash that nobody knows the password of.
  void use_decoy(Stored decoy);

  /// `stored`  null: nobody has that name.
  /// returns   right, busy or locked out at once; nothing: `done` is called later, on another
  ///           thread.
  /// cost      a digest at once; some 20 ms of the pool where the answer is not known.
  [[nodiscard]] std::optional<Login> check(const LoginAttempt& attempt, Stored stored,
                                           GivenUp is_given_up, Done done);

  /// For logins that are checked elsewhere.
  [[nodiscard]] bool is_locked_out(std::string_view address, std::string_view user);
  void note_wrong(std::string_view address, std::string_view user);

 private:
  [[nodiscard]] Stored decoy();

  std::mutex mutex_;
  Stored decoy_;
  broker::Log& log_;
  LoginCache cache_;
  LoginGuard guard_;
  PasswordPool pool_;  // behind what its jobs use
};

}  // namespace peal::auth
