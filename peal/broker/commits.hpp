// What waits until it is safe: acknowledgements, SUBACKs, CONNACKs and QoS 2 deliveries, each
// behind the place in the journal that it rests on, in the order in which it was asked for.
//
// With several workers a message's safety may rest on others too: on those that queue it for their
// sessions or keep it as retained, and behind a shared subscription on the member's worker. Each
// confirms to the sender how many of its messages are safe; an acknowledgement waits for as many as
// had been sent. Three queues keep this free of circles: what members confirm waits for their own
// journal only, what receivers confirm for that and for members, what clients are told for both.
//
// Without a durable journal nothing waits. Owned by its Worker, used on its thread.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <variant>
#include <vector>

#include "peal/broker/mail.hpp"
#include "peal/broker/ports/journal.hpp"
#include "peal/mqtt/packets.hpp"

namespace peal::broker {

class Channel;
class Session;
class Worker;

/// A Network Connection that may be gone by then.
struct ChannelRef {
  SessionHandle session;
  std::uint32_t serial = 0;
};

namespace after_commit {

/// PUBACK, PUBREC, PUBREL or PUBCOMP.
struct Answer {
  ChannelRef to;
  mqtt::PacketType type{};
  mqtt::PacketId packet_id{};
  mqtt::ReasonCode reason{};
  std::uint8_t rounds = 1;  // how often that much is waited for
};
/// A QoS 2 message that others have safely: its identifier is stored, and then it is acknowledged.
struct Store {
  ChannelRef from;
  mqtt::PacketId packet_id{};
  mqtt::ReasonCode reason{};
};
/// A QoS 2 message whose identifier towards the client is stored: it is sent.
struct Send {
  ChannelRef to;
  mqtt::PacketId packet_id{};
  bool dup = false;
};
struct Connack {
  ChannelRef to;
};
/// A SUBSCRIBE or UNSUBSCRIBE.
struct Subscribed {
  BarrierId barrier{};
};
/// Tells `to` how many of its messages are safe.
struct Confirm {
  WorkerIndex to{};
  mail::Safe safe;
};

}  // namespace after_commit

using AfterCommit =
    std::variant<after_commit::Answer, after_commit::Store, after_commit::Send,
                 after_commit::Connack, after_commit::Subscribed, after_commit::Confirm>;

class Commits {
 public:
  explicit Commits(Worker& worker);

  /// Does `what` once everything written and sent until now is safe: at once if it is.
  void when_safe(const AfterCommit& what);

  /// A QoS 1 or 2 message goes to another worker, or came from one.
  void note_sent(WorkerIndex to, mail::Stage stage);
  void note_received(WorkerIndex from, mail::Stage stage);
  void receive(const mail::Safe& safe);
  /// Whether anything sent to other workers is not known to be safe there.
  [[nodiscard]] bool rests_on_others() const;

  /// A message that others had answered for goes to another member: what waits, waits for it too.
  void note_dealt_again() { was_dealt_again_ = true; }

  /// End of the iteration: confirms what came. Does what has become safe.
  void settle();

  /// Whether anything waits; then input that is not urgent may wait too.
  [[nodiscard]] std::size_t waiting_count() const { return queues_.back().size(); }

 private:
  using Counts = std::vector<std::uint64_t>;  // by worker

  /// What has to be safe.
  struct Need {
    JournalPosition position{};
    // How many messages of each stage the others have to have confirmed; null: of none.
    std::unique_ptr<std::array<Counts, 2>> others;
  };
  struct Waiting {
    Need need;
    AfterCommit what;
  };
  /// One stage's messages between this worker and each other one.
  struct Traffic {
    Counts sent;
    Counts confirmed;
    Counts received;
    Counts told;  // of those received: up to where a confirmation waits or went
    bool has_news = false;
  };

  [[nodiscard]] Need need_now(std::size_t stages) const;
  [[nodiscard]] bool is_met(const Need& need) const;
  void wait(std::size_t queue, std::size_t stages, const AfterCommit& what);
  void confirm(mail::Stage stage);
  void need_members_too(std::deque<Waiting>& queue);
  bool run(std::deque<Waiting>& queue);
  void act(const AfterCommit& what);
  [[nodiscard]] Channel* find(const ChannelRef& channel) const;

  void act(const after_commit::Answer& answer);
  void act(const after_commit::Store& store);
  void act(const after_commit::Send& send);
  void act(const after_commit::Connack& connack);
  void act(const after_commit::Subscribed& subscribed);
  void act(const after_commit::Confirm& confirm);

  Worker& worker_;
  bool was_dealt_again_ = false;
  std::array<Traffic, 2> traffic_;             // by mail::Stage
  std::array<std::deque<Waiting>, 3> queues_;  // members' confirmations, receivers', clients'
};

}  // namespace peal::broker
