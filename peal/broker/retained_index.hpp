// The retained messages this worker keeps, of no session [MQTT3-3.1.2-7]: one per Topic Name, found
// by name or by filter. (MQTT 5 §3.3.1.3)
//
// With several workers a topic's retained message lives on the worker that its name hashes to, so
// that two publishers on different workers cannot leave two. Owned by one worker, used on its
// thread.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "peal/broker/message.hpp"
#include "peal/broker/publisher_table.hpp"
#include "peal/broker/retained_list.hpp"
#include "peal/broker/topic_tree.hpp"
#include "peal/mqtt/topic_filter.hpp"

namespace peal::broker {

class RetainedIndex {
 public:
  explicit RetainedIndex(std::uint64_t hash_key) : tree_(hash_key), publishers_(hash_key) {}
  RetainedIndex(const RetainedIndex&) = delete;
  RetainedIndex& operator=(const RetainedIndex&) = delete;

  /// Keeps a message as its topic's, in place of the one before. [MQTT-3.3.1-5]
  void set(Retained retained);
  /// Whether there was one. [MQTT-3.3.1-6]
  bool erase(mqtt::TopicName topic);
  [[nodiscard]] const Message* find(mqtt::TopicName topic) const;

  /// Appends every message whose topic `filter` matches, except those that expired by `now`.
  /// [MQTT-4.7.2-1] cost   O(topics under the filter's plain beginning).
  void collect(const mqtt::TopicFilter& filter, Time now, RetainedList& out) const;

  /// Removes what expired by `now`, looking at most at `budget` messages; goes on there next time.
  /// returns   what was removed.
  std::vector<MessageRef> sweep_expired(Time now, std::size_t budget);

  [[nodiscard]] std::size_t count() const { return count_; }
  /// Of the messages, and of the names of their publishers, each once.
  [[nodiscard]] std::size_t bytes() const { return bytes_ + publishers_.bytes(); }

 private:
  void take(NodeId node, Time now, RetainedList& out) const;
  void erase_node(NodeId node);

  struct Slot {
    MessageRef message;
    NodeId node = NodeId::none;
    PublisherNumber publisher = PublisherNumber::none;
  };

  TopicTree tree_;
  PublisherTable publishers_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
  std::size_t sweep_at_ = 0;
};

}  // namespace peal::broker
