// Users with passwords as a source of identity, wherever they are listed.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "peal/auth/identity_source.hpp"
#include "peal/auth/password_file.hpp"
#include "peal/auth/passwords.hpp"

namespace peal::auth {

/// Names with their passwords.    threads   any.
class UserList {
 public:
  struct Entry {
    std::shared_ptr<const PasswordHash> password;  // null: no password is right
  };

  UserList() = default;
  UserList(const UserList&) = delete;
  UserList& operator=(const UserList&) = delete;
  virtual ~UserList() = default;

  /// Nothing: nobody here has that name.
  [[nodiscard]] virtual std::optional<Entry> find(std::string_view user) const = 0;
  /// The password of some user; null when there is none.
  [[nodiscard]] virtual std::shared_ptr<const PasswordHash> any() const = 0;
};

/// Those of a file, as it was read.
class FileUsers final : public UserList {
 public:
  explicit FileUsers(PasswordFile file)
      : file_(std::make_shared<const PasswordFile>(std::move(file))) {}
  [[nodiscard]] std::optional<Entry> find(std::string_view user) const override;
  [[nodiscard]] std::shared_ptr<const PasswordHash> any() const override;

 private:
  std::shared_ptr<const PasswordFile> file_;
};

/// Who is in `users` has to have the right password; who is not is another source's.
class PasswordSource final : public IdentitySource {
 public:
  /// `passwords` outlives it.
  PasswordSource(Passwords& passwords, std::shared_ptr<const UserList> users)
      : passwords_(passwords), users_(std::move(users)) {}

  [[nodiscard]] std::optional<Finding> identify(const std::shared_ptr<const Credentials>& who,
                                                GivenUp is_given_up, Done done) override;

 private:
  Passwords& passwords_;
  std::shared_ptr<const UserList> users_;
};

/// Says who it is that gave a password, when that is known.
[[nodiscard]] Finding finding_of(Login login, std::string user);

}  // namespace peal::auth
