#include "peal/broker/topic_aliases.hpp"

#include <gtest/gtest.h>

namespace peal::broker {
namespace {

using mqtt::TopicName;

TEST(TopicAliasesTest, KnowsWhatAClientsAliasesStandFor) {
  TopicAliasesIn aliases;
  EXPECT_TRUE(aliases.find(1).empty());
  aliases.set(3, TopicName::trusted("three"));
  aliases.set(1, TopicName::trusted("one"));
  EXPECT_EQ(aliases.find(3).text(), "three");
  EXPECT_TRUE(aliases.find(2).empty());
  EXPECT_TRUE(aliases.find(0).empty());
  EXPECT_TRUE(aliases.find(4).empty());
  aliases.set(3, TopicName::trusted("other"));
  EXPECT_EQ(aliases.find(3).text(), "other");
}

TEST(TopicAliasesTest, GivesTheFirstTopicsAnAlias) {
  TopicAliasesOut aliases;
  auto alias = aliases.find(TopicName::trusted("a"), 2);
  EXPECT_EQ(alias.number, 1);
  EXPECT_FALSE(alias.is_known);
  alias = aliases.find(TopicName::trusted("b"), 2);  // the first one was not sent
  EXPECT_EQ(alias.number, 1);
  aliases.keep(TopicName::trusted("b"));
  EXPECT_TRUE(aliases.find(TopicName::trusted("b"), 2).is_known);
  EXPECT_EQ(aliases.find(TopicName::trusted("c"), 2).number, 2);
  aliases.keep(TopicName::trusted("c"));
  EXPECT_EQ(aliases.find(TopicName::trusted("d"), 2).number, 0);
}

}  // namespace
}  // namespace peal::broker
