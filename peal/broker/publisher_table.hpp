// The publishers of the retained messages of one worker, each once however many messages it has, so
// that a message needs no more than a number of 4 bytes.
//
// Owned by one worker, used on its thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "peal/base/hash.hpp"
#include "peal/broker/publisher.hpp"

namespace peal::broker {

/// Names a publisher of the table.
enum class PublisherNumber : std::uint32_t { none = 0 };

class PublisherTable {
 public:
  /// `hash_key`   keeps strangers from choosing names that collide.
  explicit PublisherTable(std::uint64_t hash_key);
  PublisherTable(const PublisherTable&) = delete;
  PublisherTable& operator=(const PublisherTable&) = delete;

  /// One more message of `publisher`, which may be null.    returns   its number; none for null.
  [[nodiscard]] PublisherNumber add(PublisherRef publisher);
  /// One less. With the last its number is free for another.
  void remove(PublisherNumber number);

  /// Null for none.
  [[nodiscard]] PublisherRef find(PublisherNumber number) const;
  [[nodiscard]] std::size_t count() const { return numbers_.size(); }
  /// Of their names, each once.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  struct Entry {
    PublisherRef publisher;
    std::uint32_t messages = 0;
  };
  struct Hash {
    std::uint64_t key;
    std::size_t operator()(std::string_view text) const { return hash_text(text, key); }
  };
  [[nodiscard]] static std::size_t index_of(PublisherNumber number) {
    return static_cast<std::size_t>(number) - 1;
  }

  std::unordered_map<std::string_view, PublisherNumber, Hash> numbers_;  // views of the entries
  std::vector<Entry> entries_;
  std::vector<PublisherNumber> free_;
  std::size_t bytes_ = 0;
};

}  // namespace peal::broker
