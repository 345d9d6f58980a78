// One namespace on one worker: everything a client can name lives inside, and nothing crosses.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "peal/broker/mail.hpp"
#include "peal/broker/match_cache.hpp"
#include "peal/broker/retained_index.hpp"
#include "peal/broker/subscription_index.hpp"

namespace peal::broker {

struct Space {
  Space(NamespaceId space_id, std::uint64_t hash_key)
      : id(space_id), subscriptions(space_id, hash_key), matches(hash_key), retained(hash_key) {}

  NamespaceId id;
  SubscriptionIndex subscriptions;
  MatchCache matches;
  RetainedIndex retained;
};

}  // namespace peal::broker
