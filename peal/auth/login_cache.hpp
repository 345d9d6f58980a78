// The passwords that were right a short while ago, so that devices that come back together are not
// hashed for again. What is kept is a keyed digest of user name, stored hash and password, with a
// key that lives as long as the process: neither a password nor something that a list of passwords
// could be tried against.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <unordered_map>

#include "peal/base/bytes.hpp"

namespace peal::auth {

class LoginCache {
 public:
  using Clock = std::chrono::steady_clock;
  using Digest = std::array<std::uint64_t, 4>;

  /// At most `limit` entries of about a hundred bytes; each is believed for `lifetime`.
  LoginCache(std::size_t limit, Clock::duration lifetime);

  /// What a login is known by: with another stored hash the same password is another login.
  [[nodiscard]] Digest digest(std::string_view user, std::string_view stored_hash,
                              Bytes password) const;
  [[nodiscard]] bool knows(const Digest& login, Clock::time_point now);
  void remember(const Digest& login, Clock::time_point now);

 private:
  struct First {
    std::size_t operator()(const Digest& digest) const { return digest[0]; }
  };

  std::size_t limit_;
  Clock::duration lifetime_;
  std::array<std::uint8_t, 32> key_{};
  std::mutex mutex_;
  // Two halves of a lifetime and of the limit: the older one goes as a whole.
  std::unordered_map<Digest, Clock::time_point, First> recent_;
  std::unordered_map<Digest, Clock::time_point, First> older_;
};

}  // namespace peal::auth
