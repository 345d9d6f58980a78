#include "peal/broker/shared_routing.hpp"

#include <algorithm>

#include "peal/broker/publication.hpp"
#include "peal/broker/space.hpp"
#include "peal/broker/worker.hpp"

namespace peal::broker {

namespace {

/// After so many members that could not take a message it is dropped and counted.
constexpr std::uint8_t attempts_limit = 8;

mqtt::TopicFilter checked(const std::string& filter_text) {
  return *mqtt::TopicFilter::parse(filter_text);  // it was parsed when it was subscribed
}

/// One change as a letter.
mail::Interests alone(const mail::Interest& change, WorkerIndex reply_to = {},
                      BarrierId barrier = BarrierId::none) {
  return {.changes = {change}, .reply_to = reply_to, .barrier = barrier};
}

}  // namespace

template <typename Letter>
void SharedRouting::tell(WorkerIndex owner, Letter letter) {
  if (owner == worker_.context().self) {
    receive(letter);
  } else {
    worker_.context().mailbox.send(owner, std::move(letter));
  }
}

mail::Member SharedRouting::member_of(const Session& session) const {
  return {worker_.context().self, session.handle()};
}

WorkerIndex SharedRouting::owner_of(const Session& session, std::string_view filter_text) const {
  const Context& context = worker_.context();
  return home_of(filter_text, session.space().id, context.hash_key, context.worker_count);
}

void SharedRouting::deal(SharedGroup& group, Publication& publication, std::uint8_t attempts,
                         const mail::Member* but) {
  std::vector<mail::Member> tried;
  if (but != nullptr) {
    tried.push_back(*but);
  }
  for (; attempts < attempts_limit; ++attempts) {
    SharedMember* member =
        group.choose(worker_.context().settings.shared_choice, publication.fields().qos, tried);
    if (member == nullptr) {
      break;
    }
    if (give_to(group, *member, publication, attempts)) {
      return;
    }
    tried.push_back(member->at);
  }
  worker_.counters().dropped_shared_no_member.add();
}

bool SharedRouting::give_to(SharedGroup& group, SharedMember& member, Publication& publication,
                            std::uint8_t attempts) {
  const Context& context = worker_.context();
  const GroupRef reference{context.self, group.space(), group.number()};
  const MessageFields& fields = publication.fields();
  const mqtt::QoS qos = std::min(fields.qos, member.qos);  // [MQTT-4.8.2-3]
  const bool retain = fields.retain && member.retain_as_published;
  ++member.in_flight;
  if (member.at.worker != context.self) {
    const bool is_logged = worker_.records().is_logged(qos, group.is_durable());
    context.mailbox.send(
        member.at.worker,
        mail::GroupDeliver{
            .message = publication.message(),
            .group = reference,
            .session = member.at.session,
            .identifier = member.identifier,
            .qos = qos,
            .retain = retain,
            .attempts = attempts,
            .may_wait = !member.is_online,
            .logged = is_logged ? log(member.at.worker, reference, fields) : KeptId::none});
    return true;
  }
  Session* session = worker_.sessions().find(member.at.session);
  const std::span<const std::uint32_t> identifiers{&member.identifier,
                                                   member.identifier != 0 ? 1U : 0U};
  const bool taken =
      session != nullptr &&
      worker_.outbound().deliver(*session, publication, {qos, retain, identifiers, &reference});
  if (!taken) {
    --member.in_flight;
  }
  return taken;
}

bool SharedRouting::join(Session& session, const mqtt::TopicFilter& filter,
                         const mqtt::SubscriptionOptions& options, std::uint32_t identifier,
                         BarrierId barrier) {
  auto& shares = session.extra().shares;
  const auto known = std::ranges::find(shares, filter.text(), &Session::Share::filter);
  const bool is_new = known == shares.end();
  Session::Share share{std::string(filter.text()), options, identifier};
  if (is_new) {
    shares.push_back(share);
  } else {
    *known = share;
  }
  tell(owner_of(session, filter.text()),
       mail::GroupJoin{.filter = share.filter,
                       .space = session.space().id,
                       .member = member_of(session),
                       .qos = options.qos,
                       .retain_as_published = options.retain_as_published,
                       .identifier = identifier,
                       .is_online = session.channel != nullptr,
                       .is_durable = SessionRecords::is_durable(session),
                       .barrier = barrier});
  return is_new;
}

void SharedRouting::receive(const mail::GroupJoin& join) {
  Space& space = worker_.space(join.space);
  const mqtt::TopicFilter filter = checked(join.filter);
  bool is_new = false;
  SharedGroup& group = space.subscriptions.group(filter.filter(), filter.share_name(), is_new);
  group.join({.at = join.member,
              .identifier = join.identifier,
              .qos = join.qos,
              .retain_as_published = join.retain_as_published,
              .is_online = join.is_online});
  if (join.is_durable) {
    group.set_durable();
  }
  if (is_new) {
    space.matches.invalidate(filter.filter());
  }
  announce(join, filter.filter());
}

/// Every worker hears that messages for `filter` are to come here, and answers the joining one.
void SharedRouting::announce(const mail::GroupJoin& join, std::string_view filter) {
  const Context& context = worker_.context();
  const mail::Interest interest{.filter = std::string(filter),
                                .space = join.space,
                                .worker = context.self,
                                .is_group = true,
                                .is_durable = join.is_durable};
  context.mailbox.send_to_others(context.self, context.worker_count,
                                 alone(interest, join.member.worker, join.barrier));
  worker_.subscribing().confirm(join.member.worker, join.barrier);
}

bool SharedRouting::leave(Session& session, std::string_view filter_text, BarrierId barrier) {
  auto& shares = session.extra().shares;
  const auto known = std::ranges::find(shares, filter_text, &Session::Share::filter);
  if (known == shares.end()) {
    return false;
  }
  const mail::GroupLeave letter{known->filter, session.space().id, member_of(session), barrier};
  shares.erase(known);
  tell(owner_of(session, letter.filter), letter);
  return true;
}

void SharedRouting::receive(const mail::GroupLeave& leave) {
  worker_.subscribing().confirm(leave.member.worker, leave.barrier);
  const Context& context = worker_.context();
  Space& space = worker_.space(leave.space);
  const mqtt::TopicFilter filter = checked(leave.filter);
  SharedGroup* group = space.subscriptions.find_group(filter.filter(), filter.share_name());
  if (group == nullptr || !group->leave(leave.member) || !group->is_empty()) {
    return;
  }
  const bool was_last = space.subscriptions.remove_group(*group);
  space.matches.invalidate(filter.filter());
  if (was_last) {
    const mail::Interest interest{.filter = std::string(filter.filter()),
                                  .space = space.id,
                                  .worker = context.self,
                                  .is_wanted = false,
                                  .is_group = true};
    context.mailbox.send_to_others(context.self, context.worker_count, alone(interest));
  }
}

void SharedRouting::leave_all(Session& session) {
  if (session.extra_if_any() == nullptr) {
    return;
  }
  while (!session.extra().shares.empty()) {
    worker_.count_subscription(false);
    leave(session, std::string(session.extra().shares.back().filter), BarrierId::none);
  }
  give_back_all(session);
}

void SharedRouting::set_presence(Session& session, bool is_online) {
  if (session.extra_if_any() == nullptr || session.extra().shares.empty()) {
    return;
  }
  for (const Session::Share& share : session.extra().shares) {
    tell(owner_of(session, share.filter),
         mail::GroupPresence{share.filter, session.space().id, member_of(session), is_online});
  }
  if (!is_online) {
    give_back_all(session);
  }
}

void SharedRouting::receive(const mail::GroupPresence& presence) {
  Space& space = worker_.space(presence.space);
  const mqtt::TopicFilter filter = checked(presence.filter);
  SharedGroup* group = space.subscriptions.find_group(filter.filter(), filter.share_name());
  SharedMember* member = group == nullptr ? nullptr : group->find(presence.member);
  if (member != nullptr) {
    member->is_online = presence.is_online;
  }
}

/// The message goes to `to` on its way to a member: it stands in the journal until it is there,
/// under a name of its own, for it may go there twice (for two groups, or to subscribers besides).
KeptId SharedRouting::log(WorkerIndex to, const GroupRef& group, const MessageFields& message) {
  const Context& context = worker_.context();
  const KeptId logged = context.journal.keep(message);
  context.journal.send(
      {.message = logged, .to = to, .how = {.space = group.space}, .group = group});
  return logged;
}

/// What may still go to another member goes back to the groups; without one it comes back to this
/// session's queue.
void SharedRouting::give_back_all(Session& session) {
  for (const OutgoingMessage& entry : session.outgoing.take_shared()) {
    const OutgoingDetails* details = session.outgoing.details_of(entry);
    give_back({.message = MessageRef::share(entry.message()),
               .group = details->group,
               .member = member_of(session),
               .identifier = details->identifiers.empty() ? 0 : details->identifiers.front(),
               .qos = entry.qos,
               .retain = entry.retain});
    worker_.records().done(session, entry);
    session.outgoing.drop(entry);
    worker_.counters().queued_messages.subtract();
  }
}

void SharedRouting::give_back(mail::GroupReturn letter) {
  const Context& context = worker_.context();
  if (letter.group.owner == context.self) {
    receive(letter);
    return;
  }
  if (worker_.records().is_logged(letter.qos, true)) {
    letter.logged = log(letter.group.owner, letter.group, letter.message->fields());
  }
  const WorkerIndex owner = letter.group.owner;
  context.mailbox.send(owner, std::move(letter));
}

void SharedRouting::receive(const mail::GroupReturn& returned) {
  Space& space = worker_.space(returned.group.space);
  SharedGroup* group = space.subscriptions.group_by_number(returned.group.number);
  if (group == nullptr) {
    keep(returned);
  } else {
    Publication publication(returned.message);
    if (SharedMember* member = group->find(returned.member);
        member != nullptr && member->in_flight > 0) {
      --member->in_flight;
    }
    // A member that only went away may keep it if there is no other; one that refused it may not.
    deal(*group, publication, returned.attempts, returned.is_refused ? &returned.member : nullptr);
  }
  worker_.records().arrived(returned.logged);
}

/// Nobody subscribes any more: who was given the message before it unsubscribed gets it still.
/// [MQTT-3.10.4-3]
void SharedRouting::keep(const mail::GroupReturn& returned) {
  if (returned.is_refused) {
    worker_.counters().dropped_shared_no_member.add();
    return;
  }
  mail::GroupDeliver letter{.message = returned.message,
                            .group = returned.group,
                            .session = returned.member.session,
                            .identifier = returned.identifier,
                            .qos = returned.qos,
                            .retain = returned.retain,
                            .attempts = returned.attempts,
                            .may_wait = true};
  if (returned.logged != KeptId::none) {
    letter.logged = log(returned.member.worker, returned.group, returned.message->fields());
  }
  tell(returned.member.worker, std::move(letter));
}

void SharedRouting::restore(const GroupRef& reference, Publication& publication) {
  Space& space = worker_.space(reference.space);
  if (SharedGroup* group = space.subscriptions.group_by_number(reference.number)) {
    deal(*group, publication);
  } else {
    worker_.counters().dropped_shared_no_member.add();
  }
}

void SharedRouting::receive(const mail::GroupDeliver& delivery) {
  Session* session = worker_.sessions().find(delivery.session);
  Publication publication(delivery.message);
  const std::span<const std::uint32_t> identifiers{&delivery.identifier,
                                                   delivery.identifier != 0 ? 1U : 0U};
  // A member that went while the message was on its way does not keep it from the others.
  const bool went = session != nullptr && session->channel == nullptr && !delivery.may_wait &&
                    delivery.qos != mqtt::QoS::at_most_once;
  const bool is_taken =
      session != nullptr && !went &&
      worker_.outbound().deliver(*session, publication,
                                 {delivery.qos, delivery.retain, identifiers, &delivery.group});
  if (!is_taken) {
    give_back({.message = delivery.message,
               .group = delivery.group,
               .member = {worker_.context().self, delivery.session},
               .identifier = delivery.identifier,
               .qos = delivery.qos,
               .retain = delivery.retain,
               .is_refused = !went,
               .attempts = static_cast<std::uint8_t>(delivery.attempts + (went ? 0 : 1))});
  }
  worker_.records().arrived(delivery.logged);
}

void SharedRouting::done(Session& session, const GroupRef& group) {
  tell(group.owner, mail::GroupDone{group, member_of(session), 1});
}

void SharedRouting::receive(const mail::GroupDone& done) {
  Space& space = worker_.space(done.group.space);
  SharedGroup* group = space.subscriptions.group_by_number(done.group.number);
  SharedMember* member = group == nullptr ? nullptr : group->find(done.member);
  if (member != nullptr) {
    member->in_flight -= std::min(member->in_flight, done.count);
  }
}

}  // namespace peal::broker
