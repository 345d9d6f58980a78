// Topic Aliases of one Network Connection, each direction its own table. Both end with the
// connection [MQTT-3.3.2-7] and cost nothing until an alias is used. (MQTT 5 §3.3.2.3.4)
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "peal/mqtt/topic_name.hpp"

namespace peal::broker {

/// What the client's aliases stand for.
class TopicAliasesIn {
 public:
  /// Maps `alias` (1 or more; the caller checked the maximum) to `topic`.
  void set(std::uint16_t alias, mqtt::TopicName topic);
  /// What it stands for; empty when nothing was set.
  [[nodiscard]] mqtt::TopicName find(std::uint16_t alias) const;

 private:
  std::unique_ptr<std::vector<std::string>> topics_;
};

/// Which aliases we gave. The first topics that are sent get one, until the client's maximum is
/// used up.
class TopicAliasesOut {
 public:
  struct Alias {
    std::uint16_t number = 0;  // 0: none
    bool is_known = false;     // the client has it: the topic may be left out
  };
  /// The alias for `topic`; one is chosen but not yet kept when it is new.
  [[nodiscard]] Alias find(mqtt::TopicName topic, std::uint16_t maximum) const;
  /// A packet with a new alias was sent.
  void keep(mqtt::TopicName topic);

 private:
  std::unique_ptr<std::vector<std::string>> topics_;
};

}  // namespace peal::broker
