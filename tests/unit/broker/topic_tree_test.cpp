#include "peal/broker/topic_tree.hpp"

#include <gtest/gtest.h>
#include <map>
#include <random>

namespace peal::broker {
namespace {

TEST(TopicTreeTest, FindsWhatWasInserted) {
  TopicTree tree(1);
  const NodeId node = tree.insert("a/b/c");
  EXPECT_EQ(tree.find("a/b/c"), node);
  EXPECT_EQ(tree.insert("a/b/c"), node);
  EXPECT_EQ(tree.text(node), "a/b/c");
  EXPECT_EQ(tree.find("a/b/d"), NodeId::none);
  EXPECT_EQ(tree.node_count(), 4);
}

TEST(TopicTreeTest, TellsEmptyLevelsApart) {
  TopicTree tree(1);
  const std::vector<std::string> texts{"a", "a/", "a//", "/a", "/", "//", "a//b", "a/b"};
  for (std::uint32_t i = 0; i < texts.size(); ++i) {
    tree.set_value(tree.insert(texts[i]), i);
  }
  for (std::uint32_t i = 0; i < texts.size(); ++i) {
    EXPECT_EQ(tree.value(tree.find(texts[i])), i) << texts[i];
    EXPECT_EQ(tree.text(tree.find(texts[i])), texts[i]);
  }
}

TEST(TopicTreeTest, PrunesOnlyWhatHasNeitherValueNorChildren) {
  TopicTree tree(1);
  tree.set_value(tree.insert("a/b"), 1);
  const NodeId leaf = tree.insert("a/b/c/d");
  tree.prune(leaf);
  EXPECT_EQ(tree.find("a/b/c"), NodeId::none);
  EXPECT_NE(tree.find("a/b"), NodeId::none);
  tree.set_value(tree.find("a/b"), TopicTree::no_value);
  tree.prune(tree.find("a/b"));
  EXPECT_EQ(tree.node_count(), 1);
}

TEST(TopicTreeTest, KnowsItsWildcards) {
  TopicTree tree(1);
  const NodeId plus = tree.insert("a/+");
  const NodeId parent = tree.find("a");
  EXPECT_TRUE(tree.has_plus(parent));
  EXPECT_FALSE(tree.has_hash(parent));
  tree.insert("a/#");
  EXPECT_TRUE(tree.has_hash(parent));
  tree.prune(plus);
  EXPECT_FALSE(tree.has_plus(parent));
}

std::string random_text(std::mt19937& random) {
  const std::vector<std::string> levels{
      "a", "b", "", "thirteen-byte", "fourteen-bytes", "a level that does not fit into its node"};
  std::string text = levels[random() % levels.size()];
  for (auto i = random() % 4; i > 0; --i) {
    text += "/" + levels[random() % levels.size()];
  }
  return text + (random() % 3 == 0 ? "/" + std::to_string(random() % 200) : "");
}

TEST(TopicTreeTest, HoldsWhatAMapHolds) {
  for (unsigned seed = 1; seed <= 10; ++seed) {
    std::mt19937 random(seed);
    TopicTree tree(seed);
    std::map<std::string, std::uint32_t> model;
    for (std::uint32_t i = 0; i < 3000; ++i) {
      const std::string text = random_text(random);
      if (random() % 2 == 0) {
        tree.set_value(tree.insert(text), i);
        model[text] = i;
      } else if (model.erase(text) > 0) {
        const NodeId node = tree.find(text);
        tree.set_value(node, TopicTree::no_value);
        tree.prune(node);
      }
      const std::string asked = random_text(random);
      const NodeId node = tree.find(asked);
      const bool is_known = node != NodeId::none && tree.value(node) != TopicTree::no_value;
      ASSERT_EQ(is_known, model.contains(asked)) << asked;
      ASSERT_TRUE(!is_known || tree.value(node) == model[asked]) << asked;
    }
    for (const auto& [text, value] : model) {
      const NodeId node = tree.find(text);
      ASSERT_EQ(tree.value(node), value);
      ASSERT_EQ(tree.text(node), text);
      tree.set_value(node, TopicTree::no_value);
      tree.prune(node);
    }
    EXPECT_EQ(tree.node_count(), 1);
  }
}

}  // namespace
}  // namespace peal::broker
