#include "peal/server/rights.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "peal/auth/acl_file.hpp"

namespace peal::server {

namespace {

auth::Action action_of(const std::string& word) {
  return word == "publish"     ? auth::Action::publish
         : word == "subscribe" ? auth::Action::subscribe
                               : auth::Action::both;
}

void add_rules(std::vector<auth::AccessRule>& rules, const std::vector<RuleConfig>& list,
               auth::Effect effect, std::string_view effect_word) {
  for (const RuleConfig& rule : list) {
    auto pattern = auth::TopicPattern::parse(rule.filter);
    if (!pattern) {
      throw ConfigError(rule.place + ": " + pattern.error());
    }
    rules.push_back({.effect = effect,
                     .action = action_of(rule.word),
                     .pattern = std::move(*pattern),
                     .place = rule.place,
                     .text = std::string(effect_word) + " " + rule.word + " " + rule.filter});
  }
}

auth::Role role_of(const RoleConfig& config) {
  auth::Role role;
  role.name = config.name;
  role.users = config.users;
  add_rules(role.rules, config.allow, auth::Effect::allow, "allow");
  add_rules(role.rules, config.deny, auth::Effect::deny, "deny");
  return role;
}

}  // namespace

std::shared_ptr<const auth::UserTable> read_users(const AuthConfig& config) {
  std::vector<auth::PasswordFile> files;
  for (const AuthSourceConfig& source : config.sources) {
    if (source.type != "file") {
      continue;
    }
    auto file = auth::PasswordFile::read(source.path);
    if (!file) {
      throw ConfigError(file.error());
    }
    files.push_back(std::move(*file));
  }
  return std::make_shared<const auth::UserTable>(std::move(files));
}

std::shared_ptr<auth::AccessRules> read_rules(const AuthConfig& config) {
  std::vector<auth::Role> roles;
  for (const RoleConfig& role : config.roles) {
    roles.push_back(role_of(role));
  }
  if (!config.acl_file.empty()) {
    auto read = auth::read_acl_file(config.acl_file, config.anonymous_user);
    if (!read) {
      throw ConfigError(read.error());
    }
    std::ranges::move(*read, std::back_inserter(roles));
  }
  return std::make_shared<auth::AccessRules>(std::move(roles), config.anonymous_user);
}

void CurrentRules::use(std::shared_ptr<auth::AccessRules> rules) {
  const std::scoped_lock lock(mutex_);
  rules_ = std::move(rules);
}

broker::RightsRef CurrentRules::rights_of(const broker::ClientIdentity& client) {
  std::shared_ptr<auth::AccessRules> rules;
  {
    const std::scoped_lock lock(mutex_);
    rules = rules_;
  }
  return rules == nullptr ? broker::RightsRef{} : rules->rights_of(client);
}

}  // namespace peal::server
