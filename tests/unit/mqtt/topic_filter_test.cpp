#include "peal/mqtt/topic_filter.hpp"

#include <gtest/gtest.h>
#include <random>
#include <string>

#include "support/naive_match.hpp"

namespace peal::mqtt {
namespace {

using peal::mqtt::test::naive_match;

TEST(TopicFilter, TakesWhatIsOne) {
  for (const std::string_view text :
       {"a", "#", "+", "/", "a/#", "+/+/#", "a/+/b", "/+", "+/", "//", "$SYS/#", "$share",
        "$share/g/#", "$share/g/a/+", "$share/g//", "$shared/+", "größe/+"}) {
    EXPECT_TRUE(TopicFilter::parse(text)) << text;
  }
  EXPECT_TRUE(TopicFilter::parse(std::string(65535, '/')));
}

/// [MQTT-4.7.1-1] [MQTT-4.7.1-2] [MQTT-4.7.3-1] [MQTT-4.7.3-3] [MQTT-4.8.2-1] [MQTT-4.8.2-2]
/// [MQTT3-4.7.1-2] [MQTT3-4.7.1-3] [MQTT3-4.7.3-1] [MQTT3-4.7.3-3]
TEST(TopicFilter, RefusesWhatIsNone) {
  for (const std::string_view text :
       {"", "a#", "#/a", "a/#/b", "##", "a+", "+a", "a/+b", "++", "a/#+", "$share/", "$share//a",
        "$share/g", "$share/g/", "$share/g+/a", "$share/#/a", "$share/+/a", "$share/g/a#"}) {
    const Result<TopicFilter> filter = TopicFilter::parse(text);
    ASSERT_FALSE(filter) << text;
    EXPECT_EQ(filter.error(), ReasonCode::topic_filter_invalid) << text;
  }
  EXPECT_EQ(TopicFilter::parse(std::string(65536, 'a')).error(), ReasonCode::topic_filter_invalid);
  EXPECT_EQ(TopicFilter::parse(std::string_view("\0", 1)).error(), ReasonCode::malformed_packet);
  EXPECT_EQ(TopicFilter::parse("+/\xFF").error(), ReasonCode::malformed_packet);
}

TEST(TopicFilter, TellsItsParts) {
  const TopicFilter shared = *TopicFilter::parse("$share/group/a/+");
  EXPECT_TRUE(shared.is_shared());
  EXPECT_EQ(shared.share_name(), "group");
  EXPECT_EQ(shared.filter(), "a/+");
  EXPECT_EQ(shared.text(), "$share/group/a/+");
  EXPECT_TRUE(shared.has_wildcard());
  const TopicFilter plain = *TopicFilter::parse("a/b");
  EXPECT_FALSE(plain.is_shared());
  EXPECT_EQ(plain.share_name(), "");
  EXPECT_EQ(plain.filter(), "a/b");
  EXPECT_FALSE(plain.has_wildcard());
}

bool match(std::string_view filter, std::string_view topic) {
  return matches(*TopicFilter::parse(filter), TopicName::trusted(topic));
}

/// The examples of the standard. (MQTT 5 §4.7.1, §4.7.2)
TEST(Matches, ExamplesOfTheStandard) {
  EXPECT_TRUE(match("sport/tennis/player1/#", "sport/tennis/player1"));
  EXPECT_TRUE(match("sport/tennis/player1/#", "sport/tennis/player1/ranking"));
  EXPECT_TRUE(match("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon"));
  EXPECT_TRUE(match("sport/#", "sport"));
  EXPECT_TRUE(match("#", "sport"));
  EXPECT_TRUE(match("sport/tennis/+", "sport/tennis/player1"));
  EXPECT_FALSE(match("sport/tennis/+", "sport/tennis/player1/ranking"));
  EXPECT_FALSE(match("sport/+", "sport"));
  EXPECT_TRUE(match("sport/+", "sport/"));
  EXPECT_TRUE(match("+/+", "/finance"));
  EXPECT_TRUE(match("/+", "/finance"));
  EXPECT_FALSE(match("+", "/finance"));
  EXPECT_FALSE(match("ACCOUNTS", "Accounts"));
  EXPECT_FALSE(match("a", "/a"));
}

/// [MQTT-4.7.2-1] [MQTT3-4.7.2-1]
TEST(Matches, LeadingWildcardsLeaveDollarTopicsAlone) {
  EXPECT_FALSE(match("#", "$SYS"));
  EXPECT_FALSE(match("+/monitor/Clients", "$SYS/monitor/Clients"));
  EXPECT_TRUE(match("$SYS/#", "$SYS/a"));
  EXPECT_TRUE(match("$SYS/monitor/+", "$SYS/monitor/Clients"));
  EXPECT_TRUE(match("a/#", "a/$SYS"));
  EXPECT_FALSE(match("$share/g/#", "$SYS"));
  EXPECT_TRUE(match("$share/g/+", "a"));
}

/// One letter or two characters that look the same: not the same. [MQTT-4.7.3-4] [MQTT3-4.7.3-4]
TEST(Matches, NothingIsNormalised) {
  EXPECT_TRUE(match("caf\u00E9/+", "caf\u00E9/x"));
  EXPECT_FALSE(match("caf\u00E9/+", "cafe\u0301/x"));
}

TEST(Matches, EdgesOfHash) {
  EXPECT_FALSE(match("a/#", "ab"));
  EXPECT_FALSE(match("a/#", "b"));
  EXPECT_TRUE(match("a/#", "a/"));
  EXPECT_TRUE(match("/#", "/"));
  EXPECT_TRUE(match("+/#", "a"));
  EXPECT_TRUE(match("a/+/#", "a/b"));
  EXPECT_FALSE(match("a/+/#", "a"));
  EXPECT_FALSE(match("a/b/#", "a"));
}

std::string random_text(std::mt19937& random, std::string_view alphabet) {
  std::string text;
  for (auto size = random() % 9 + 1; size > 0; --size) {
    text += alphabet[random() % alphabet.size()];
  }
  return text;
}

TEST(Matches, AgreesWithTheNaiveMatcher) {
  std::mt19937 random(1);
  std::size_t valid = 0;
  std::size_t matching = 0;
  for (int i = 0; i < 500'000; ++i) {
    const std::string pattern = random_text(random, "ab///++#$");
    const std::string text = random_text(random, "ab///$");
    const Result<TopicFilter> filter = TopicFilter::parse(pattern);
    if (!filter) {
      continue;
    }
    const bool expected = naive_match(pattern, text);
    ASSERT_EQ(matches(*filter, TopicName::trusted(text)), expected) << pattern << " " << text;
    ++valid;
    matching += expected ? 1 : 0;
  }
  EXPECT_GT(valid, 50'000U);
  EXPECT_GT(matching, 3'000U);
}

}  // namespace
}  // namespace peal::mqtt
