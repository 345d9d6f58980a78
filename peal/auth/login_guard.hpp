// Who guesses passwords is locked out for a while: a name at one address after a few wrong ones, an
// address after ten times as many, whatever the names.
//
// A lock-out costs no hashing, so a flood of guesses does not keep others from logging in. Whose
// password was right a while ago (`LoginCache`) is not asked here: a device that has logged in from
// there goes on doing so, though somebody behind the same address guesses.
//
// One for a server.    threads   any.    cost   O(1).
#pragma once

#include <string_view>

#include "peal/auth/repeat_guard.hpp"

namespace peal::auth {

class LoginGuard {
 public:
  using Clock = RepeatGuard::Clock;

  /// `limit`   of wrong passwords for one name at one address.
  explicit LoginGuard(const RepeatLimit& limit);

  /// From now on.
  void use(const RepeatLimit& limit);

  /// `address` is without a port.
  [[nodiscard]] bool is_locked_out(std::string_view address, std::string_view user,
                                   Clock::time_point now);
  /// A wrong password.    returns   whether that locked the name or the address out just now.
  bool failed(std::string_view address, std::string_view user, Clock::time_point now);

 private:
  RepeatGuard names_;  // "ADDRESS USER"
  RepeatGuard addresses_;
};

/// "192.0.2.1" of "192.0.2.1:40312", "[2001:db8::1]" of "[2001:db8::1]:40312".
[[nodiscard]] std::string_view without_port(std::string_view address);

}  // namespace peal::auth
