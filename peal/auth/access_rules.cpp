#include "peal/auth/access_rules.hpp"

#include <algorithm>
#include <utility>

#include "peal/auth/grants.hpp"

namespace peal::auth {

namespace {

/// So many different sets of roles are remembered; beyond, all are made anew as they are asked for.
constexpr std::size_t sets_limit = 10'000;

/// The first rule for `action` whose pattern `fits`; null when there is none.
template <typename Fits>
const AccessRule* find_rule(const std::vector<const AccessRule*>& rules, Action action, Fits fits) {
  const auto found = std::ranges::find_if(
      rules, [&](const AccessRule* rule) { return includes(rule->action, action) && fits(*rule); });
  return found == rules.end() ? nullptr : *found;
}

TopicPattern::Asking asking(const broker::ClientIdentity& client, const AccessRule& rule) {
  return {.client = client, .effect = rule.effect};
}

/// Of the denying and the allowing rule that fit, the one that counts.
Decision decision(const AccessRule* deny, const AccessRule* allow) {
  return deny != nullptr ? Decision{false, deny} : Decision{allow != nullptr, allow};
}

/// The smaller of what is limited, with its burst.
void tighten(std::uint64_t& rate, std::uint64_t& burst, std::uint64_t other,
             std::uint64_t other_burst) {
  if (other != 0 && (rate == 0 || other < rate)) {
    rate = other;
    burst = other_burst;
  }
}

broker::PublishRate tightest(broker::PublishRate rate, const broker::PublishRate& other) {
  tighten(rate.messages_per_second, rate.messages_burst, other.messages_per_second,
          other.messages_burst);
  tighten(rate.bytes_per_second, rate.bytes_burst, other.bytes_per_second, other.bytes_burst);
  return rate;
}

}  // namespace

RuleSet::RuleSet(std::shared_ptr<const std::vector<Role>> roles,
                 const std::vector<std::uint32_t>& places, std::vector<AccessRule> own)
    : roles_(std::move(roles)), own_(std::move(own)) {
  for (const std::uint32_t place : places) {
    const Role& role = (*roles_)[place];
    for (const AccessRule& rule : role.rules) {
      add(rule);
    }
    rate_ = tightest(rate_, role.rate);
  }
  for (const AccessRule& rule : own_) {
    add(rule);
  }
}

void RuleSet::add(const AccessRule& rule) {
  (rule.effect == Effect::deny ? deny_ : allow_).push_back(&rule);
}

Decision RuleSet::decide_publish(const broker::ClientIdentity& client,
                                 mqtt::TopicName topic) const {
  const auto fits = [&](const AccessRule& rule) {
    return rule.pattern.matches(asking(client, rule), topic);
  };
  return decision(find_rule(deny_, Action::publish, fits),
                  find_rule(allow_, Action::publish, fits));
}

Decision RuleSet::decide_receive(const broker::ClientIdentity& client,
                                 mqtt::TopicName topic) const {
  const auto fits = [&](const AccessRule& rule) {
    return rule.pattern.matches(asking(client, rule), topic);
  };
  return decision(find_rule(deny_, Action::subscribe, fits),
                  find_rule(allow_, Action::subscribe, fits));
}

Decision RuleSet::decide_subscribe(const broker::ClientIdentity& client,
                                   const mqtt::TopicFilter& filter) const {
  const auto fits = [&](const AccessRule& rule) {
    return rule.pattern.covers(asking(client, rule), filter);
  };
  return decision(find_rule(deny_, Action::subscribe, fits),
                  find_rule(allow_, Action::subscribe, fits));
}

bool RuleSet::may_publish(const broker::ClientIdentity& client, mqtt::TopicName topic,
                          bool /*retain*/) const {
  return decide_publish(client, topic).is_allowed;
}

broker::SubscribeRight RuleSet::may_subscribe(const broker::ClientIdentity& client,
                                              const mqtt::TopicFilter& filter) const {
  if (!decide_subscribe(client, filter).is_allowed) {
    return broker::SubscribeRight::none;
  }
  const AccessRule* overlapping = find_rule(deny_, Action::subscribe, [&](const AccessRule& rule) {
    return rule.pattern.overlaps(asking(client, rule), filter);
  });
  return overlapping != nullptr ? broker::SubscribeRight::some : broker::SubscribeRight::all;
}

bool RuleSet::may_receive(const broker::ClientIdentity& client, mqtt::TopicName topic) const {
  return decide_receive(client, topic).is_allowed;
}

AccessRules::AccessRules(std::vector<Role> roles, std::string anonymous_user,
                         RolesOfUser roles_of_user)
    : roles_(std::make_shared<const std::vector<Role>>(std::move(roles))),
      anonymous_user_(std::move(anonymous_user)),
      roles_of_user_(std::move(roles_of_user)),
      nothing_(SharedRef<RuleSet>::adopt(new RuleSet(roles_, {}, {}))) {
  for (std::uint32_t place = 0; place < roles_->size(); ++place) {
    const Role& role = (*roles_)[place];
    if (!role.name.empty()) {
      by_role_[role.name].push_back(place);
    }
    for (const std::string& user : role.users) {
      if (user.contains('*')) {
        by_glob_.emplace_back(user, place);
      } else {
        by_name_[user].push_back(place);
      }
    }
    for (const std::string& user : role.exact_users) {
      by_name_[user].push_back(place);
    }
  }
}

void AccessRules::add_places(Places& places, const std::vector<std::string>& roles) const {
  for (const std::string& role : roles) {
    if (const auto found = by_role_.find(role); found != by_role_.end()) {
      places.insert(places.end(), found->second.begin(), found->second.end());
    }
  }
}

AccessRules::Places AccessRules::places_of(std::string_view user,
                                           const std::vector<std::string>& brought) const {
  Places places;
  if (const auto found = by_name_.find(user); found != by_name_.end()) {
    places = found->second;
  }
  for (const auto& [glob, place] : by_glob_) {
    if (glob_matches(glob, user)) {
      places.push_back(place);
    }
  }
  if (roles_of_user_) {
    add_places(places, roles_of_user_(user));
  }
  add_places(places, brought);
  std::ranges::sort(places);
  const auto doubled = std::ranges::unique(places);
  places.erase(doubled.begin(), doubled.end());
  return places;
}

SharedRef<RuleSet> AccessRules::rules_of(const broker::ClientIdentity& client) {
  auto brought = parse_grants(client.grants, "with the login");
  if (!brought) {
    return nothing_;  // a deny rule may be in there
  }
  Grants grants = std::move(*brought);
  std::pair key{places_of(client.user.empty() ? anonymous_user_ : client.user, grants.roles),
                std::string(client.grants)};
  const std::scoped_lock lock(mutex_);
  if (const auto found = sets_.find(key); found != sets_.end()) {
    return found->second;
  }
  if (sets_.size() >= sets_limit) {
    sets_.clear();
  }
  auto set = SharedRef<RuleSet>::adopt(new RuleSet(roles_, key.first, std::move(grants.rules)));
  sets_.emplace(std::move(key), set);
  return set;
}

broker::RightsRef AccessRules::rights_of(const broker::ClientIdentity& client) {
  return broker::RightsRef::share(rules_of(client).get());
}

bool glob_matches(std::string_view pattern, std::string_view text) {
  std::size_t at = 0;
  std::size_t in_text = 0;
  std::size_t star = std::string_view::npos;  // the latest '*', and how far its text goes
  std::size_t star_end = 0;
  while (in_text < text.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      star_end = in_text;
    } else if (at < pattern.size() && pattern[at] == text[in_text]) {
      ++at;
      ++in_text;
    } else if (star != std::string_view::npos) {
      at = star + 1;
      in_text = ++star_end;
    } else {
      return false;
    }
  }
  while (at < pattern.size() && pattern[at] == '*') {
    ++at;
  }
  return at == pattern.size();
}

}  // namespace peal::auth
