#include "peal/auth/grants.hpp"

#include <gtest/gtest.h>

#include "peal/auth/access_rules.hpp"

namespace peal::auth {
namespace {

TEST(Grants, ReadsRulesAndRoles) {
  const auto grants = parse_grants("allow publish a/%u\n\nrole device\ndeny all b/#\n", "here");
  ASSERT_TRUE(grants);
  EXPECT_EQ(grants->roles, std::vector<std::string>{"device"});
  ASSERT_EQ(grants->rules.size(), 2U);
  EXPECT_EQ(grants->rules[0].pattern.text(), "a/%u");
  EXPECT_EQ(grants->rules[0].place, "here");
  EXPECT_EQ(grants->rules[1].effect, Effect::deny);
  EXPECT_EQ(grants->rules[1].action, Action::both);
}

TEST(Grants, RefusesWhatItDoesNotKnow) {
  for (const char* wrong : {"allow", "allow publish", "permit publish a", "allow write a",
                            "allow publish a/#/b", "deny  publish a"}) {
    EXPECT_FALSE(parse_grants(wrong, "")) << wrong;
  }
  std::string many;
  for (int i = 0; i < 1001; ++i) {
    many += "allow publish a\n";
  }
  EXPECT_FALSE(parse_grants(many, ""));
}

TEST(Grants, CountBesidesTheRolesOfAUser) {
  Role device;
  device.name = "device";
  device.rules.push_back(*parse_rule("allow publish devices/%u", "x"));
  device.rate = {
      .messages_per_second = 5, .messages_burst = 6, .bytes_per_second = 0, .bytes_burst = 0};
  AccessRules rules({device}, "anonymous", [](std::string_view user) {
    return user == "bell" ? std::vector<std::string>{"device"} : std::vector<std::string>{};
  });
  const auto may = [&](std::string_view user, std::string_view grants, std::string_view topic) {
    const broker::ClientIdentity who{"c", user, grants};
    return rules.rights_of(who)->may_publish(who, *mqtt::TopicName::parse(topic), false);
  };
  EXPECT_TRUE(may("bell", "", "devices/bell"));
  EXPECT_FALSE(may("lamp", "", "devices/lamp"));
  EXPECT_TRUE(may("lamp", "role device\n", "devices/lamp"));
  EXPECT_TRUE(may("lamp", "allow publish a\n", "a"));
  EXPECT_FALSE(may("lamp", "", "a")) << "what one client brought is no other one's";
  EXPECT_FALSE(may("bell", "deny publish devices/#\n", "devices/bell"));
  EXPECT_FALSE(may("bell", "nonsense\n", "devices/bell")) << "a deny rule may be in there";
  EXPECT_EQ(rules.rights_of({"c", "bell"})->publish_rate().messages_per_second, 5U);
  EXPECT_FALSE(rules.rights_of({"c", "lamp"})->publish_rate().is_limited());
}

}  // namespace
}  // namespace peal::auth
