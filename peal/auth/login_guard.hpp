// Who guesses passwords is locked out for a while: a name at one address after a few wrong ones, an
// address after ten times as many, whatever the names.
//
// A lock-out costs no hashing, so a flood of guesses does not keep others from logging in. Whose
// password was right a while ago (`LoginCache`) is not asked here: a device that has logged in from
// there goes on doing so, though somebody behind the same address guesses.
//
// One for a server.    threads   any.    cost   O(1); about 200 bytes for each that failed lately.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "peal/base/text_hash.hpp"

namespace peal::auth {

/// "10 per 5m -> 15m": so many within that time, and out for so long.
struct LoginLimit {
  unsigned failures = 10;  // 0: no limit
  std::chrono::milliseconds within{300'000};
  std::chrono::milliseconds out_for{900'000};
};

class LoginGuard {
 public:
  using Clock = std::chrono::steady_clock;

  explicit LoginGuard(const LoginLimit& limit) : limit_(limit) {}

  /// `address` is without a port.
  [[nodiscard]] bool is_locked_out(std::string_view address, std::string_view user,
                                   Clock::time_point now);
  /// A wrong password.    returns   whether that locked the name or the address out just now.
  bool failed(std::string_view address, std::string_view user, Clock::time_point now);

 private:
  struct Entry {
    unsigned failures = 0;
    Clock::time_point since;
    Clock::time_point out_until;
  };
  using Table = std::unordered_map<std::string, Entry, TextHash, std::equal_to<>>;

  [[nodiscard]] static bool is_out(const Table& table, std::string_view key, Clock::time_point now);
  bool count(Table& table, std::string key, unsigned limit, Clock::time_point now);

  LoginLimit limit_;
  std::mutex mutex_;
  Table by_name_;  // "ADDRESS USER"
  Table by_address_;
};

/// "192.0.2.1" of "192.0.2.1:40312", "[2001:db8::1]" of "[2001:db8::1]:40312".
[[nodiscard]] std::string_view without_port(std::string_view address);

}  // namespace peal::auth
