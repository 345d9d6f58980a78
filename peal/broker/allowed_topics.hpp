// The topics that a client was last allowed to publish to, so that one that publishes to the same
// few does not have its rules read through each time.
//
// Belongs to a Channel, because a resolved alias, too, comes here; forgotten when rights change.
#pragma once

#include <array>
#include <cstddef>
#include <string>

#include "peal/mqtt/topic_name.hpp"

namespace peal::broker {

class AllowedTopics {
 public:
  /// cost   a comparison for each of the few.
  [[nodiscard]] bool contains(mqtt::TopicName topic, bool retain) const {
    for (const Entry& entry : entries_) {
      if (entry.topic == topic.text() && entry.retain == retain) {
        return true;
      }
    }
    return false;
  }

  /// In place of the one that was added longest ago. `topic` is not empty.
  void add(mqtt::TopicName topic, bool retain) {
    Entry& entry = entries_[next_];
    entry.topic = topic.text();
    entry.retain = retain;
    next_ = (next_ + 1) % entries_.size();
  }

 private:
  struct Entry {
    std::string topic;
    bool retain = false;
  };
  std::array<Entry, 4> entries_;
  std::size_t next_ = 0;
};

}  // namespace peal::broker
