#include "peal/broker/match_cache.hpp"

#include <utility>

#include "peal/base/hash.hpp"

namespace peal::broker {

namespace {

bool is_plain(std::string_view level) { return level != "+" && level != "#"; }

}  // namespace

MatchCache::MatchCache(std::uint64_t hash_key)
    : hash_key_(hash_key), buckets_(buckets), first_level_(stamp_slots), two_levels_(stamp_slots) {}

std::uint16_t MatchCache::first_slot_of(std::string_view level) const {
  return static_cast<std::uint16_t>(hash_text(level, hash_key_) % stamp_slots);
}

std::uint16_t MatchCache::two_slot_of(std::string_view first, std::string_view second) const {
  return static_cast<std::uint16_t>(hash_text(second, hash_text(first, hash_key_)) % stamp_slots);
}

MatchCache::Stamps MatchCache::stamps_of(const Entry& entry) const {
  return {all_, first_level_[entry.first_slot], two_levels_[entry.two_slot]};
}

void MatchCache::place(Entry& entry, mqtt::TopicName topic) const {
  entry.topic = topic.text();
  std::string_view rest = topic.text();
  const std::string_view first = mqtt::take_level(rest);
  const std::string_view second =
      rest.data() == nullptr ? std::string_view{} : mqtt::take_level(rest);
  entry.first_slot = first_slot_of(first);
  entry.two_slot = two_slot_of(first, second);
}

const MatchResult& MatchCache::match(mqtt::TopicName topic, const SubscriptionIndex& index) {
  const std::uint64_t hash = hash_text(topic.text(), hash_key_);
  Bucket& bucket = buckets_[hash % buckets];
  for (std::size_t i = 0; i < bucket.size(); ++i) {
    Entry* entry = bucket[i].get();
    if (entry != nullptr && entry->hash == hash && entry->topic == topic.text()) {
      if (!entry->is_valid || entry->stamps != stamps_of(*entry)) {
        index.match(topic, entry->result);
        entry->stamps = stamps_of(*entry);
        entry->is_valid = true;
      }
      if (i != 0) {
        std::swap(bucket[0], bucket[1]);
      }
      return entry->result;
    }
  }
  std::swap(bucket[0], bucket[1]);
  if (bucket[0] == nullptr) {
    bucket[0] = std::make_unique<Entry>();
  }
  Entry& entry = *bucket[0];
  entry.hash = hash;
  place(entry, topic);
  index.match(topic, entry.result);
  entry.stamps = stamps_of(entry);
  entry.is_valid = true;
  return entry.result;
}

void MatchCache::invalidate(std::string_view filter) {
  const bool has_wildcard = filter.find_first_of("+#") != std::string_view::npos;
  if (!has_wildcard) {
    const std::uint64_t hash = hash_text(filter, hash_key_);
    for (const auto& entry : buckets_[hash % buckets]) {
      if (entry != nullptr && entry->hash == hash) {
        entry->is_valid = false;
      }
    }
    return;
  }
  std::string_view rest = filter;
  const std::string_view first = mqtt::take_level(rest);
  const std::string_view second =
      rest.data() == nullptr ? std::string_view{} : mqtt::take_level(rest);
  if (!is_plain(first)) {
    ++all_;
  } else if (!is_plain(second)) {
    ++first_level_[first_slot_of(first)];
  } else {
    // "a/b/#" and "a/b/+" match "a/b" and what is below, and no topic of another beginning.
    ++two_levels_[two_slot_of(first, second)];
  }
}

}  // namespace peal::broker
