// One event loop's share of the server: its sessions, its subscriptions, its part of the retained
// messages.
//
// Deterministic: everything it learns of the world comes through the ports in Context and through
// these calls, all of them from one thread. The parts below each know one thing and reach each
// other through their worker; no part calls back into one that is at work above it on the stack,
// which is why closing a connection in the middle of routing is put off (`doom`) until `settle`.
//
//     Channel::feed -> handler -> Router -> Outbound -> Connection::send
//
// After every call from outside (`feed` included) the owner calls `settle`; once per iteration
// `advance`.
#pragma once

#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "peal/broker/commits.hpp"
#include "peal/broker/context.hpp"
#include "peal/broker/memory_level.hpp"
#include "peal/broker/outbound.hpp"
#include "peal/broker/retained_delivery.hpp"
#include "peal/broker/router.hpp"
#include "peal/broker/session_keeper.hpp"
#include "peal/broker/session_records.hpp"
#include "peal/broker/session_table.hpp"
#include "peal/broker/shared_routing.hpp"
#include "peal/broker/subscribing.hpp"

namespace peal::broker {

class Channel;
struct Failure;
struct Space;

class Worker {
 public:
  explicit Worker(const Context& context);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Mail from another worker.
  void receive(Mail mail);
  /// Fires timers and goes on with long work, a slice each.
  void advance();
  /// Closes what was doomed, ends what expired, does what has become safe, sends what sessions were
  /// given. Again after a flush when the arena was full.
  void settle();
  /// When `advance` is to be called next at the latest; nothing: not before something happens.
  [[nodiscard]] std::optional<Time> next_due() const;

  /// Publishes as the server itself, without asking for rights.
  void publish(NamespaceId space, const MessageFields& message);
  /// The answer to an exchange that was `pending`.
  void authenticated(AuthTicket ticket, const AuthAnswer& answer);
  /// The Authorizer has other rules, for everybody or for one user: sessions get their rights anew,
  /// those of one user at once, those of all a slice with each `advance`.    cost   O(sessions).
  void rights_changed(const std::optional<std::string>& user = {}) { keeper_.rights_changed(user); }
  /// Ends the connections that are meant, with their wills; the sessions stay.    cost
  /// O(sessions).
  void disconnect(const DisconnectWhom& is_meant, const Failure& why) {
    keeper_.disconnect(is_meant, why);
  }
  /// What `Journal::fetch` asked for.
  void fetched(SessionHandle session, std::span<const Fetched> messages);

  // What a start found, before anything else happens: each on its home worker. Then mail goes
  // round until there is none.
  void restore(RestoredSession session);
  void restore_retained(NamespaceId space, MessageRef message);
  /// Then what was on its way, in the order of its names, to the workers as they were: what was to
  /// be dealt in a group to the group's, the rest to where it was sent. And mail again.
  void restore(const RestoredTransit& transit);

  /// From now on there is that much memory left.
  void set_memory(MemoryLevel level);
  /// Memory has been exhausted for another second: of those who wait to publish, each that owes
  /// acknowledgements is heard up to its next message but one, because they stand behind it and
  /// give memory back.
  void hear_some();

  /// Tells every client that the server stops and closes. [0x8B]
  void stop();

  [[nodiscard]] const Counters& counters() const { return counters_; }

  // For the parts and the handlers.
  [[nodiscard]] const Context& context() const { return context_; }
  [[nodiscard]] Counters& counters() { return counters_; }
  [[nodiscard]] TimerWheel& timers() { return timers_; }
  [[nodiscard]] SessionTable& sessions() { return sessions_; }
  [[nodiscard]] SessionKeeper& keeper() { return keeper_; }
  [[nodiscard]] Router& router() { return router_; }
  [[nodiscard]] Outbound& outbound() { return outbound_; }
  [[nodiscard]] Subscribing& subscribing() { return subscribing_; }
  [[nodiscard]] SessionRecords& records() { return records_; }
  [[nodiscard]] Commits& commits() { return commits_; }
  [[nodiscard]] std::uint32_t next_channel_serial() { return ++last_channel_serial_; }
  [[nodiscard]] MemoryLevel memory() const { return memory_; }
  /// A limit of queues, as it is with so much memory left.
  [[nodiscard]] std::size_t queue_limit(std::size_t limit) const {
    return memory_ == MemoryLevel::enough || limit < 2 ? limit : limit / 2;
  }
  /// `channel` has a message to publish and waits for memory.
  void let_wait(Channel& channel) { waiting_for_memory_.push_back(&channel); }
  /// One subscription more, or less.
  void count_subscription(bool is_more);
  [[nodiscard]] SharedRouting& shared() { return shared_; }
  [[nodiscard]] RetainedDelivery& retained_delivery() { return retained_delivery_; }
  [[nodiscard]] Space& space(NamespaceId id) {
    return id == NamespaceId::default_namespace ? *default_space_ : other_space(id);
  }

  /// Ends `channel` at the next `settle`: for failures found while a message is on its way.
  void doom(Channel& channel, const Failure& failure);
  /// A channel goes; whatever named it forgets it.
  void forget(Channel& channel);
  /// A ticket for `channel`'s exchange.
  [[nodiscard]] AuthTicket issue_ticket(Channel& channel);
  void withdraw_ticket(AuthTicket ticket);

 private:
  [[nodiscard]] Space& other_space(NamespaceId id);

  struct Doomed {
    Channel* channel;
    mqtt::ReasonCode reason;
    std::string_view detail;
  };

  Context context_;
  Counters counters_;
  TimerWheel timers_;
  std::unordered_map<std::uint16_t, std::unique_ptr<Space>> spaces_;
  Space* default_space_;  // in `spaces_`; found once, because every message asks
  SessionTable sessions_;
  SessionRecords records_;
  Commits commits_;
  SessionKeeper keeper_;
  Router router_;
  Outbound outbound_;
  Subscribing subscribing_;
  SharedRouting shared_;
  RetainedDelivery retained_delivery_;
  std::vector<Doomed> doomed_;
  std::vector<Channel*> waiting_for_memory_;
  MemoryLevel memory_ = MemoryLevel::enough;
  std::unordered_map<std::uint64_t, Channel*> tickets_;
  std::uint64_t last_ticket_ = 0;
  std::uint32_t last_channel_serial_ = 0;
  Time retained_sweep_at_{};
};

}  // namespace peal::broker
