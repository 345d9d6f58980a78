// Subscriptions coming and going: in this worker's index, and in what the other workers know of it.
//
// With several workers a SUBACK waits until every one of them has taken note, so that a client that
// has its SUBACK misses nothing published anywhere afterwards, and then until the retained messages
// are collected, so that it gets nothing of that twice. With one worker nothing waits.
#pragma once

#include <unordered_map>
#include <vector>

#include "peal/broker/mail.hpp"
#include "peal/broker/retained_delivery.hpp"
#include "peal/broker/session.hpp"
#include "peal/mqtt/packets.hpp"

namespace peal::broker {

class Channel;
class Worker;

class Subscribing {
 public:
  explicit Subscribing(Worker& worker) : worker_(worker) {}

  /// A SUBSCRIBE whose filters were all checked: what its SUBACK will say, and which retained
  /// messages follow.
  struct Request {
    mqtt::PacketType answer = mqtt::PacketType::suback;
    mqtt::PacketId packet_id = mqtt::PacketId::none;
    std::vector<std::uint8_t> reason_codes;
    std::vector<RetainedWish> wishes;
  };

  /// Begins a SUBSCRIBE: `add` its filters, then `finish`.
  [[nodiscard]] BarrierId begin();
  /// Adds or replaces one subscription. Returns whether it is new.
  bool add(Session& session, const mqtt::TopicFilter& filter,
           const mqtt::SubscriptionOptions& options, std::uint32_t identifier, BarrierId barrier);
  /// Sends the SUBACK and starts the retained messages, at once or when every worker knows.
  void finish(Channel& channel, Request request, BarrierId barrier);

  /// Subscriptions that a start found: known to all once mail has gone round.
  void restore(Session& session, std::span<const StoredSubscription> subscriptions);

  /// Whether the session is subscribed to exactly that filter.
  [[nodiscard]] bool has(const Session& session, const mqtt::TopicFilter& filter) const;
  /// Returns whether there was such a subscription. [MQTT-3.10.4-1]
  bool remove(Session& session, const mqtt::TopicFilter& filter, BarrierId barrier);
  /// All ordinary subscriptions of a session that ends.
  void remove_all(Session& session);
  /// The session has other rights: checks from now on what it receives only where it subscribes to
  /// more than it may receive.    cost   O(its subscriptions).
  void review_rights(Session& session) const;

  /// Answers `barrier` of `worker`, which may be this one.
  void confirm(WorkerIndex worker, BarrierId barrier, bool asks_retained = false);
  void receive(const mail::Interests& letter);
  void receive(const mail::Known& known);
  /// One of the answers that `RetainedDelivery::collect` announced has come.
  void collected(BarrierId barrier);
  /// What the barrier's packet changed is safe in the journal.
  void stored(BarrierId barrier);

  /// The channel is gone: its SUBACKs are not sent.
  void forget(const Channel& channel);

 private:
  struct Pending {
    Channel* channel = nullptr;
    Request request;
    unsigned awaited = 0;
    bool is_finished = false;    // `finish` was called
    bool is_collecting = false;  // every worker knows: `awaited` counts retained messages' answers
    RetainedDelivery::Fences fences;

    [[nodiscard]] bool has_client() const;
  };
  void complete_if_known(BarrierId barrier);
  void complete(Pending& pending, BarrierId barrier);
  bool add_here(Session& session, const mqtt::TopicFilter& filter,
                const mqtt::SubscriptionOptions& options, std::uint32_t identifier,
                BarrierId barrier);
  void note(mail::Interest change);
  void announce(BarrierId barrier);
  void removed(Space& space, NodeId node, Session& session);

  Worker& worker_;
  std::unordered_map<std::uint32_t, Pending> pending_;
  /// What the packet at work changed so far, for the other workers.
  std::vector<mail::Interest> changes_;
  bool asks_retained_ = false;
  std::uint32_t last_barrier_ = 0;
};

}  // namespace peal::broker
