// What waits until it is safe: acknowledgements, SUBACKs, CONNACKs and QoS 2 deliveries, each
// behind the place in this worker's journal that it rests on, in the order in which it was asked
// for. What a message does on other workers is safe with that place, too: it stands in the journal
// as on its way (`Journal::send`) until they have written down what they did with it.
//
// Without a durable journal nothing waits. Owned by its Worker, used on its thread.
#pragma once

#include <deque>
#include <variant>

#include "peal/broker/mail.hpp"
#include "peal/broker/ports/journal.hpp"
#include "peal/mqtt/packets.hpp"

namespace peal::broker {

class Channel;
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

}  // namespace after_commit

using AfterCommit = std::variant<after_commit::Answer, after_commit::Send, after_commit::Connack,
                                 after_commit::Subscribed>;

class Commits {
 public:
  explicit Commits(Worker& worker) : worker_(worker) {}

  /// Does `what` once everything written until now is safe: at once if it is.
  void when_safe(const AfterCommit& what);

  /// Does what has become safe.
  void settle();
  /// Whether there is any.
  [[nodiscard]] bool is_due() const;

 private:
  struct Waiting {
    JournalPosition position{};
    AfterCommit what;
  };

  void act(const AfterCommit& what);
  [[nodiscard]] Channel* find(const ChannelRef& channel) const;

  void act(const after_commit::Answer& answer);
  void act(const after_commit::Send& send);
  void act(const after_commit::Connack& connack);
  void act(const after_commit::Subscribed& subscribed);

  Worker& worker_;
  std::deque<Waiting> waiting_;
};

}  // namespace peal::broker
