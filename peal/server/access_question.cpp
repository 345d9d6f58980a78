#include "peal/server/access_question.hpp"

namespace peal::server {

namespace {

using Decided = std::expected<auth::Decision, std::string>;

Decided decide_publish(const auth::RuleSet* rules, const AccessQuestion& question,
                       const broker::ClientIdentity& client) {
  const auto topic = mqtt::TopicName::parse(question.topic);
  if (!topic) {
    return std::unexpected(question.topic +
                           " is no Topic Name: it is empty or has a wildcard in it");
  }
  return rules == nullptr ? auth::Decision{.is_allowed = true}
                          : rules->decide_publish(client, *topic);
}

Decided decide_subscribe(const auth::RuleSet* rules, const AccessQuestion& question,
                         const broker::ClientIdentity& client) {
  const auto filter = mqtt::TopicFilter::parse(question.topic);
  if (!filter) {
    return std::unexpected(
        question.topic + " is no Topic Filter: '#' stands last and alone in its level, '+' alone");
  }
  return rules == nullptr ? auth::Decision{.is_allowed = true}
                          : rules->decide_subscribe(client, *filter);
}

}  // namespace

std::expected<AccessAnswer, std::string> decide_access(auth::AccessRules* rules,
                                                       const AccessQuestion& question) {
  const broker::ClientIdentity client{question.client_id, question.user};
  const auto set = rules == nullptr ? SharedRef<auth::RuleSet>{} : rules->rules_of(client);
  const auto decided = question.action == auth::Action::publish
                           ? decide_publish(set.get(), question, client)
                           : decide_subscribe(set.get(), question, client);
  if (!decided) {
    return std::unexpected(decided.error());
  }
  AccessAnswer answer{.is_allowed = decided->is_allowed, .has_rules = rules != nullptr};
  if (decided->rule != nullptr) {
    answer.rule = decided->rule->text;
    answer.place = decided->rule->place;
  }
  return answer;
}

}  // namespace peal::server
