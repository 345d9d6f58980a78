// The users and devices that a server keeps itself: made, changed and removed while it runs.
//
// What is in here is in memory; `server/accounts` writes it down. One for a server.    threads any.
#pragma once

#include <chrono>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "peal/auth/password_source.hpp"
#include "peal/base/text_hash.hpp"

namespace peal::auth {

struct User {
  std::string name;
  std::string password;  // hashed, as PasswordHash has it; empty: no password is right
  std::vector<std::string> roles;
  bool is_device = false;
  bool is_disabled = false;
  std::chrono::system_clock::time_point created;
};

class UserBook final : public UserList {
 public:
  /// A clause: a bad name, a hash that is none, more than a million users; empty: nothing is.
  [[nodiscard]] std::string problem_with(const User& user) const;
  /// In place of the one of that name.    returns   `problem_with` it; then nothing has changed.
  [[nodiscard]] std::string put(User user);
  /// returns   whether there was one.
  bool remove(std::string_view name);

  /// Null: nobody has that name.
  [[nodiscard]] std::shared_ptr<const User> user(std::string_view name) const;
  /// All, by name.
  [[nodiscard]] std::vector<std::shared_ptr<const User>> list() const;
  [[nodiscard]] std::size_t size() const;

  /// For who logs in: who is disabled has no password that is right.
  [[nodiscard]] std::optional<Entry> find(std::string_view user) const override;
  [[nodiscard]] std::shared_ptr<const PasswordHash> any() const override;

 private:
  struct Kept {
    std::shared_ptr<const User> user;
    std::shared_ptr<const PasswordHash> password;  // null: none
  };
  mutable std::shared_mutex mutex_;
  std::unordered_map<std::string, Kept, TextHash, std::equal_to<>> users_;
};

}  // namespace peal::auth
