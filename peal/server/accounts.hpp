// What an operator makes while the server runs: users and devices, roles, bans. Written down before
// it counts; gone with the process where there is no store.
//
// One for a server, or for a command that works on the store of a server that does not run.
// threads   any; changes wait for the disk.
#pragma once

#include <expected>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "peal/auth/ban_list.hpp"
#include "peal/auth/user_book.hpp"
#include "peal/server/account_records.hpp"

namespace peal::store {
class NamedRecords;
}

namespace peal::server {

/// Nothing, or a clause for a person: what speaks against it, and what to do.
using Done = std::expected<void, std::string>;

class Accounts {
 public:
  /// `records`   outlives it; null: kept in memory only.
  /// errors      store::StoreError, ConfigError: one that cannot be read.
  explicit Accounts(store::NamedRecords* records);

  [[nodiscard]] const std::shared_ptr<auth::UserBook>& users() const { return users_; }
  [[nodiscard]] auth::BanList& bans() { return bans_; }
  /// 32 random bytes, the same as long as the store is.
  [[nodiscard]] const std::string& secret() const { return secret_; }
  [[nodiscard]] std::vector<StoredRole> roles() const;
  [[nodiscard]] std::optional<StoredRole> role(std::string_view name) const;

  // In place of the one of that name.    errors   store::StoreError, too.
  [[nodiscard]] Done put_user(const auth::User& user);
  [[nodiscard]] Done put_role(const StoredRole& role);
  [[nodiscard]] Done put_ban(auth::Ban ban);
  [[nodiscard]] Done remove_user(std::string_view name);
  [[nodiscard]] Done remove_role(std::string_view name);
  [[nodiscard]] Done remove_ban(auth::BanKind kind, std::string_view name);

 private:
  void find_secret();

  store::NamedRecords* records_;
  std::string secret_;
  std::mutex changes_mutex_;  // one change after the other
  std::shared_ptr<auth::UserBook> users_ = std::make_shared<auth::UserBook>();
  auth::BanList bans_;
  mutable std::mutex roles_mutex_;
  std::map<std::string, StoredRole, std::less<>> roles_;
};

}  // namespace peal::server
