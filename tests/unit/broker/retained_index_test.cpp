#include "peal/broker/retained_index.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>

#include "support/broker_index.hpp"
#include "support/naive_match.hpp"

#include "peal/broker/absence.hpp"

namespace peal::broker::test {
namespace {

using namespace std::chrono_literals;

constexpr Time start{std::chrono::hours(1)};

MessageRef message(const std::string& topic, const std::string& payload, Time expires = never) {
  return Message::make({.topic = mqtt::TopicName::trusted(topic),
                        .payload = as_bytes(payload),
                        .properties = {},
                        .retain = true,
                        .expires = expires});
}

struct Kept {
  std::string payload;
  Time expires;
};

std::vector<std::string> collected(const RetainedIndex& index, const std::string& filter_text,
                                   Time now) {
  RetainedList found;
  index.collect(*mqtt::TopicFilter::parse(filter_text), now, found);
  std::vector<std::string> texts;
  while (!found.is_empty()) {
    const MessageRef one = found.take().message;
    texts.push_back(std::string(one->topic().text()) + "=" + std::string(as_text(one->payload())));
  }
  std::ranges::sort(texts);
  return texts;
}

// [MQTT-3.3.1-5] [MQTT-3.3.1-6] [MQTT-4.7.2-1]
TEST(RetainedIndexTest, HoldsWhatAMapHolds) {
  for (unsigned seed = 1; seed <= 8; ++seed) {
    std::mt19937 random(seed);
    RetainedIndex index(seed);
    std::map<std::string, Kept> model;
    for (int i = 0; i < 400; ++i) {
      const std::string topic = random_topic(random);
      const Time now = start + std::chrono::seconds(i);
      if (random() % 4 == 0) {
        ASSERT_EQ(index.erase(mqtt::TopicName::trusted(topic)), model.erase(topic) > 0);
      } else {
        const Time expires = random() % 4 == 0 ? now + 10s : never;
        index.set({message(topic, std::to_string(i), expires), {}});
        model[topic] = {std::to_string(i), expires};
      }
      const std::string filter = random_filter(random);
      std::vector<std::string> expected;
      std::size_t bytes = 0;
      for (const auto& [name, kept] : model) {
        bytes += name.size() + kept.payload.size();
        if (kept.expires > now && mqtt::test::naive_match(filter, name)) {
          expected.push_back(name + "=" + kept.payload);
        }
      }
      std::ranges::sort(expected);
      ASSERT_EQ(collected(index, filter, now), expected) << filter << " seed " << seed;
      ASSERT_EQ(index.count(), model.size());
      ASSERT_EQ(index.bytes(), bytes);
    }
  }
}

TEST(RetainedIndexTest, SweepsWhatExpiredABudgetAtATime) {
  RetainedIndex index(1);
  for (int i = 0; i < 100; ++i) {
    index.set({message("t/" + std::to_string(i), "x", i % 2 == 0 ? start : never), {}});
  }
  std::size_t removed = 0;
  for (int i = 0; i < 10; ++i) {
    removed += index.sweep_expired(start + 1s, 10).size();
  }
  EXPECT_EQ(removed, 50);
  EXPECT_EQ(index.count(), 50);
  EXPECT_EQ(index.sweep_expired(start + 1s, 1000).size(), 0);
}

}  // namespace
}  // namespace peal::broker::test
