// Whether a password is right: asked of the users of all sources, in the order of the file,
// answered later from a thread of the pool, or at once when it was right a while ago.
//
// One for a server.    threads   any.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "peal/auth/login_cache.hpp"
#include "peal/auth/login_guard.hpp"
#include "peal/auth/password_file.hpp"
#include "peal/auth/password_pool.hpp"
#include "peal/base/bytes.hpp"
#include "peal/broker/ports/log.hpp"

namespace peal::auth {

/// The users of a server. Never changes: other users are another table.
class UserTable {
 public:
  /// The first file that has a name decides about it.
  explicit UserTable(std::vector<PasswordFile> files);

  /// Null: nobody has that name.
  [[nodiscard]] const PasswordHash* find(std::string_view user) const;
  /// To be hashed in vain for a name that nobody has, so that it costs what a wrong password costs.
  [[nodiscard]] const PasswordHash& decoy() const { return decoy_; }

 private:
  std::vector<PasswordFile> files_;
  PasswordHash decoy_;
};

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

  /// `log` outlives it, and is told of lock-outs.
  Passwords(const LoginLimit& limit, broker::Log& log);

  /// From now on. What waits is still answered from the users before.
  void use(std::shared_ptr<const UserTable> users);

  /// returns   right, busy or locked out at once; nothing: `done` is called later, on another
  ///           thread.
  /// cost      a digest at once; some 20 ms of the pool where the answer is not known.
  [[nodiscard]] std::optional<Login> check(const LoginAttempt& attempt, GivenUp is_given_up,
                                           Done done);

 private:
  [[nodiscard]] std::shared_ptr<const UserTable> users();
  void note_wrong(std::string_view address, std::string_view user);

  std::mutex mutex_;
  std::shared_ptr<const UserTable> users_;
  broker::Log& log_;
  LoginCache cache_;
  LoginGuard guard_;
  PasswordPool pool_;  // behind what its jobs use
};

}  // namespace peal::auth
