// Sends the retained messages that a SUBSCRIBE asks for, a slice at a time: a subscriber to "#"
// over a million topics takes as much per turn as its socket and its window do, and nobody waits
// for it. (MQTT 5 §3.3.1.3, §3.8.3.1)
//
// The messages are collected once, from the worker that keeps each (all of them for a filter with
// wildcards), before the SUBACK goes out: what is published after a SUBACK comes to the client as
// that message only, never as the topic's retained message too. [MQTT3-3.3.1-9] A topic that is
// published anew while its retained message still waits is left out: the client has the newer one.
// One whose publisher may not publish it any more is left out, too (retained.check_publisher).
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "peal/broker/mail.hpp"
#include "peal/broker/message.hpp"
#include "peal/mqtt/packets.hpp"

namespace peal::broker {

class Session;
class Worker;

/// One filter of a SUBSCRIBE whose retained messages are to be sent, with its own Subscription
/// Identifier. [MQTT-3.3.4-5]
struct RetainedWish {
  std::string filter;
  mqtt::SubscriptionOptions options;
  std::uint32_t identifier = 0;
};

class RetainedDelivery {
 public:
  explicit RetainedDelivery(Worker& worker);

  /// A SUBSCRIBE with wishes is not answered yet: from now on newer messages are noted.
  void expect(Session& session);
  /// By worker: how many retained messages it had sent to each worker when it answered the barrier.
  using Fences = std::vector<std::vector<std::uint64_t>>;
  /// Every worker knows of the subscriptions: what `expect` announced is collected.
  /// returns   how many answers of other workers `barrier` has to wait for
  ///           (`Subscribing::collected`) before `start`.
  [[nodiscard]] unsigned collect(Session& session, std::vector<RetainedWish> wishes,
                                 const Fences& fences, BarrierId barrier);
  /// The SUBSCRIBE of `barrier` was answered: its retained messages follow.
  void start(Session& session, BarrierId barrier);
  /// Sends on, as far as the client takes it.
  void go_on(Session& session);
  /// The next slice for those who used up their last one.
  void run();
  [[nodiscard]] bool is_due() const { return !due_.empty(); }

  /// Whether retained messages for the session are on their way, and not just being sent.
  [[nodiscard]] bool has_job(const Session& session) const;
  /// The session was sent a newer message of `topic`.
  void note_live(const Session& session, mqtt::TopicName topic);
  /// The subscription is gone: nothing more is sent for it. [MQTT-3.10.4-2]
  void cancel(const Session& session, std::string_view filter);
  /// The client went: what it was to get with QoS 1 or 2 is queued, the rest dropped.
  void leave(Session& session);
  /// What publishers may do is asked for anew.
  void rights_changed() { publisher_asked_ = {}; }
  /// The session ends.
  void forget(Session& session);

  void receive(const mail::RetainedRequest& request);
  void receive(mail::RetainedReply& reply);

  /// A retained message goes to the worker that keeps it, or came from another one.
  void note_sent(WorkerIndex to) { ++sent_[static_cast<unsigned>(to)]; }
  void note_arrived(WorkerIndex from);
  [[nodiscard]] const std::vector<std::uint64_t>& sent() const { return sent_; }

 private:
  struct Job {
    std::uint32_t number = 0;
    RetainedWish wish;
    RetainedList messages;
    bool is_collected = false;
    bool is_cancelled = false;
    BarrierId answered_first = BarrierId::none;  // its SUBACK is to be sent before
  };
  /// The answers that a job waits for. They are counted even when nobody wants them any more.
  struct Collection {
    std::uint32_t slot = 0;
    BarrierId barrier{};
    unsigned replies_awaited = 0;
  };
  struct Queue {
    SessionHandle session;
    std::deque<Job> jobs;
    std::unordered_set<std::uint64_t> newer;  // hashes of topics published meanwhile
    unsigned starts_awaited = 0;
    bool is_running = false;
    bool is_due = false;  // `due_` names it
  };
  enum class Slice : std::uint8_t { finished, blocked, used_up };

  unsigned collect(const Session& session, Job& job, const Fences& fences);
  void add(mail::RetainedReply& reply, const Collection& collection);
  [[nodiscard]] bool has_arrived(const mail::RetainedRequest& request) const;
  void answer(const mail::RetainedRequest& request);
  void keep_for_later(Session& session, Queue& queue);
  [[nodiscard]] Slice send_slice(Session& session, Queue& queue, std::size_t& bytes_left);
  void send(Session& session, const Queue& queue, const Job& job, const Retained& retained);
  [[nodiscard]] bool is_withdrawn(const Retained& retained);
  [[nodiscard]] std::uint64_t hash_of(mqtt::TopicName topic) const;

  Worker& worker_;
  std::unordered_map<std::uint32_t, Queue> queues_;            // by session slot
  std::unordered_map<std::uint32_t, Collection> collections_;  // by number of the job
  std::vector<SessionHandle> due_;
  std::vector<std::uint64_t> sent_;               // to each worker, to keep
  std::vector<std::uint64_t> arrived_;            // from each worker, to keep
  std::vector<mail::RetainedRequest> too_early_;  // wait for what is on its way here
  std::uint32_t last_job_ = 0;
  // Whose rights were asked for last: often the next message is of the same one.
  PublisherRef publisher_asked_;
  RightsRef publisher_rights_;
};

}  // namespace peal::broker
