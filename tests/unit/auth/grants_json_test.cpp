#include "peal/auth/grants_json.hpp"

#include <gtest/gtest.h>

namespace peal::auth {
namespace {

using namespace std::string_view_literals;

/// The lines, or "! " and what is wrong.
std::string read(std::string_view text) {
  const auto grants = grants_from_json(text);
  return grants ? *grants : "! " + grants.error();
}

/// What is made of one rule with this topic, written as JSON writes it.
std::string read_topic(std::string_view topic) {
  return read(R"({"acl":{"pub":[")" + std::string(topic) + R"("]}})");
}

bool is_refused_at(std::string_view text, std::string_view place) {
  return read(text).starts_with("! " + std::string(place) + ": ");
}

TEST(GrantsJson, ReadsListsOfTopics) {
  EXPECT_EQ(read(R"({"acl":{"pub":["a/#","b"],"sub":["+/c"],"all":["d/%u","e/%c"]}})"),
            "allow publish a/#\nallow publish b\nallow subscribe +/c\nallow all d/%u\n"
            "allow all e/%c\n");
}

TEST(GrantsJson, ReadsListsOfRules) {
  EXPECT_EQ(read(R"({"acl":[{"permission":"allow","action":"publish","topic":"a/#"},
                            {"topic":"b","action":"subscribe","permission":"deny"},
                            {"permission":"deny","action":"all","topic":"c d"}]})"),
            "allow publish a/#\ndeny subscribe b\ndeny all c d\n");
}

TEST(GrantsJson, ReadsRoles) {
  EXPECT_EQ(read(R"({"roles":["device","bell ringer"]})"), "role device\nrole bell ringer\n");
  EXPECT_EQ(read(R"({"roles":["device"],"acl":{"all":["x"]}})"), "allow all x\nrole device\n");
}

TEST(GrantsJson, NothingIsNothing) {
  for (const std::string_view text :
       {"{}", R"({"acl":{}})", R"({"acl":[]})", R"({"acl":{"pub":[]},"roles":[]})",
        R"({"sub":"me","exp":1,"ACL":{"all":["#"]},"Roles":["root"]})"}) {
    EXPECT_EQ(read(text), "") << text;
  }
}

TEST(GrantsJson, PlaceholdersOfEmqxBecomeOurs) {
  EXPECT_EQ(read_topic("d/${username}/${clientid}/${username}"), "allow publish d/%u/%c/%u\n");
  EXPECT_TRUE(is_refused_at(R"({"acl":{"pub":["d/${cert_common_name}"]}})", "acl.pub[0]"));
  // What stands behind the one that was put in is looked at as it was written.
  EXPECT_EQ(read_topic("$${username}{clientid}"), "allow publish $%u{clientid}\n");
}

TEST(GrantsJson, TopicsThatAreNoneAreRefused) {
  for (const std::string_view topic :
       {"", "a/#/b", "a+", "#a", "$share/g/t", "$share/", "a\\nallow all #", "a\\rb", "\\na",
        "a\\n", "a\\u0000b", " a", "a ", "a\\t", "eq a/#", "a/${username"}) {
    EXPECT_TRUE(read_topic(topic).starts_with("! acl.pub[0]: ")) << topic << read_topic(topic);
  }
  EXPECT_EQ(read_topic("a b/\\u00e9/eq x"), "allow publish a b/é/eq x\n");
}

TEST(GrantsJson, TopicsHaveTheLengthOfTopicFilters) {
  EXPECT_EQ(read_topic(std::string(65'535, 'x')).size(), 65'535u + 15);
  EXPECT_TRUE(read_topic(std::string(65'536, 'x')).starts_with("! acl.pub[0]: "));
}

TEST(GrantsJson, OtherTypesAreRefused) {
  for (const std::string_view value : {"1", "null", "true", "1.5", "\"#\"", "\"\""}) {
    const std::string text(value);
    EXPECT_TRUE(is_refused_at("{\"acl\":" + text + "}", "acl")) << value;
    EXPECT_TRUE(is_refused_at("{\"roles\":" + text + "}", "roles")) << value;
    EXPECT_TRUE(is_refused_at("{\"acl\":{\"sub\":" + text + "}}", "acl.sub")) << value;
    EXPECT_TRUE(is_refused_at("{\"acl\":[" + text + "]}", "acl[0]")) << value;
  }
  for (const std::string_view value : {"1", "null", "true", "[]", "{}"}) {
    const std::string text(value);
    EXPECT_TRUE(is_refused_at("{\"acl\":{\"all\":[\"x\"," + text + "]}}", "acl.all[1]")) << value;
    EXPECT_TRUE(is_refused_at("{\"roles\":[" + text + "]}", "roles[0]")) << value;
  }
  EXPECT_TRUE(is_refused_at(R"({"roles":{"device":true}})", "roles"));
}

TEST(GrantsJson, UnknownWordsAreRefused) {
  EXPECT_TRUE(is_refused_at(R"({"acl":{"Pub":["a"]}})", "acl.Pub"));
  EXPECT_TRUE(is_refused_at(R"({"acl":{"deny":["a"]}})", "acl.deny"));
  EXPECT_TRUE(is_refused_at(R"({"acl":{"publish":["a"]}})", "acl.publish"));
  const auto rule = [](std::string_view permission, std::string_view action) {
    return R"({"acl":[{"permission":)" + std::string(permission) + R"(,"action":)" +
           std::string(action) + R"(,"topic":"a"}]})";
  };
  EXPECT_EQ(read(rule(R"("allow")", R"("all")")), "allow all a\n");
  for (const std::string_view word : {R"("Allow")", R"("")", "null", "1", R"("permit")"}) {
    EXPECT_TRUE(is_refused_at(rule(word, R"("all")"), "acl[0].permission")) << word;
  }
  for (const std::string_view word : {R"("pub")", R"("")", "null", "[\"publish\"]", R"("both")"}) {
    EXPECT_TRUE(is_refused_at(rule(R"("allow")", word), "acl[0].action")) << word;
  }
}

TEST(GrantsJson, ARuleIsWhole) {
  EXPECT_TRUE(is_refused_at(R"({"acl":[{"action":"all","topic":"a"}]})", "acl[0].permission"));
  EXPECT_TRUE(is_refused_at(R"({"acl":[{"permission":"deny","topic":"a"}]})", "acl[0].action"));
  EXPECT_TRUE(is_refused_at(R"({"acl":[{"permission":"deny","action":"all"}]})", "acl[0].topic"));
}

TEST(GrantsJson, ARuleThatSaysMoreIsRefused) {  // it would allow more than was meant
  EXPECT_TRUE(is_refused_at(
      R"({"acl":[{"permission":"allow","action":"all","topic":"a","qos":[0]}]})", "acl[0].qos"));
  EXPECT_TRUE(is_refused_at(
      R"({"acl":[{"permission":"allow","action":"publish","topic":"a","retain":false}]})",
      "acl[0].retain"));
}

TEST(GrantsJson, NamesOfRolesAreOneLine) {
  for (const std::string_view name :
       {"", " a", "a ", "a\\nallow all #", "a\\u0000", "a\\u0007b", "\\u007f", "\\ta"}) {
    EXPECT_TRUE(is_refused_at(R"({"roles":[")" + std::string(name) + R"("]})", "roles[0]")) << name;
  }
  EXPECT_EQ(read(R"({"roles":[")" + std::string(256, 'x') + R"("]})").size(), 5u + 256 + 1);
  EXPECT_TRUE(is_refused_at(R"({"roles":[")" + std::string(257, 'x') + R"("]})", "roles[0]"));
}

TEST(GrantsJson, TheNumberOfLinesHasALimit) {
  std::string topics = "\"t\"";
  for (std::size_t count = 1; count < grants_limit; ++count) {
    topics += ",\"t\"";
  }
  EXPECT_EQ(read("{\"acl\":{\"all\":[" + topics + "]}}").size(), grants_limit * 12);
  const std::string_view too_many = "! there are more than 1000 rules and roles";
  EXPECT_EQ(read("{\"acl\":{\"all\":[" + topics + ",\"t\"]}}"), too_many);
  EXPECT_EQ(read("{\"acl\":{\"all\":[" + topics + "]},\"roles\":[\"r\"]}"), too_many);
}

TEST(GrantsJson, SizeAndDepthHaveALimit) {
  std::string padded = R"({"acl":{"all":["t"]},"x":""})";
  padded.insert(padded.size() - 2, std::string(grants_bytes_limit - padded.size(), 'x'));
  EXPECT_EQ(read(padded), "allow all t\n");
  EXPECT_EQ(read(padded + " "), "! it is too long");
  const auto nested = [](std::size_t depth) {
    return "{\"x\":" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  EXPECT_EQ(read(nested(15)), "");
  EXPECT_EQ(read(nested(16)), "! it is nested too deep");
  EXPECT_EQ(read(nested(100'000)), "! it is nested too deep");
}

TEST(GrantsJson, WhatIsNoObjectIsRefused) {
  for (const std::string_view text : {"[]", "1", "\"acl\"", "null", "[{\"acl\":{}}]"}) {
    EXPECT_EQ(read(text), "! it is no JSON object") << text;
  }
  for (const std::string_view text : {"", "{", "acl", "{\"acl\":{}", "{}{}"}) {
    EXPECT_EQ(read(text), "! it is no JSON") << text;
  }
  EXPECT_EQ(read(R"({"acl":{"pub":["a"]},"acl":{}})"), "! an object in it has a member twice");
  EXPECT_EQ(read(R"({"acl":{"pub":["a"],"pub":["b"]}})"), "! an object in it has a member twice");
}

}  // namespace
}  // namespace peal::auth
