#include "peal/broker/worker.hpp"

#include <algorithm>
#include <utility>

#include "peal/broker/channel.hpp"
#include "peal/broker/publication.hpp"
#include "peal/broker/space.hpp"

namespace peal::broker {

namespace {

/// How often expired retained messages are looked for. (Nobody is sent one in between.)
constexpr Duration retained_sweep_interval{1000};

}  // namespace

Worker::Worker(const Context& context)
    : context_(context),
      timers_(context.clock.now()),
      default_space_(&other_space(NamespaceId::default_namespace)),
      sessions_(context.hash_key),
      records_(*this),
      commits_(*this),
      keeper_(*this),
      router_(*this),
      outbound_(*this),
      subscribing_(*this),
      shared_(*this),
      retained_delivery_(*this) {}

Worker::~Worker() = default;

Space& Worker::other_space(NamespaceId id) {
  auto& place = spaces_[static_cast<std::uint16_t>(id)];
  if (place == nullptr) {
    place = std::make_unique<Space>(id, context_.hash_key);
  }
  return *place;
}

namespace {

/// Hands each kind of mail to the part that knows it.
struct Sorting {
  Worker& worker;
  void operator()(const mail::Publish& letter) const { worker.router().receive(letter); }
  void operator()(const mail::Interests& letter) const { worker.subscribing().receive(letter); }
  void operator()(const mail::Known& letter) const { worker.subscribing().receive(letter); }
  void operator()(const mail::RetainedRequest& letter) const {
    worker.retained_delivery().receive(letter);
  }
  void operator()(mail::RetainedReply& letter) const { worker.retained_delivery().receive(letter); }
  template <typename GroupLetter>
  void operator()(const GroupLetter& letter) const {
    worker.shared().receive(letter);
  }
};

}  // namespace

void Worker::receive(Mail mail) { std::visit(Sorting{*this}, mail); }

void Worker::advance() {
  const Time now = context_.clock.now();
  timers_.advance(now);
  retained_delivery_.run();
  keeper_.go_on();
  if (now >= retained_sweep_at_) {
    retained_sweep_at_ = now + retained_sweep_interval;
    for (const auto& [id, space] : spaces_) {
      router_.sweep_retained(*space);
    }
  }
}

std::optional<Time> Worker::next_due() const {
  if (retained_delivery_.is_due() || commits_.is_due() || keeper_.is_due()) {
    return context_.clock.now();
  }
  return timers_.next_due();
}

void Worker::settle() {
  // Closing one may doom others (its will overflows a queue), so until nobody is left.
  do {
    for (const Doomed& doomed : std::exchange(doomed_, {})) {
      if (doomed.channel != nullptr) {
        doomed.channel->fail({doomed.reason, doomed.detail});
      }
    }
    keeper_.settle();
    commits_.settle();
  } while (!doomed_.empty());
  outbound_.pump_listed();
}

void Worker::doom(Channel& channel, const Failure& failure) {
  if (channel.become_doomed()) {
    doomed_.push_back({&channel, failure.reason, failure.detail});
  }
}

void Worker::forget(Channel& channel) {
  for (Doomed& doomed : doomed_) {
    if (doomed.channel == &channel) {
      doomed.channel = nullptr;
    }
  }
  subscribing_.forget(channel);
  if (channel.waits_for_memory()) {
    std::erase(waiting_for_memory_, &channel);
  }
}

void Worker::set_memory(MemoryLevel level) {
  memory_ = level;
  if (level == MemoryLevel::exhausted) {
    return;
  }
  for (Channel* channel : std::exchange(waiting_for_memory_, {})) {
    channel->hear_again();
  }
}

void Worker::hear_some() {
  std::erase_if(waiting_for_memory_, [](Channel* channel) {
    const bool owes = channel->has_session() && channel->session().outgoing.outstanding() > 0;
    if (owes) {
      channel->hear_one();
    }
    return owes;
  });
}

void Worker::count_subscription(bool is_more) {
  counters_.subscriptions.add(is_more ? 1 : ~std::uint64_t{0});
  context_.totals.subscriptions.fetch_add(is_more ? 1 : ~std::size_t{0}, std::memory_order_relaxed);
}

AuthTicket Worker::issue_ticket(Channel& channel) {
  tickets_[++last_ticket_] = &channel;
  return static_cast<AuthTicket>(last_ticket_);
}

void Worker::withdraw_ticket(AuthTicket ticket) {
  if (tickets_.erase(static_cast<std::uint64_t>(ticket)) > 0) {
    context_.authenticator.forget(ticket);
  }
}

void Worker::authenticated(AuthTicket ticket, const AuthAnswer& answer) {
  const auto found = tickets_.find(static_cast<std::uint64_t>(ticket));
  if (found != tickets_.end()) {
    found->second->authenticated(answer);
  }
}

void Worker::publish(NamespaceId id, const MessageFields& message) {
  Publication publication(message);
  router_.route(space(id), publication);
}

void Worker::fetched(SessionHandle handle, std::span<const Fetched> messages) {
  if (Session* session = sessions_.find(handle)) {
    outbound_.fetched(*session, messages);
  }
}

void Worker::restore(RestoredSession restored) {
  const auto subscriptions = std::move(restored.subscriptions);
  Session& session = keeper_.restore(std::move(restored));
  subscribing_.restore(session, subscriptions);
  session.set_rights(context_.authorizer.rights_of(session.identity()));
}

void Worker::restore_retained(NamespaceId id, MessageRef message) {
  router_.restore(space(id), std::move(message));
}

void Worker::restore(const RestoredTransit& restored) {
  const StoredTransit& transit = restored.transit;
  Publication publication(restored.message);
  if (transit.group.number != 0) {
    shared_.restore(transit.group, publication);
  } else {
    router_.take(transit.how, publication);
  }
  context_.journal.arrived(transit.to, transit.message);
}

void Worker::stop() {
  sessions_.for_each([](Session& session) {
    if (session.channel != nullptr) {
      session.channel->server_stops();
    }
  });
}

}  // namespace peal::broker
