#include "peal/broker/subscribing.hpp"

#include <algorithm>

#include "peal/broker/channel.hpp"
#include "peal/broker/commits.hpp"
#include "peal/broker/send_packet.hpp"
#include "peal/broker/space.hpp"
#include "peal/broker/worker.hpp"

namespace peal::broker {

BarrierId Subscribing::begin() {
  const auto barrier =
      static_cast<BarrierId>(++last_barrier_ == 0 ? ++last_barrier_ : last_barrier_);
  pending_.try_emplace(static_cast<std::uint32_t>(barrier));
  return barrier;
}

bool Subscribing::add(Session& session, const mqtt::TopicFilter& filter,
                      const mqtt::SubscriptionOptions& options, std::uint32_t identifier,
                      BarrierId barrier) {
  worker_.records().subscribed(session, filter, options, identifier);
  if (filter.is_shared()) {  // the deciding worker and all that it tells
    pending_[static_cast<std::uint32_t>(barrier)].awaited += worker_.context().worker_count;
  }
  return add_here(session, filter, options, identifier, barrier);
}

bool Subscribing::add_here(Session& session, const mqtt::TopicFilter& filter,
                           const mqtt::SubscriptionOptions& options, std::uint32_t identifier,
                           BarrierId barrier) {
  if (filter.is_shared()) {
    const bool is_new = worker_.shared().join(session, filter, options, identifier, barrier);
    if (is_new) {
      worker_.count_subscription(true);
    }
    return is_new;
  }
  Space& space = session.space();
  const auto added = space.subscriptions.add(filter.filter(),
                                             {.session = &session,
                                              .identifier = identifier,
                                              .qos = options.qos,
                                              .no_local = options.no_local,
                                              .retain_as_published = options.retain_as_published});
  space.matches.invalidate(filter.filter());
  if (added.is_new) {
    session.subscriptions.push_back(added.node);
    worker_.count_subscription(true);
  }
  if (worker_.context().worker_count > 1) {
    note({.filter = std::string(filter.filter()),
          .space = space.id,
          .is_durable = SessionRecords::is_durable(session)});
    asks_retained_ |= options.retain_handling != mqtt::RetainHandling::do_not_send;
  }
  return added.is_new;
}

void Subscribing::restore(Session& session, std::span<const StoredSubscription> subscriptions) {
  for (const StoredSubscription& subscription : subscriptions) {
    const auto filter = mqtt::TopicFilter::parse(subscription.filter);
    if (filter) {
      (void)add_here(session, *filter, subscription.options, subscription.identifier,
                     BarrierId::none);
    }
  }
  announce(BarrierId::none);
}

void Subscribing::note(mail::Interest change) {
  change.worker = worker_.context().self;
  changes_.push_back(std::move(change));
}

/// Tells every other worker what was noted, in one letter: a client may change thousands of filters
/// with one packet, and whose messages come behind must not wait for as many letters.
void Subscribing::announce(BarrierId barrier) {
  if (changes_.empty()) {
    return;
  }
  const Context& context = worker_.context();
  // Also when somebody here wanted the filters before: that announcement may still be on its way.
  const bool is_awaited =
      barrier != BarrierId::none && std::ranges::any_of(changes_, &mail::Interest::is_wanted);
  if (is_awaited) {
    pending_[static_cast<std::uint32_t>(barrier)].awaited += context.worker_count - 1;
  }
  context.mailbox.send_to_others(
      context.self, context.worker_count,
      mail::Interests{.changes = std::exchange(changes_, {}),
                      .asks_retained = std::exchange(asks_retained_, false),
                      .reply_to = context.self,
                      .barrier = is_awaited ? barrier : BarrierId::none});
}

void Subscribing::finish(Channel& channel, Request request, BarrierId barrier) {
  announce(barrier);
  Pending& pending = pending_[static_cast<std::uint32_t>(barrier)];
  pending.channel = &channel;
  pending.request = std::move(request);
  pending.is_finished = true;
  if (SessionRecords::is_durable(channel.session())) {
    ++pending.awaited;
    worker_.commits().when_safe(after_commit::Subscribed{barrier});
  }
  if (!pending.request.wishes.empty()) {
    worker_.retained_delivery().expect(channel.session());
  }
  complete_if_known(barrier);
}

void Subscribing::confirm(WorkerIndex worker, BarrierId barrier, bool asks_retained) {
  if (barrier == BarrierId::none) {
    return;
  }
  mail::Known known{.barrier = barrier, .from = worker_.context().self};
  if (asks_retained) {
    known.kept_by = worker_.retained_delivery().sent();
  }
  if (worker == worker_.context().self) {
    receive(known);
  } else {
    worker_.context().mailbox.send(worker, std::move(known));
  }
}

void Subscribing::receive(const mail::Known& known) {
  const auto found = pending_.find(static_cast<std::uint32_t>(known.barrier));
  if (found != pending_.end()) {
    Pending& pending = found->second;
    --pending.awaited;
    if (!known.kept_by.empty()) {
      pending.fences.resize(worker_.context().worker_count);
      pending.fences[static_cast<unsigned>(known.from)] = known.kept_by;
    }
    complete_if_known(known.barrier);
  }
}

void Subscribing::collected(BarrierId barrier) {
  --pending_.find(static_cast<std::uint32_t>(barrier))->second.awaited;
  complete_if_known(barrier);
}

void Subscribing::stored(BarrierId barrier) { collected(barrier); }

bool Subscribing::Pending::has_client() const {
  return channel != nullptr && channel->state() == ChannelState::connected;
}

void Subscribing::complete_if_known(BarrierId barrier) {
  const auto found = pending_.find(static_cast<std::uint32_t>(barrier));
  Pending& pending = found->second;
  if (pending.awaited > 0 || !pending.is_finished) {
    return;
  }
  if (!std::exchange(pending.is_collecting, true) && pending.has_client() &&
      pending.channel->has_session() && !pending.request.wishes.empty()) {
    pending.awaited = worker_.retained_delivery().collect(
        pending.channel->session(), std::move(pending.request.wishes), pending.fences, barrier);
    if (pending.awaited > 0) {
      return;
    }
  }
  Pending completed = std::move(pending);
  pending_.erase(found);
  if (completed.has_client()) {
    complete(completed, barrier);
  }
}

void Subscribing::complete(Pending& pending, BarrierId barrier) {
  Channel& channel = *pending.channel;
  Request& request = pending.request;
  // [MQTT-3.8.4-1] [MQTT-3.8.4-2] [MQTT-3.8.4-5] [MQTT-2.2.1-6] [MQTT3-3.8.4-1] [MQTT3-3.8.4-2]
  // [MQTT3-2.3.1-7]
  channel.send_packet(mqtt::Suback{.type = request.answer,
                                   .packet_id = request.packet_id,
                                   .properties = {},
                                   .reason_codes = request.reason_codes});
  if (channel.has_session()) {
    worker_.retained_delivery().start(channel.session(), barrier);
  }
}

bool Subscribing::has(const Session& session, const mqtt::TopicFilter& filter) const {
  if (filter.is_shared()) {
    const Session::Extra* extra = session.extra_if_any();
    return extra != nullptr && std::ranges::find(extra->shares, filter.text(),
                                                 &Session::Share::filter) != extra->shares.end();
  }
  const SubscriptionIndex& index = session.space().subscriptions;
  return index.subscription_of(index.find(filter.filter()), session) != nullptr;
}

bool Subscribing::remove(Session& session, const mqtt::TopicFilter& filter, BarrierId barrier) {
  worker_.retained_delivery().cancel(session, filter.text());
  if (filter.is_shared()) {
    if (!has(session, filter)) {
      return false;
    }
    // The deciding worker may have dealt messages to the session that are on their way: they come
    // before its answer.
    ++pending_[static_cast<std::uint32_t>(barrier)].awaited;
    worker_.records().unsubscribed(session, filter);
    worker_.shared().leave(session, filter.text(), barrier);
    worker_.count_subscription(false);
    return true;
  }
  Space& space = session.space();
  const NodeId node = space.subscriptions.find(filter.filter());
  if (space.subscriptions.subscription_of(node, session) == nullptr) {
    return false;
  }
  worker_.records().unsubscribed(session, filter);
  removed(space, node, session);
  std::erase(session.subscriptions, node);
  return true;
}

void Subscribing::removed(Space& space, NodeId node, Session& session) {
  const std::string filter = space.subscriptions.filter_of(node);
  const auto outcome = space.subscriptions.remove(node, session);
  space.matches.invalidate(filter);
  worker_.count_subscription(false);
  if (outcome.was_last_here && worker_.context().worker_count > 1) {
    note({.filter = filter, .space = space.id, .is_wanted = false});
  }
}

void Subscribing::remove_all(Session& session) {
  for (const NodeId node : session.subscriptions) {
    removed(session.space(), node, session);
  }
  session.subscriptions.clear();
  announce(BarrierId::none);
}

void Subscribing::review_rights(Session& session) const {
  // What waits may have come by a subscription that is no more.
  if (!session.is_receiving_checked || session.outgoing.waiting_count() > 0) {
    return;
  }
  const auto may_receive_all = [&](std::string_view text) {
    const auto filter = mqtt::TopicFilter::parse(text);
    return filter &&
           session.rights->may_subscribe(session.identity(), *filter) == SubscribeRight::all;
  };
  const SubscriptionIndex& index = session.space().subscriptions;
  const bool may_all =
      std::ranges::all_of(session.subscriptions,
                          [&](NodeId node) { return may_receive_all(index.filter_of(node)); }) &&
      (session.extra_if_any() == nullptr ||
       std::ranges::all_of(session.extra_if_any()->shares, may_receive_all,
                           &Session::Share::filter));
  session.is_receiving_checked = !may_all;
}

void Subscribing::receive(const mail::Interests& letter) {
  for (const mail::Interest& change : letter.changes) {
    Space& space = worker_.space(change.space);
    space.subscriptions.set_interest(change);
    space.matches.invalidate(change.filter);
  }
  confirm(letter.reply_to, letter.barrier, letter.asks_retained);
}

void Subscribing::forget(const Channel& channel) {
  for (auto& [barrier, pending] : pending_) {
    if (pending.channel == &channel) {
      pending.channel = nullptr;
    }
  }
}

}  // namespace peal::broker
