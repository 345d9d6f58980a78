#include "peal/server/rights.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "peal/auth/acl_file.hpp"
#include "peal/auth/grants.hpp"

namespace peal::server {

namespace {

auth::AccessRule rule_of(const RuleConfig& rule, std::string_view effect) {
  auto parsed =
      auth::parse_rule(std::string(effect) + " " + rule.word + " " + rule.filter, rule.place);
  if (!parsed) {
    throw ConfigError(rule.place + ": " + parsed.error());
  }
  return std::move(*parsed);
}

auth::Role role_of(const RoleConfig& config) {
  auth::Role role;
  role.name = config.name;
  role.users = config.users;
  role.rate = config.rate;
  for (const RuleConfig& rule : config.allow) {
    role.rules.push_back(rule_of(rule, "allow"));
  }
  for (const RuleConfig& rule : config.deny) {
    role.rules.push_back(rule_of(rule, "deny"));
  }
  return role;
}

auth::Role role_of(const StoredRole& stored) {
  auth::Role role;
  role.name = stored.name;
  role.users = stored.users;
  role.rate = stored.rate;
  for (const std::string& rule : stored.rules) {
    auto parsed = auth::parse_rule(rule, "role " + stored.name + " (store)");
    if (!parsed) {
      throw ConfigError("the store's role \"" + stored.name + "\": " + parsed.error());
    }
    role.rules.push_back(std::move(*parsed));
  }
  return role;
}

}  // namespace

std::shared_ptr<auth::AccessRules> read_rules(const AuthConfig& config, const Accounts* accounts) {
  std::vector<auth::Role> roles;
  for (const RoleConfig& role : config.roles) {
    roles.push_back(role_of(role));
  }
  auth::AccessRules::RolesOfUser roles_of_user;
  if (accounts != nullptr) {
    for (const StoredRole& role : accounts->roles()) {
      if (!config.has_role(role.name)) {  // what the file says counts
        roles.push_back(role_of(role));
      }
    }
    roles_of_user = [users = accounts->users()](std::string_view name) {
      const auto user = users->user(name);
      return user == nullptr ? std::vector<std::string>{} : user->roles;
    };
  }
  if (!config.acl_file.empty()) {
    auto read = auth::read_acl_file(config.acl_file, config.anonymous_user);
    if (!read) {
      throw ConfigError(read.error());
    }
    std::ranges::move(*read, std::back_inserter(roles));
  }
  return std::make_shared<auth::AccessRules>(std::move(roles), config.anonymous_user,
                                             std::move(roles_of_user));
}

void CurrentRules::use(std::shared_ptr<auth::AccessRules> rules) {
  const std::scoped_lock lock(mutex_);
  rules_ = std::move(rules);
}

std::shared_ptr<auth::AccessRules> CurrentRules::now() const {
  const std::scoped_lock lock(mutex_);
  return rules_;
}

broker::RightsRef CurrentRules::rights_of(const broker::ClientIdentity& client) {
  const auto rules = now();
  return rules == nullptr ? broker::RightsRef{} : rules->rights_of(client);
}

}  // namespace peal::server
