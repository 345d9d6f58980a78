// What the configuration says about users and rules, read and checked: files are read here.
#pragma once

#include <memory>
#include <mutex>

#include "peal/auth/access_rules.hpp"
#include "peal/auth/passwords.hpp"
#include "peal/server/config.hpp"

namespace peal::server {

/// The users of all sources.    errors   ConfigError: with file and line.
[[nodiscard]] std::shared_ptr<const auth::UserTable> read_users(const AuthConfig& config);

/// The rules of all roles and of the acl file.    errors   ConfigError: with file and line.
[[nodiscard]] std::shared_ptr<auth::AccessRules> read_rules(const AuthConfig& config);

/// The authorizer of a running server, whose rules can be changed.    threads   any.
class CurrentRules final : public broker::Authorizer {
 public:
  /// Null: everything is allowed.
  void use(std::shared_ptr<auth::AccessRules> rules);
  [[nodiscard]] broker::RightsRef rights_of(const broker::ClientIdentity& client) override;

 private:
  std::mutex mutex_;
  std::shared_ptr<auth::AccessRules> rules_;
};

}  // namespace peal::server
