// Remembers what a Topic Name matched, in front of the subscription tree: devices repeat their
// topics, so the common publish never walks it.
//
// A result stays valid until a filter changes that could match its topic. A filter without
// wildcards drops exactly its topic's entry. One with wildcards moves on a stamp: of its first two
// levels when both are plain, of its first when only that is, else of everything; an entry made
// under older stamps is found stale when it is next asked for. So a subscriber to "site/7/+" costs
// the entries of "site/7" and no others.
//
// Fixed number of places (two per bucket, the one used last stays); owned by one worker, used on
// its thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "peal/broker/subscription_index.hpp"

namespace peal::broker {

class MatchCache {
 public:
  explicit MatchCache(std::uint64_t hash_key);

  /// What `topic` matches in `index`.
  /// returns   a result that is good until the next call of anything that changes `index`, or of
  /// `match`. cost      a hash and a comparison when it is known; a walk of the tree when not.
  [[nodiscard]] const MatchResult& match(mqtt::TopicName topic, const SubscriptionIndex& index);

  /// A subscription to `filter` came, went or changed.
  void invalidate(std::string_view filter);

 private:
  struct Stamps {
    std::uint32_t all = 0;
    std::uint32_t first_level = 0;
    std::uint32_t two_levels = 0;
    friend bool operator==(const Stamps&, const Stamps&) = default;
  };
  struct Entry {
    std::uint64_t hash = 0;
    Stamps stamps;
    std::uint16_t first_slot = 0;
    std::uint16_t two_slot = 0;
    bool is_valid = false;
    std::string topic;
    MatchResult result;
  };
  static constexpr std::size_t buckets = 8192;
  static constexpr std::size_t stamp_slots = 1024;
  using Bucket = std::array<std::unique_ptr<Entry>, 2>;

  [[nodiscard]] std::uint16_t first_slot_of(std::string_view level) const;
  [[nodiscard]] std::uint16_t two_slot_of(std::string_view first, std::string_view second) const;
  [[nodiscard]] Stamps stamps_of(const Entry& entry) const;
  void place(Entry& entry, mqtt::TopicName topic) const;

  std::uint64_t hash_key_;
  std::vector<Bucket> buckets_;
  std::uint32_t all_ = 0;
  std::vector<std::uint32_t> first_level_;
  std::vector<std::uint32_t> two_levels_;
};

}  // namespace peal::broker
