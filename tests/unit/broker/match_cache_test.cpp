#include "peal/broker/match_cache.hpp"

#include <algorithm>
#include <gtest/gtest.h>

#include "support/broker_index.hpp"

#include "peal/broker/absence.hpp"

namespace peal::broker::test {
namespace {

bool is_same(const MatchResult& a, const MatchResult& b) {
  auto same = [](const Delivery& one, const Delivery& other) {
    return one.session == other.session && one.qos == other.qos &&
           one.identifier_count == other.identifier_count && one.audience == other.audience;
  };
  return std::ranges::equal(a.deliveries, b.deliveries, same) && a.identifiers == b.identifiers &&
         a.groups == b.groups && a.workers == b.workers && a.group_owners == b.group_owners;
}

TEST(MatchCacheTest, AlwaysSaysWhatAFreshMatchSays) {
  for (unsigned seed = 1; seed <= 10; ++seed) {
    std::mt19937 random(seed);
    LooseSessions sessions(4);
    SubscriptionIndex index(NamespaceId{0}, seed);
    MatchCache cache(seed);
    MatchResult fresh;
    for (int i = 0; i < 3000; ++i) {
      if (random() % 8 == 0) {
        Session& session = sessions[random() % 4];
        const std::string filter = random_filter(random);
        if (random() % 2 == 0) {
          index.add(filter, {.session = &session,
                             .identifier = static_cast<std::uint32_t>(random() % 3),
                             .qos = static_cast<mqtt::QoS>(random() % 3)});
        } else if (random() % 2 == 0) {
          (void)index.remove(index.find(filter), session);
        } else {
          index.set_interest({.filter = filter,
                              .worker = WorkerIndex{static_cast<std::uint8_t>(random() % 4)},
                              .is_wanted = random() % 2 == 0,
                              .is_group = random() % 2 == 0});
        }
        cache.invalidate(filter);
      }
      const std::string topic = random_topic(random);
      index.match(mqtt::TopicName::trusted(topic), fresh);
      ASSERT_TRUE(is_same(cache.match(mqtt::TopicName::trusted(topic), index), fresh))
          << topic << " seed " << seed;
    }
  }
}

TEST(MatchCacheTest, HoldsMoreTopicsThanItHasPlaces) {
  LooseSessions sessions(1);
  SubscriptionIndex index(NamespaceId{0}, 1);
  MatchCache cache(1);
  index.add("t/+", {.session = &sessions[0]});
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 40'000; ++i) {
      const std::string topic = "t/" + std::to_string(i);
      ASSERT_EQ(cache.match(mqtt::TopicName::trusted(topic), index).deliveries.size(), 1);
    }
  }
}

}  // namespace
}  // namespace peal::broker::test
