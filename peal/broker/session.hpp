// A Session: what the server keeps for one Client Identifier, connected or not. (MQTT 5 §4.1)
//
// It lives on exactly one worker, which owns it through its SessionTable, and is touched by no
// other thread. It holds state and the small rules of that state; what is done with it stands in
// the packet handlers and in Router.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "peal/base/timer_wheel.hpp"
#include "peal/broker/mail.hpp"
#include "peal/broker/outgoing.hpp"
#include "peal/broker/ports/authorizer.hpp"
#include "peal/broker/topic_tree.hpp"
#include "peal/broker/troubles.hpp"

namespace peal::broker {

class Channel;
struct Space;

/// A Session Expiry Interval; `max` stands for "never". (MQTT 5 §3.1.2.11.2)
using ExpiryInterval = std::chrono::duration<std::uint32_t>;

/// The Will Message of a connection, ready to be published. (MQTT 5 §3.1.2.5)
struct WillMessage {
  MessageRef message;
  std::chrono::seconds delay{0};
  /// The Message Expiry Interval, which begins when the will is published.
  std::chrono::seconds expiry{0};
  bool has_expiry = false;
};

class Session {
 public:
  Session(SessionHandle handle, Space& space, std::string client_id, PublisherId publisher);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  [[nodiscard]] const std::string& client_id() const { return client_id_; }
  [[nodiscard]] Space& space() const { return *space_; }
  [[nodiscard]] SessionHandle handle() const { return handle_; }
  [[nodiscard]] PublisherId publisher() const { return publisher_; }

  /// The Network Connection it has now; null while the client is away.
  Channel* channel = nullptr;
  Outgoing outgoing;
  ExpiryInterval expiry_interval{0};
  bool is_listed = false;             // to be pumped at the next `settle`
  bool has_retained_job = false;      // retained messages of a SUBSCRIBE are still on their way
  bool is_fetching = false;           // bytes of its messages are on their way from disk
  StoredId stored = StoredId::none;   // what it is called in the journal, if it is durable
  bool is_receiving_checked = false;  // what it subscribes to is more than it may receive
  Time away_since{};
  std::string user;
  RightsRef rights;  // null: everything

  [[nodiscard]] ClientIdentity identity() const {
    return {client_id_, user, extra_ == nullptr ? std::string_view{} : extra_->grants};
  }
  /// Rights that its client brought with it; see AuthAnswer.
  void set_grants(std::string_view grants) {
    if (extra_ != nullptr || !grants.empty()) {
      extra().grants = grants;
    }
  }
  [[nodiscard]] bool may_publish(mqtt::TopicName topic, bool retain) const {
    return !rights || rights->may_publish(identity(), topic, retain);
  }
  [[nodiscard]] bool may_receive(mqtt::TopicName topic) const {
    return !is_receiving_checked || rights->may_receive(identity(), topic);
  }
  /// Whether it may subscribe; from now on what it receives is checked where that says so.
  [[nodiscard]] bool may_subscribe(const mqtt::TopicFilter& filter);
  /// What it subscribed to under other rights is checked from now on.
  void set_rights(RightsRef now);

  /// Where its subscriptions stand in the index, shared ones apart.
  std::vector<NodeId> subscriptions;

  /// A shared subscription, with its options; the group itself is with the worker that decides it.
  struct Share {
    std::string filter;  // "$share/NAME/FILTER"
    mqtt::SubscriptionOptions options;
    std::uint32_t identifier = 0;
  };

  /// What most sessions never have; made when first needed.
  struct Extra {
    std::vector<Share> shares;
    std::vector<std::uint16_t> unreleased;  // QoS 2 received, PUBREL awaited; sorted
    WillMessage will;
    std::string grants;
    std::unique_ptr<Troubles> troubles;
  };
  [[nodiscard]] Extra& extra() {
    if (extra_ == nullptr) {
      extra_ = std::make_unique<Extra>();
    }
    return *extra_;
  }
  /// Something went wrong for it, with that topic or filter.
  void note(Trouble trouble, std::string_view what, std::uint64_t times = 1);
  [[nodiscard]] const Extra* extra_if_any() const { return extra_.get(); }

  /// Timers that run while the client is away; the table makes and removes them.
  struct Absence;
  std::unique_ptr<Absence> absence;

  [[nodiscard]] std::size_t subscription_count() const {
    return subscriptions.size() + (extra_ == nullptr ? 0 : extra_->shares.size());
  }
  [[nodiscard]] bool has_will() const { return extra_ != nullptr && extra_->will.message; }

  /// Whether a QoS 2 message with that identifier came and was not released yet. [MQTT-4.3.3-10]
  [[nodiscard]] bool is_unreleased(mqtt::PacketId id) const;
  void add_unreleased(mqtt::PacketId id);
  /// Whether it was there. [MQTT-4.3.3-11]
  bool release(mqtt::PacketId id);
  [[nodiscard]] std::size_t unreleased_count() const {
    return extra_ == nullptr ? 0 : extra_->unreleased.size();
  }

 private:
  std::string client_id_;
  Space* space_;
  PublisherId publisher_;
  SessionHandle handle_;
  std::unique_ptr<Extra> extra_;
};

}  // namespace peal::broker
