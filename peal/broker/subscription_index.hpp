// Who wants a topic: this worker's subscriptions in a TopicTree, and what other workers want by
// filter.
//
// A match walks the tree once, iteratively: per level one look-up, plus one for a "+" and one for a
// "#" only where such children exist. Its cost depends on the matches, not on the number of
// subscriptions.
//
// Owned by one worker, used on its thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "peal/broker/mail.hpp"
#include "peal/broker/shared_group.hpp"
#include "peal/broker/topic_tree.hpp"
#include "peal/mqtt/packets.hpp"

namespace peal::broker {

class Session;

/// One session's subscription to one filter.
struct Subscription {
  Session* session = nullptr;
  std::uint32_t identifier = 0;  // Subscription Identifier, 0: none
  mqtt::QoS qos = mqtt::QoS::at_most_once;
  bool no_local = false;
  bool retain_as_published = false;
};

/// Which publishers a Delivery is for: No Local may split a session's in two. [MQTT-3.8.3-3]
enum class Audience : std::uint8_t { everyone, others, own };

/// One copy that one session gets of a message: its overlapping subscriptions joined.
/// [MQTT-3.3.4-4]
struct Delivery {
  Session* session = nullptr;
  std::uint32_t first_identifier = 0;  // into MatchResult::identifiers
  std::uint16_t identifier_count = 0;
  mqtt::QoS qos = mqtt::QoS::at_most_once;  // the highest of its subscriptions [MQTT-3.3.4-2]
  Audience audience : 4 = Audience::everyone;
  bool retain_as_published : 1 = false;
};

/// Everything that wants one topic.
struct MatchResult {
  std::vector<Delivery> deliveries;
  std::vector<std::uint32_t> identifiers;
  std::vector<SharedGroup*> groups;     // decided here
  std::uint64_t workers = 0;            // others with interested sessions, a bit each
  std::uint64_t group_owners = 0;       // others that decide for a matching shared subscription
  std::uint64_t durable_elsewhere = 0;  // those of both with sessions that outlast the process

  void clear();
  [[nodiscard]] bool is_empty() const {
    return deliveries.empty() && groups.empty() && workers == 0 && group_owners == 0;
  }
};

class SubscriptionIndex {
 public:
  SubscriptionIndex(NamespaceId space, std::uint64_t hash_key)
      : hash_key_(hash_key), space_(space), tree_(hash_key) {}
  SubscriptionIndex(const SubscriptionIndex&) = delete;
  SubscriptionIndex& operator=(const SubscriptionIndex&) = delete;

  struct Added {
    NodeId node = NodeId::none;
    bool is_new = false;         // this session had no subscription to that filter
    bool is_first_here = false;  // nobody on this worker had one
  };
  /// Adds or replaces a subscription to `filter` (without share prefix). [MQTT-3.8.4-3]
  Added add(std::string_view filter, const Subscription& subscription);

  struct Removed {
    bool existed = false;
    bool was_last_here = false;
  };
  Removed remove(NodeId node, const Session& session);

  /// The node of `filter`, or none. [MQTT-3.10.4-1]
  [[nodiscard]] NodeId find(std::string_view filter) const { return tree_.find(filter); }
  [[nodiscard]] std::string filter_of(NodeId node) const { return tree_.text(node); }
  [[nodiscard]] const Subscription* subscription_of(NodeId node, const Session& session) const;

  /// Another worker wants `filter` (`is_group`: as the one who decides for a group), or no more.
  void set_interest(const mail::Interest& interest);

  /// The group of "$share/`share_name`/`filter`" that this worker decides; made where it is
  /// missing.
  SharedGroup& group(std::string_view filter, std::string_view share_name, bool& is_new);
  [[nodiscard]] SharedGroup* find_group(std::string_view filter, std::string_view share_name);
  [[nodiscard]] SharedGroup* group_by_number(std::uint64_t number);
  /// Removes an empty group. Returns whether it was the last of its filter here.
  bool remove_group(SharedGroup& group);

  /// Fills `result` with what matches `topic`. [MQTT-4.7.2-1] [MQTT-3.3.2-3] [MQTT3-3.3.2-3]
  /// [MQTT3-3.8.3-2]
  void match(mqtt::TopicName topic, MatchResult& result) const;

 private:
  /// What stands at a node that has a value.
  struct Subscribers {
    std::vector<Subscription> sessions;
    /// Of other workers and groups; most filters have none.
    struct Elsewhere {
      std::uint64_t workers = 0;
      std::uint64_t group_owners = 0;
      std::uint64_t durable_workers = 0;       // of `workers`; until they want nothing any more
      std::uint64_t durable_group_owners = 0;  // of `group_owners`
      std::vector<std::unique_ptr<SharedGroup>> groups;
    };
    std::unique_ptr<Elsewhere> elsewhere;
    [[nodiscard]] bool is_empty() const { return sessions.empty() && elsewhere == nullptr; }
  };

  Subscribers& subscribers_at(NodeId node);
  Subscribers::Elsewhere& elsewhere_at(NodeId node);
  void release_if_empty(NodeId node);
  void collect(NodeId node, MatchResult& result, unsigned& contributors) const;
  static void join_overlaps(MatchResult& result);

  [[nodiscard]] std::uint64_t number_of(std::string_view filter, std::string_view share_name) const;

  std::uint64_t hash_key_;
  NamespaceId space_;
  TopicTree tree_;
  std::vector<Subscribers> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::unordered_map<std::uint64_t, SharedGroup*> groups_;  // by number
};

}  // namespace peal::broker
