// Roles: who has them, what they add up to, and which rule is named for it.
#include "peal/auth/access_rules.hpp"

#include <gtest/gtest.h>
#include <thread>

namespace peal::auth {
namespace {

using broker::ClientIdentity;
using broker::SubscribeRight;

AccessRule rule(Effect effect, Action action, std::string_view pattern) {
  return {.effect = effect,
          .action = action,
          .pattern = *TopicPattern::parse(pattern),
          .place = "here",
          .text = std::string(pattern)};
}
AccessRule allow(Action action, std::string_view pattern) {
  return rule(Effect::allow, action, pattern);
}
AccessRule deny(Action action, std::string_view pattern) {
  return rule(Effect::deny, action, pattern);
}
Role role(std::vector<std::string> users, std::vector<AccessRule> rules) {
  return {.name = "r", .users = std::move(users), .exact_users = {}, .rules = std::move(rules)};
}

bool may_publish(AccessRules& rules, const ClientIdentity& who, std::string_view topic) {
  return rules.rights_of(who)->may_publish(who, *mqtt::TopicName::parse(topic), false);
}
SubscribeRight may_subscribe(AccessRules& rules, const ClientIdentity& who,
                             std::string_view filter) {
  return rules.rights_of(who)->may_subscribe(who, *mqtt::TopicFilter::parse(filter));
}
bool may_receive(AccessRules& rules, const ClientIdentity& who, std::string_view topic) {
  return rules.rights_of(who)->may_receive(who, *mqtt::TopicName::parse(topic));
}

constexpr ClientIdentity anna{"c", "anna"};
constexpr ClientIdentity nobody{"c", ""};

TEST(AccessRules, AllowNothingByThemselves) {
  AccessRules none({}, "anonymous");
  EXPECT_FALSE(may_publish(none, anna, "a"));
  EXPECT_EQ(may_subscribe(none, anna, "a"), SubscribeRight::none);
  EXPECT_FALSE(may_receive(none, nobody, "a"));
}

TEST(AccessRules, KeepPublishingAndSubscribingApart) {
  AccessRules rules({role({"anna"}, {allow(Action::publish, "p"), allow(Action::subscribe, "s"),
                                     allow(Action::both, "b")})},
                    "anonymous");
  EXPECT_TRUE(may_publish(rules, anna, "p"));
  EXPECT_FALSE(may_publish(rules, anna, "s"));
  EXPECT_TRUE(may_publish(rules, anna, "b"));
  EXPECT_EQ(may_subscribe(rules, anna, "p"), SubscribeRight::none);
  EXPECT_EQ(may_subscribe(rules, anna, "s"), SubscribeRight::all);
  EXPECT_EQ(may_subscribe(rules, anna, "b"), SubscribeRight::all);
  EXPECT_FALSE(may_receive(rules, anna, "p"));
  EXPECT_TRUE(may_receive(rules, anna, "s"));
}

TEST(AccessRules, DenyWinsInAnyOrderAndFromAnyRole) {
  const auto yes = allow(Action::both, "a/#");
  const auto no = deny(Action::both, "a/secret");
  for (const auto& roles : {std::vector{role({"*"}, {yes, no})},
                            {role({"*"}, {no, yes})},
                            {role({"anna"}, {yes}), role({"*"}, {no})},
                            {role({"*"}, {no}), role({"anna"}, {yes})}}) {
    AccessRules rules(roles, "anonymous");
    EXPECT_TRUE(may_publish(rules, anna, "a/b"));
    EXPECT_FALSE(may_publish(rules, anna, "a/secret"));
    EXPECT_EQ(may_subscribe(rules, anna, "a/secret"), SubscribeRight::none);
    EXPECT_EQ(may_subscribe(rules, anna, "a/#"), SubscribeRight::some);
    EXPECT_EQ(may_subscribe(rules, anna, "a/b/#"), SubscribeRight::all);
    EXPECT_TRUE(may_receive(rules, anna, "a/b"));
    EXPECT_FALSE(may_receive(rules, anna, "a/secret"));
  }
}

TEST(AccessRules, FindTheirRolesByName) {
  Role exact = role({}, {allow(Action::publish, "exact")});
  exact.exact_users = {"be*"};
  AccessRules rules({role({"be*"}, {allow(Action::publish, "be")}),
                     role({"ann*", "anna"}, {allow(Action::publish, "an")}), exact,
                     role({"guest"}, {allow(Action::publish, "public")})},
                    "guest");
  EXPECT_TRUE(may_publish(rules, {"c", "bert"}, "be"));
  EXPECT_FALSE(may_publish(rules, {"c", "bert"}, "exact"));
  EXPECT_TRUE(may_publish(rules, {"c", "be*"}, "exact"));
  EXPECT_TRUE(may_publish(rules, anna, "an"));
  EXPECT_FALSE(may_publish(rules, anna, "be"));
  EXPECT_TRUE(may_publish(rules, nobody, "public"));
  EXPECT_FALSE(may_publish(rules, anna, "public"));
}

TEST(AccessRules, AreOneObjectForAllWithTheSameRoles) {
  std::vector<Role> roles;
  for (int i = 0; i < 1000; ++i) {
    roles.push_back(role({"user-" + std::to_string(i)}, {allow(Action::publish, "%u")}));
  }
  roles.push_back(role({"bell-*"}, {allow(Action::publish, "devices/%u/#")}));
  AccessRules rules(std::move(roles), "anonymous");
  EXPECT_EQ(rules.rights_of({"1", "bell-1"}).get(), rules.rights_of({"2", "bell-2"}).get());
  EXPECT_NE(rules.rights_of({"1", "bell-1"}).get(), rules.rights_of({"2", "user-2"}).get());
  EXPECT_TRUE(may_publish(rules, {"1", "bell-1"}, "devices/bell-1/x"));
  EXPECT_FALSE(may_publish(rules, {"1", "bell-1"}, "devices/bell-2/x"));
  EXPECT_TRUE(may_publish(rules, {"1", "user-7"}, "user-7"));
}

/// More sets of roles than are remembered, asked for by several threads: a user is a number, and
/// has the roles of its bits.
TEST(AccessRules, ForgetSetsButNotWhoHoldsThem) {
  constexpr unsigned bits = 14;
  constexpr unsigned users = 1U << bits;
  std::vector<Role> roles;
  for (unsigned bit = 0; bit < bits; ++bit) {
    roles.push_back(role({}, {allow(Action::publish, "bit/" + std::to_string(bit))}));
    for (unsigned user = 0; user < users; ++user) {
      if ((user >> bit & 1U) != 0) {
        roles.back().exact_users.push_back(std::to_string(user));
      }
    }
  }
  AccessRules rules(std::move(roles), "anonymous");
  const ClientIdentity first{"c", "1"};
  const auto held = rules.rights_of(first);
  {
    std::vector<std::jthread> threads;
    for (unsigned thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&rules, thread] {
        for (unsigned i = 0; i < users; ++i) {
          const unsigned user = (i + thread * users / 4) % users;
          const std::string name = std::to_string(user);
          EXPECT_EQ(may_publish(rules, {"c", name}, "bit/3"), (user >> 3 & 1U) != 0) << name;
        }
      });
    }
  }
  EXPECT_TRUE(held->may_publish(first, *mqtt::TopicName::parse("bit/0"), false));
  EXPECT_FALSE(held->may_publish(first, *mqtt::TopicName::parse("bit/1"), false));
}

TEST(AccessRules, DenyWidelyWhomTheyCannotName) {
  AccessRules rules({role({"*"}, {allow(Action::both, "#"), deny(Action::both, "%u/#"),
                                  allow(Action::both, "own/%u")})},
                    "anonymous");
  for (const std::string_view odd :
       {std::string_view("+"), std::string_view("#"), std::string_view("a/b"),
        std::string_view("a\0b", 3), std::string_view("")}) {
    const ClientIdentity who{"c", odd};
    EXPECT_FALSE(may_publish(rules, who, "a")) << odd;
    EXPECT_FALSE(may_receive(rules, who, "own/x")) << odd;
    EXPECT_EQ(may_subscribe(rules, who, "#"), SubscribeRight::none) << odd;
  }
  EXPECT_FALSE(may_publish(rules, anna, "anna/x"));
  EXPECT_TRUE(may_publish(rules, anna, "bert/x"));
  EXPECT_EQ(may_subscribe(rules, anna, "#"), SubscribeRight::some);
}

TEST(AccessRules, OpenDollarTopicsOnlyByName) {
  AccessRules rules({role({"anna"}, {allow(Action::both, "#")}),
                     role({"operator"}, {allow(Action::subscribe, "$SYS/#")})},
                    "anonymous");
  EXPECT_FALSE(may_publish(rules, anna, "$SYS/x"));
  EXPECT_FALSE(may_receive(rules, anna, "$SYS/x"));
  EXPECT_EQ(may_subscribe(rules, anna, "$SYS/#"), SubscribeRight::none);
  EXPECT_EQ(may_subscribe(rules, {"c", "operator"}, "$SYS/#"), SubscribeRight::all);
  EXPECT_EQ(may_subscribe(rules, {"c", "operator"}, "$share/g/$SYS/x"), SubscribeRight::all);
}

TEST(AccessRules, NameTheRuleThatDecides) {
  AccessRules rules({role({"*"}, {allow(Action::both, "a/#"), deny(Action::publish, "a/b")})},
                    "anonymous");
  const auto set = rules.rules_of(anna);
  const Decision denied = set->decide_publish(anna, *mqtt::TopicName::parse("a/b"));
  EXPECT_FALSE(denied.is_allowed);
  EXPECT_EQ(denied.rule->text, "a/b");
  const Decision allowed = set->decide_subscribe(anna, *mqtt::TopicFilter::parse("a/b"));
  EXPECT_TRUE(allowed.is_allowed);
  EXPECT_EQ(allowed.rule->text, "a/#");
  EXPECT_EQ(set->decide_publish(anna, *mqtt::TopicName::parse("x")).rule, nullptr);
}

TEST(GlobMatches, TakesAnyTextForAStar) {
  EXPECT_TRUE(glob_matches("*", ""));
  EXPECT_TRUE(glob_matches("bell-*", "bell-"));
  EXPECT_TRUE(glob_matches("*-1", "bell-1"));
  EXPECT_TRUE(glob_matches("a*b*c", "a-b-b-c"));
  EXPECT_FALSE(glob_matches("a*b*c", "a-c-b"));
  EXPECT_FALSE(glob_matches("bell", "bell-1"));
  EXPECT_FALSE(glob_matches("", "a"));
  EXPECT_FALSE(glob_matches(std::string(50, '*') + "x", std::string(5000, 'a')));
}

}  // namespace
}  // namespace peal::auth
