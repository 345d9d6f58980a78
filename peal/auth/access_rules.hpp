// Who may do what: roles, who has them, and the rules that they bring. Nothing is allowed but what
// a rule allows; a deny rule wins over every allow rule, in whatever order they stand.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "peal/auth/access_rule.hpp"
#include "peal/base/text_hash.hpp"
#include "peal/broker/ports/authorizer.hpp"

namespace peal::auth {

struct Role {
  std::string name;                      // empty: nobody can be given it by its name
  std::vector<std::string> users;        // who has it; '*' stands for any text: "bell-*"
  std::vector<std::string> exact_users;  // names in which '*' is a letter
  std::vector<AccessRule> rules;
  broker::PublishRate rate = {};
};

struct Decision {
  bool is_allowed = false;
  const AccessRule* rule = nullptr;  // which one decided; null: none allows it
};

/// The rules of everybody who has the same roles and brought the same rights.    threads   any.
class RuleSet final : public broker::Rights {
 public:
  /// The rules of the roles that stand at those places of `roles`, and `own` ones.
  RuleSet(std::shared_ptr<const std::vector<Role>> roles, const std::vector<std::uint32_t>& places,
          std::vector<AccessRule> own);

  [[nodiscard]] Decision decide_publish(const broker::ClientIdentity& client,
                                        mqtt::TopicName topic) const;
  [[nodiscard]] Decision decide_receive(const broker::ClientIdentity& client,
                                        mqtt::TopicName topic) const;
  /// Allowed where one rule allows all of the filter, and none denies all of it.
  [[nodiscard]] Decision decide_subscribe(const broker::ClientIdentity& client,
                                          const mqtt::TopicFilter& filter) const;

  [[nodiscard]] bool may_publish(const broker::ClientIdentity& client, mqtt::TopicName topic,
                                 bool retain) const override;
  [[nodiscard]] broker::SubscribeRight may_subscribe(
      const broker::ClientIdentity& client, const mqtt::TopicFilter& filter) const override;
  [[nodiscard]] bool may_receive(const broker::ClientIdentity& client,
                                 mqtt::TopicName topic) const override;
  /// The tightest of all roles.
  [[nodiscard]] broker::PublishRate publish_rate() const override { return rate_; }

 private:
  void add(const AccessRule& rule);

  std::shared_ptr<const std::vector<Role>> roles_;
  const std::vector<AccessRule> own_;
  std::vector<const AccessRule*> deny_;
  std::vector<const AccessRule*> allow_;
  broker::PublishRate rate_;
};

class AccessRules final : public broker::Authorizer {
 public:
  /// The roles that a user's own entry names, besides those that name the user.    threads   any.
  using RolesOfUser = std::function<std::vector<std::string>(std::string_view user)>;

  /// `anonymous_user`   the name under which clients without one find their roles.
  AccessRules(std::vector<Role> roles, std::string anonymous_user, RolesOfUser roles_of_user = {});

  /// The rules of whoever that is; the same object for all with the same roles.
  /// cost   a look at the name, and at each role that is given by a text with '*'.  threads   any.
  [[nodiscard]] SharedRef<RuleSet> rules_of(const broker::ClientIdentity& client);
  [[nodiscard]] broker::RightsRef rights_of(const broker::ClientIdentity& client) override;

 private:
  using Places = std::vector<std::uint32_t>;
  [[nodiscard]] Places places_of(std::string_view user,
                                 const std::vector<std::string>& brought) const;
  void add_places(Places& places, const std::vector<std::string>& roles) const;

  std::shared_ptr<const std::vector<Role>> roles_;
  std::string anonymous_user_;
  RolesOfUser roles_of_user_;
  std::unordered_map<std::string, Places, TextHash, std::equal_to<>> by_role_;
  std::unordered_map<std::string, Places, TextHash, std::equal_to<>> by_name_;
  std::vector<std::pair<std::string, std::uint32_t>> by_glob_;
  /// For who brought something that cannot be read.
  SharedRef<RuleSet> nothing_;
  std::mutex mutex_;
  std::map<std::pair<Places, std::string>, SharedRef<RuleSet>> sets_;  // with what was brought
};

/// Whether `text` is `pattern` with any text in place of each '*'.
/// cost   at most the product of both sizes; no recursion.
[[nodiscard]] bool glob_matches(std::string_view pattern, std::string_view text);

}  // namespace peal::auth
