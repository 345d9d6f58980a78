#include "peal/broker/publisher_table.hpp"

#include <utility>

namespace peal::broker {

PublisherTable::PublisherTable(std::uint64_t hash_key) : numbers_(0, Hash{hash_key}) {}

PublisherNumber PublisherTable::add(PublisherRef publisher) {
  if (!publisher) {
    return PublisherNumber::none;
  }
  if (const auto found = numbers_.find(publisher->key()); found != numbers_.end()) {
    ++entries_[index_of(found->second)].messages;
    return found->second;
  }
  if (free_.empty()) {
    entries_.emplace_back();
    free_.push_back(PublisherNumber{static_cast<std::uint32_t>(entries_.size())});
  }
  const PublisherNumber number = free_.back();
  free_.pop_back();
  bytes_ += publisher->key().size();
  numbers_.emplace(publisher->key(), number);
  entries_[index_of(number)] = {std::move(publisher), 1};
  return number;
}

void PublisherTable::remove(PublisherNumber number) {
  if (number == PublisherNumber::none) {
    return;
  }
  Entry& entry = entries_[index_of(number)];
  if (--entry.messages > 0) {
    return;
  }
  bytes_ -= entry.publisher->key().size();
  numbers_.erase(entry.publisher->key());
  entry = {};
  free_.push_back(number);
}

PublisherRef PublisherTable::find(PublisherNumber number) const {
  return number == PublisherNumber::none ? PublisherRef{} : entries_[index_of(number)].publisher;
}

}  // namespace peal::broker
