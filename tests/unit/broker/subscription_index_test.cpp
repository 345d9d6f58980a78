#include "peal/broker/subscription_index.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>

#include "support/broker_index.hpp"
#include "support/naive_match.hpp"

#include "peal/broker/absence.hpp"

namespace peal::broker::test {
namespace {

constexpr std::size_t session_count = 5;

/// What one session is to get of a publisher's message.
struct Copy {
  mqtt::QoS qos = mqtt::QoS::at_most_once;
  bool retain_as_published = false;
  std::vector<std::uint32_t> identifiers;
  friend bool operator==(const Copy&, const Copy&) = default;
};
using Copies = std::map<const Session*, Copy>;

/// Subscriptions as a list, matched one by one.
class NaiveIndex {
 public:
  std::map<std::pair<std::string, const Session*>, Subscription> all;

  [[nodiscard]] Copies match(const std::string& topic, PublisherId publisher) const {
    Copies copies;
    for (const auto& [key, subscription] : all) {
      const bool is_own = subscription.session->publisher() == publisher;
      if (!mqtt::test::naive_match(key.first, topic) || (subscription.no_local && is_own)) {
        continue;
      }
      Copy& copy = copies[subscription.session];
      copy.qos = std::max(copy.qos, subscription.qos);
      copy.retain_as_published = copy.retain_as_published || subscription.retain_as_published;
      if (subscription.identifier != 0) {
        copy.identifiers.push_back(subscription.identifier);
      }
    }
    for (auto& [session, copy] : copies) {
      std::ranges::sort(copy.identifiers);
    }
    return copies;
  }
};

Copies copies_of(const MatchResult& result, PublisherId publisher) {
  Copies copies;
  for (const Delivery& delivery : result.deliveries) {
    const bool is_own = delivery.session->publisher() == publisher;
    if (delivery.audience != Audience::everyone && is_own != (delivery.audience == Audience::own)) {
      continue;
    }
    EXPECT_FALSE(copies.contains(delivery.session)) << "two copies";
    Copy& copy = copies[delivery.session];
    copy.qos = delivery.qos;
    copy.retain_as_published = delivery.retain_as_published;
    const auto begin = result.identifiers.begin() + delivery.first_identifier;
    copy.identifiers.assign(begin, begin + delivery.identifier_count);
    std::ranges::sort(copy.identifiers);
  }
  return copies;
}

Subscription random_subscription(std::mt19937& random, Session& session) {
  return {.session = &session,
          .identifier = static_cast<std::uint32_t>(random() % 3 == 0 ? 1 + random() % 9 : 0),
          .qos = static_cast<mqtt::QoS>(random() % 3),
          .no_local = random() % 3 == 0,
          .retain_as_published = random() % 2 == 0};
}

// [MQTT-3.3.4-2] [MQTT-3.3.4-3] [MQTT-3.3.4-4] [MQTT-3.8.3-3] [MQTT-3.8.4-3] [MQTT-4.7.2-1]
TEST(SubscriptionIndexTest, MatchesWhatTheNaiveMatcherMatches) {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    std::mt19937 random(seed);
    LooseSessions sessions(session_count);
    SubscriptionIndex index(NamespaceId{0}, seed);
    NaiveIndex naive;
    MatchResult result;
    for (int i = 0; i < 300; ++i) {
      Session& session = sessions[random() % session_count];
      const std::string filter = random_filter(random);
      const auto key = std::pair(filter, static_cast<const Session*>(&session));
      if (random() % 5 < 3) {
        const Subscription subscription = random_subscription(random, session);
        ASSERT_EQ(index.add(filter, subscription).is_new, !naive.all.contains(key));
        naive.all[key] = subscription;
      } else {
        ASSERT_EQ(index.remove(index.find(filter), session).existed, naive.all.erase(key) > 0);
      }
      const std::string topic = random_topic(random);
      index.match(mqtt::TopicName::trusted(topic), result);
      for (std::uint64_t publisher = 0; publisher <= session_count; ++publisher) {
        ASSERT_EQ(copies_of(result, PublisherId{publisher}),
                  naive.match(topic, PublisherId{publisher}))
            << topic << " seed " << seed;
      }
    }
  }
}

TEST(SubscriptionIndexTest, CountsTheFirstAndTheLastOfAFilter) {
  LooseSessions sessions(2);
  SubscriptionIndex index(NamespaceId{0}, 1);
  const auto first = index.add("a/+", {.session = &sessions[0]});
  const auto second = index.add("a/+", {.session = &sessions[1]});
  EXPECT_TRUE(first.is_first_here && first.is_new);
  EXPECT_FALSE(second.is_first_here);
  EXPECT_TRUE(second.is_new);
  EXPECT_EQ(index.filter_of(first.node), "a/+");
  EXPECT_NE(index.subscription_of(first.node, sessions[1]), nullptr);
  EXPECT_FALSE(index.remove(first.node, sessions[0]).was_last_here);
  EXPECT_TRUE(index.remove(first.node, sessions[1]).was_last_here);
  EXPECT_EQ(index.find("a/+"), NodeId::none);
}

mail::Interest interest(std::string filter, std::uint8_t worker, bool is_group, bool is_wanted,
                        bool is_durable = false) {
  return {.filter = std::move(filter),
          .worker = WorkerIndex{worker},
          .is_wanted = is_wanted,
          .is_group = is_group,
          .is_durable = is_durable};
}

TEST(SubscriptionIndexTest, KnowsWhoElsewhereHasToKeepIt) {
  SubscriptionIndex index(NamespaceId{0}, 1);
  MatchResult result;
  index.set_interest(interest("a/#", 3, false, true));
  index.set_interest(interest("a/#", 3, false, true, true));
  index.set_interest(interest("a/#", 3, false, true));  // one more, which does not
  index.set_interest(interest("a/#", 4, true, true, true));
  index.match(mqtt::TopicName::trusted("a/b"), result);
  EXPECT_EQ(result.durable_elsewhere, 1U << 3 | 1U << 4);
  index.set_interest(interest("a/#", 3, false, false));
  index.set_interest(interest("a/#", 3, false, true));
  index.match(mqtt::TopicName::trusted("a/b"), result);
  EXPECT_EQ(result.durable_elsewhere, 1U << 4);
}

TEST(SubscriptionIndexTest, GivesAGroupTheSameNumberAgain) {
  SubscriptionIndex index(NamespaceId{0}, 1);
  bool is_new = false;
  const std::uint64_t number = index.group("a/#", "g", is_new).number();
  EXPECT_NE(index.group("a/#", "h", is_new).number(), number);
  index.remove_group(index.group("a/#", "g", is_new));
  EXPECT_EQ(index.group_by_number(number), nullptr);
  EXPECT_EQ(index.group("a/#", "g", is_new).number(), number);
  EXPECT_TRUE(is_new);
}

TEST(SubscriptionIndexTest, KnowsWhatOtherWorkersWant) {
  SubscriptionIndex index(NamespaceId{0}, 1);
  MatchResult result;
  index.set_interest(interest("a/#", 3, false, true));
  index.set_interest(interest("a/+", 5, true, true));
  index.match(mqtt::TopicName::trusted("a/b"), result);
  EXPECT_EQ(result.workers, 1U << 3);
  EXPECT_EQ(result.group_owners, 1U << 5);
  index.set_interest(interest("a/#", 3, false, false));
  index.set_interest(interest("a/+", 5, true, false));
  index.set_interest(interest("never/there", 5, true, false));
  index.match(mqtt::TopicName::trusted("a/b"), result);
  EXPECT_TRUE(result.is_empty());
  EXPECT_EQ(index.find("a/+"), NodeId::none);
}

TEST(SubscriptionIndexTest, HoldsGroupsByFilterAndName) {
  SubscriptionIndex index(NamespaceId{0}, 1);
  bool is_new = false;
  SharedGroup& one = index.group("a/+", "one", is_new);
  EXPECT_TRUE(is_new);
  SharedGroup& two = index.group("a/+", "two", is_new);
  EXPECT_EQ(&index.group("a/+", "one", is_new), &one);
  EXPECT_FALSE(is_new);
  MatchResult result;
  index.match(mqtt::TopicName::trusted("a/x"), result);
  EXPECT_EQ(result.groups.size(), 2);
  const std::uint64_t number = one.number();
  EXPECT_EQ(index.group_by_number(number), &one);
  EXPECT_FALSE(index.remove_group(one));
  EXPECT_EQ(index.group_by_number(number), nullptr);
  EXPECT_TRUE(index.remove_group(two));
  EXPECT_EQ(index.find("a/+"), NodeId::none);
}

}  // namespace
}  // namespace peal::broker::test
