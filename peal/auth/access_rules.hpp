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
#include <vector>

#include "peal/auth/access_rule.hpp"
#include "peal/base/text_hash.hpp"
#include "peal/broker/ports/authorizer.hpp"

namespace peal::auth {

struct Role {
  std::string name;
  std::vector<std::string> users;        // who has it; '*' stands for any text: "bell-*"
  std::vector<std::string> exact_users;  // names in which '*' is a letter
  std::vector<AccessRule> rules;
};

struct Decision {
  bool is_allowed = false;
  const AccessRule* rule = nullptr;  // which one decided; null: none allows it
};

/// The rules of everybody who has the same roles.    threads   any.
class RuleSet final : public broker::Rights {
 public:
  /// The rules of the roles that stand at those places of `roles`.
  RuleSet(std::shared_ptr<const std::vector<Role>> roles, const std::vector<std::uint32_t>& places);

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

 private:
  std::shared_ptr<const std::vector<Role>> roles_;
  std::vector<const AccessRule*> deny_;
  std::vector<const AccessRule*> allow_;
};

class AccessRules final : public broker::Authorizer {
 public:
  /// `anonymous_user`   the name under which clients without one find their roles.
  AccessRules(std::vector<Role> roles, std::string anonymous_user);

  /// The rules of whoever that is; the same object for all with the same roles.
  /// cost   a look at the name, and at each role that is given by a text with '*'.  threads   any.
  [[nodiscard]] SharedRef<RuleSet> rules_of(const broker::ClientIdentity& client);
  [[nodiscard]] broker::RightsRef rights_of(const broker::ClientIdentity& client) override;

 private:
  using Places = std::vector<std::uint32_t>;
  [[nodiscard]] Places places_of(std::string_view user) const;

  std::shared_ptr<const std::vector<Role>> roles_;
  std::string anonymous_user_;
  std::unordered_map<std::string, Places, TextHash, std::equal_to<>> by_name_;
  std::vector<std::pair<std::string, std::uint32_t>> by_glob_;
  std::mutex mutex_;
  std::map<Places, SharedRef<RuleSet>> sets_;
};

/// Whether `text` is `pattern` with any text in place of each '*'.
/// cost   at most the product of both sizes; no recursion.
[[nodiscard]] bool glob_matches(std::string_view pattern, std::string_view text);

}  // namespace peal::auth
