// The rules that the configuration and the store give, read and checked: files are read here.
#pragma once

#include <memory>
#include <mutex>

#include "peal/auth/access_rules.hpp"
#include "peal/server/accounts.hpp"
#include "peal/server/config.hpp"

namespace peal::server {

/// The rules of all roles, those of the configuration first, and of the acl file.
/// `accounts`   null: there are no others; its users say themselves which roles they have.
/// errors       ConfigError: with file and line.
[[nodiscard]] std::shared_ptr<auth::AccessRules> read_rules(const AuthConfig& config,
                                                            const Accounts* accounts);

/// The authorizer of a running server, whose rules can be changed.    threads   any.
class CurrentRules final : public broker::Authorizer {
 public:
  /// Null: everything is allowed.
  void use(std::shared_ptr<auth::AccessRules> rules);
  [[nodiscard]] std::shared_ptr<auth::AccessRules> now() const;
  [[nodiscard]] broker::RightsRef rights_of(const broker::ClientIdentity& client) override;

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<auth::AccessRules> rules_;
};

}  // namespace peal::server
