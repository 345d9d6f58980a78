// Shared subscriptions across workers: joins and leaves groups for the sessions here, and deals
// messages out for the groups that this worker decides. (MQTT 5 §4.8.2)
//
// A group belongs to the worker that its filter's text hashes to. A message that a member cannot
// take any more (gone, full) comes back to its group and goes to another member; QoS 2 that was
// begun with a member stays with it.
#pragma once

#include "peal/broker/mail.hpp"
#include "peal/broker/outgoing.hpp"
#include "peal/broker/session.hpp"
#include "peal/broker/subscription_index.hpp"

namespace peal::broker {

class Publication;
class Worker;

class SharedRouting {
 public:
  explicit SharedRouting(Worker& worker) : worker_(worker) {}

  /// Gives one message to one member of `group`, which this worker decides.
  void deal(SharedGroup& group, Publication& publication, std::uint8_t attempts = 0,
            const mail::Member* but = nullptr);

  /// The session subscribes or changes its options; every worker answers `barrier` once it knows.
  /// returns   whether the subscription is new.
  bool join(Session& session, const mqtt::TopicFilter& filter,
            const mqtt::SubscriptionOptions& options, std::uint32_t identifier, BarrierId barrier);
  /// The deciding worker answers `barrier` once it deals nothing more to the session.
  /// returns   whether there was such a subscription.
  bool leave(Session& session, std::string_view filter_text, BarrierId barrier);
  /// The session ends: its messages go to other members. [MQTT-4.8.2-5]
  void leave_all(Session& session);
  /// The session's client connected or went.
  void set_presence(Session& session, bool is_online);

  /// A message dealt to `session` is finished.
  void done(Session& session, const GroupRef& group);

  /// A start found that the message was on its way to a member of the group.
  void restore(const GroupRef& reference, Publication& publication);

  void receive(const mail::GroupJoin& join);
  void receive(const mail::GroupLeave& leave);
  void receive(const mail::GroupPresence& presence);
  void receive(const mail::GroupDeliver& delivery);
  void receive(const mail::GroupDone& done);
  void receive(const mail::GroupReturn& returned);

 private:
  [[nodiscard]] mail::Member member_of(const Session& session) const;
  [[nodiscard]] WorkerIndex owner_of(const Session& session, std::string_view filter_text) const;
  bool give_to(SharedGroup& group, SharedMember& member, Publication& publication,
               std::uint8_t attempts);
  void give_back_all(Session& session);
  void give_back(mail::GroupReturn letter);
  void announce(const mail::GroupJoin& join, std::string_view filter);
  void keep(const mail::GroupReturn& returned);
  [[nodiscard]] KeptId log(WorkerIndex to, const GroupRef& group, const MessageFields& message);
  /// To the owner of a group: through its mailbox, or directly when that is this worker.
  template <typename Letter>
  void tell(WorkerIndex owner, Letter letter);

  Worker& worker_;
};

}  // namespace peal::broker
