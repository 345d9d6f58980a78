// What a rule's pattern takes: compared with a list of all short topics, and tried with names that
// would like to be more than a level.
#include "peal/auth/access_rule.hpp"

#include <bitset>
#include <gtest/gtest.h>
#include <random>
#include <string>
#include <vector>

namespace peal::auth {
namespace {

using mqtt::TopicFilter;
using mqtt::TopicName;

TopicPattern pattern(std::string_view text) { return *TopicPattern::parse(text); }
TopicName topic(std::string_view text) { return *TopicName::parse(text); }
TopicFilter filter(std::string_view text) { return *TopicFilter::parse(text); }

TopicPattern::Asking as(std::string_view user, std::string_view client_id = "c",
                        Effect effect = Effect::allow) {
  return {.client = {.client_id = client_id, .user = user}, .effect = effect};
}

bool matches(std::string_view of, std::string_view text, TopicPattern::Asking who = as("u")) {
  return pattern(of).matches(who, topic(text));
}
bool covers(std::string_view of, std::string_view text, TopicPattern::Asking who = as("u")) {
  return pattern(of).covers(who, filter(text));
}
bool overlaps(std::string_view of, std::string_view text, TopicPattern::Asking who = as("u")) {
  return pattern(of).overlaps(who, filter(text));
}

TEST(TopicPattern, IsATopicFilterWithNames) {
  EXPECT_EQ(pattern("a/%u/+/#").text(), "a/%u/+/#");
  for (const std::string_view text : {"", "a/#/b", "a+", "%u+", "$share/g/a", "$share/%u/a"}) {
    EXPECT_FALSE(TopicPattern::parse(text)) << text;
  }
  EXPECT_TRUE(TopicPattern::parse("100%"));
  EXPECT_TRUE(matches("100%/%x", "100%/%x")) << "only %u and %c are names";
}

TEST(TopicPattern, PutsNamesIn) {
  EXPECT_TRUE(matches("devices/%u/#", "devices/bell", as("bell")));
  EXPECT_TRUE(matches("devices/%u/#", "devices/bell/a/b", as("bell")));
  EXPECT_FALSE(matches("devices/%u/#", "devices/bell2/a", as("bell")));
  EXPECT_TRUE(matches("x-%u-%c/s", "x-bell-one/s", as("bell", "one")));
  EXPECT_FALSE(matches("x-%u-%c/s", "x-bell-two/s", as("bell", "one")));
  EXPECT_TRUE(covers("d/%u/#", "d/bell/+/x", as("bell")));
  EXPECT_FALSE(covers("d/%u/#", "d/+/x", as("bell")));
  EXPECT_TRUE(overlaps("d/%u/#", "d/+/x", as("bell")));
  EXPECT_FALSE(overlaps("d/%u/#", "d/other/x", as("bell")));
}

TEST(TopicPattern, NamesAreText) {
  for (const std::string_view odd :
       {std::string_view("+"), std::string_view("#"), std::string_view("a/b"), std::string_view(""),
        std::string_view("$SYS"), std::string_view("a\0b", 3), std::string_view("a+")}) {
    for (const std::string_view text : {"d/x", "d/a/b", "d/+"}) {
      EXPECT_FALSE(covers("d/%u/#", text, as(odd))) << odd << " " << text;
      EXPECT_FALSE(overlaps("d/%u/#", text, as(odd))) << odd << " " << text;
      EXPECT_FALSE(covers("d/%c", text, as("u", odd))) << odd << " " << text;
    }
    EXPECT_FALSE(matches("d/%u", "d/x", as(odd))) << odd;
    EXPECT_FALSE(matches("%u/#", "$SYS/x", as(odd))) << odd;
    // And what is denied to a name is denied to one that cannot be written.
    EXPECT_TRUE(matches("d/%u", "d/x", as(odd, "c", Effect::deny))) << odd;
    EXPECT_TRUE(covers("d/%u/#", "d/+/x", as(odd, "c", Effect::deny))) << odd;
    EXPECT_TRUE(covers("%u/#", "#", as(odd, "c", Effect::deny))) << odd;
    EXPECT_TRUE(overlaps("d/%u/x", "d/a/#", as(odd, "c", Effect::deny))) << odd;
    EXPECT_TRUE(matches("d/%c", "d/x", as("u", odd, Effect::deny))) << odd;
  }
  EXPECT_FALSE(matches("d/%u", "d/x", as("y", "c", Effect::deny)));
}

TEST(TopicPattern, KnowsWhatIsEverything) {
  EXPECT_TRUE(covers("#", "#"));
  EXPECT_TRUE(covers("#", "+/a"));
  EXPECT_TRUE(covers("+/#", "#"));
  EXPECT_TRUE(covers("a/#", "a"));
  EXPECT_FALSE(covers("a/+", "a/#"));
  EXPECT_FALSE(covers("a/+/#", "a/#"));
  EXPECT_FALSE(covers("#", "$SYS/#"));
  EXPECT_FALSE(covers("+/#", "$SYS/a"));
  EXPECT_TRUE(covers("$SYS/#", "$SYS/a"));
  EXPECT_TRUE(covers("a/#", "$share/g/a/b")) << "the share's name is left aside";
  EXPECT_TRUE(overlaps("a/+/c", "a/b/#"));
  EXPECT_FALSE(overlaps("#", "$SYS/x"));
  EXPECT_FALSE(overlaps("$SYS/x", "#"));
  EXPECT_TRUE(overlaps("a/#", "a"));
  EXPECT_TRUE(overlaps("a", "a/#"));
}

/// Every topic of up to `depth` levels of these.
std::vector<std::string> all_topics(int depth) {
  std::vector<std::string> latest = {"", "a", "b", "z", "$x"};
  const std::vector<std::string> levels = latest;
  std::vector<std::string> all = latest;
  for (int i = 1; i < depth; ++i) {
    std::vector<std::string> longer;
    for (const std::string& start : latest) {
      for (const std::string& level : levels) {
        longer.push_back(start + "/" + level);
      }
    }
    all.insert(all.end(), longer.begin(), longer.end());
    latest = std::move(longer);
  }
  std::erase(all, "");
  return all;
}

std::string any_filter(std::mt19937& random) {
  static const std::vector<std::string> levels = {"", "a", "b", "+", "$x"};
  std::string text;
  const std::size_t depth = 1 + random() % 4;
  for (std::size_t i = 0; i < depth; ++i) {
    text += (i > 0 ? "/" : "") + levels[random() % levels.size()];
  }
  if (depth < 4 && random() % 3 == 0) {
    text += "/#";
  }
  return text.empty() ? "#" : text;
}

/// A filter, and which of all topics it takes.
struct Sample {
  std::string text;
  std::bitset<3905> taken;
};

Sample sample(const std::string& text, const std::vector<std::string>& topics) {
  Sample made{.text = text, .taken = {}};
  for (std::size_t i = 0; i < topics.size(); ++i) {
    made.taken[i] = mqtt::matches(filter(text), topic(topics[i]));
    EXPECT_EQ(matches(text, topics[i]), made.taken[i]) << text << " " << topics[i];
  }
  return made;
}

/// "+" and "/#" share the topic "", which cannot be: the only one that `overlaps` is wrong about.
bool share_the_empty_topic(const std::string& of, const std::string& asked) {
  return (of == "+" && asked == "/#") || (of == "/#" && asked == "+");
}

/// `z` stands for all the levels that no pattern names, five levels for all deeper ones.
TEST(TopicPattern, AgreesWithAListOfAllTopics) {
  const std::vector<std::string> topics = all_topics(5);
  std::vector<Sample> samples;
  for (const std::string_view text : {"#", "+", "/#", "+/#", "/+/#", "+/+/#", "/+", "a/#"}) {
    samples.push_back(sample(std::string(text), topics));
  }
  std::mt19937 random(7);
  while (samples.size() < 120) {
    samples.push_back(sample(any_filter(random), topics));
  }
  for (const Sample& of : samples) {
    for (const Sample& asked : samples) {
      EXPECT_EQ(covers(of.text, asked.text), (asked.taken & ~of.taken).none())
          << of.text << " " << asked.text;
      if (!share_the_empty_topic(of.text, asked.text)) {
        EXPECT_EQ(overlaps(of.text, asked.text), (asked.taken & of.taken).any())
            << of.text << " " << asked.text;
      }
    }
  }
}

/// A question is about as long as its texts, not as their product: this ends at once or not at all.
TEST(TopicPattern, TakesItsTimeOnce) {
  std::string deep = "a";
  std::string named = "%u";
  for (int i = 0; i < 30'000; ++i) {
    deep += "/+";
    named += "/%u";
  }
  EXPECT_TRUE(covers(deep, deep));
  EXPECT_TRUE(overlaps(deep + "/#", deep));
  EXPECT_FALSE(covers(deep, deep + "/#"));
  const std::string slashes(65'535, '/');
  EXPECT_TRUE(matches(slashes, slashes));
  EXPECT_TRUE(matches("+/#", slashes));
  const std::string odd = std::string(65'000, 'n') + "+";
  EXPECT_TRUE(covers(named, deep, as(odd, "c", Effect::deny)));
  EXPECT_FALSE(covers(named, deep, as(odd)));
}

}  // namespace
}  // namespace peal::auth
