#include "peal/mqtt/topic_name.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace peal::mqtt {
namespace {

TEST(TopicName, TakesWhatIsOne) {
  for (const std::string_view text : {"a", "/", "a/b", "//", " ", "$SYS/x", "größe", "a b/c"}) {
    const Result<TopicName> topic = TopicName::parse(text);
    ASSERT_TRUE(topic) << text;
    EXPECT_EQ(topic->text(), text);
  }
  EXPECT_TRUE(TopicName::parse(std::string(65535, 'a')));
}

/// [MQTT-4.7.0-1] [MQTT-4.7.3-1] [MQTT-4.7.3-2] [MQTT-4.7.3-3] [MQTT3-4.7.3-3]
TEST(TopicName, RefusesWhatIsNone) {
  EXPECT_EQ(TopicName::parse("").error(), ReasonCode::topic_name_invalid);
  EXPECT_EQ(TopicName::parse("a/+").error(), ReasonCode::topic_name_invalid);
  EXPECT_EQ(TopicName::parse("a#").error(), ReasonCode::topic_name_invalid);
  EXPECT_EQ(TopicName::parse(std::string(65536, 'a')).error(), ReasonCode::topic_name_invalid);
  EXPECT_EQ(TopicName::parse(std::string_view("a\0b", 3)).error(), ReasonCode::malformed_packet);
  EXPECT_EQ(TopicName::parse("\xC3").error(), ReasonCode::malformed_packet);
}

TEST(TopicName, KnowsTheDollar) {
  EXPECT_TRUE(TopicName::trusted("$SYS").is_dollar());
  EXPECT_FALSE(TopicName::trusted("a/$SYS").is_dollar());
  EXPECT_FALSE(TopicName().is_dollar());
}

std::vector<std::string> levels_of(std::string_view text) {
  std::vector<std::string> levels;
  while (text.data() != nullptr) {
    levels.emplace_back(take_level(text));
  }
  return levels;
}

TEST(TopicName, HasLevels) {
  using Levels = std::vector<std::string>;
  EXPECT_EQ(levels_of("a/b/c"), (Levels{"a", "b", "c"}));
  EXPECT_EQ(levels_of("/a//"), (Levels{"", "a", "", ""}));
  EXPECT_EQ(levels_of("a"), Levels{"a"});
  for (const std::string_view text : {"a", "/", "a/b", "/a//", "x/y/z/"}) {
    EXPECT_EQ(count_levels(text), levels_of(text).size());
  }
}

}  // namespace
}  // namespace peal::mqtt
