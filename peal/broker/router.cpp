#include "peal/broker/router.hpp"

#include "peal/broker/outbound.hpp"
#include "peal/broker/session.hpp"
#include "peal/broker/space.hpp"
#include "peal/broker/worker.hpp"

namespace peal::broker {

namespace {

constexpr std::uint64_t bit_of(WorkerIndex worker) {
  return std::uint64_t{1} << static_cast<unsigned>(worker);
}

bool is_for(const Delivery& delivery, PublisherId publisher) {
  if (delivery.audience == Audience::everyone) {
    return true;
  }
  const bool is_own = delivery.session->publisher() == publisher;
  return is_own == (delivery.audience == Audience::own);  // [MQTT-3.8.3-3]
}

OutboundCopy copy_for(const MatchResult& match, const Delivery& delivery,
                      const MessageFields& fields) {
  OutboundCopy copy;
  copy.qos = std::min(fields.qos, delivery.qos);  // [MQTT-3.8.4-8] [MQTT3-3.8.4-6]
  // [MQTT-3.3.1-12] [MQTT-3.3.1-13] [MQTT3-3.3.1-9]
  copy.retain = fields.retain && delivery.retain_as_published;
  copy.identifiers = {match.identifiers.data() + delivery.first_identifier,
                      delivery.identifier_count};
  return copy;
}

/// Whether the session is given `run` as a whole.
bool takes_run(const Outbound& outbound, const Delivery& delivery, const PublishRun& run) {
  return delivery.identifier_count == 0 && outbound.takes_run(*delivery.session, run);
}

}  // namespace

bool Router::route(Space& space, Publication& publication) {
  const MatchResult& match = space.matches.match(publication.fields().topic, space.subscriptions);
  deliver_here(match, publication);  // [MQTT-4.5.0-1] [MQTT3-4.5.0-1]
  for (SharedGroup* group : match.groups) {
    worker_.shared().deal(*group, publication);
  }
  const bool is_wanted = !match.is_empty();
  // Without RETAIN the retained message is left alone. [MQTT-3.3.1-8] [MQTT3-3.3.1-12]
  if (publication.fields().retain || match.workers != 0 || match.group_owners != 0) {
    send_elsewhere(space, match, publication);
  }
  return is_wanted;
}

void Router::deliver_here(const MatchResult& match, Publication& publication) {
  const MessageFields& fields = publication.fields();
  for (const Delivery& delivery : match.deliveries) {
    if (is_for(delivery, fields.publisher)) {
      worker_.outbound().deliver(*delivery.session, publication, copy_for(match, delivery, fields));
    }
  }
}

void Router::send_elsewhere(Space& space, const MatchResult& match, Publication& publication) {
  const Context& context = worker_.context();
  std::uint64_t keeper = 0;
  if (publication.fields().retain) {
    const WorkerIndex home = home_of(publication.fields().topic.text(), space.id, context.hash_key,
                                     context.worker_count);
    if (home == context.self) {
      retain(space, publication);
    } else {
      keeper = bit_of(home);
    }
  }
  const std::uint64_t workers = match.workers;
  const std::uint64_t group_owners = match.group_owners;
  const std::uint64_t all = workers | group_owners | keeper;
  const std::uint64_t keeping = match.durable_elsewhere | keeper;
  for (unsigned i = 0; i < context.worker_count; ++i) {
    const std::uint64_t bit = std::uint64_t{1} << i;
    if ((all & bit) != 0) {
      const auto to = static_cast<WorkerIndex>(i);
      Forward how{.space = space.id,
                  .for_sessions = (workers & bit) != 0,
                  .for_groups = (group_owners & bit) != 0,
                  .for_retained = (keeper & bit) != 0,
                  .from = context.self};
      if (how.for_retained) {
        how.publisher = publication.publisher();
        worker_.retained_delivery().note_sent(to);
      }
      if (worker_.records().is_logged(publication.fields().qos, (keeping & bit) != 0)) {
        how.logged = publication.kept_id(context.journal);
        context.journal.send({.message = how.logged, .to = to, .how = how, .group = {}});
      }
      context.mailbox.forward(to, how, publication);
    }
  }
}

void Router::receive(const mail::Publish& published) {
  Publication publication(published.message);
  receive(published.how, publication);
}

void Router::receive(const Forward& how, Publication& publication) {
  take(how, publication);
  if (how.for_retained) {
    worker_.retained_delivery().note_arrived(how.from);
  }
  worker_.records().arrived(how.logged);
}

void Router::take(const Forward& how, Publication& publication) {
  Space& space = worker_.space(how.space);
  if (how.for_retained) {
    publication.came_from(how.publisher);
    retain(space, publication);
  }
  const MatchResult& match = space.matches.match(publication.fields().topic, space.subscriptions);
  if (how.for_sessions) {
    deliver_here(match, publication);
  }
  if (how.for_groups) {
    for (SharedGroup* group : match.groups) {
      worker_.shared().deal(*group, publication);
    }
  }
}

void Router::receive(const PublishRun& run, const std::function<void()>& flush) {
  Space& space = worker_.space(run.space);
  const MatchResult& match = space.matches.match(run.topic(), space.subscriptions);
  Outbound& outbound = worker_.outbound();
  RunEncodings encodings(run, worker_.context().arena);
  bool is_complete = true;
  for (const Delivery& delivery : match.deliveries) {
    if (!is_for(delivery, PublisherId::server)) {
      continue;  // the publisher's own session is where it published
    }
    if (takes_run(outbound, delivery, run)) {
      outbound.deliver(*delivery.session, encodings);
    } else {
      is_complete = false;
    }
  }
  if (!is_complete) {
    deliver_each(match, run, flush);
  }
}

/// To those that do not take the run as a whole. Who they are is the same for all its messages:
/// nobody's connection is closed before the next `settle`.
void Router::deliver_each(const MatchResult& match, const PublishRun& run,
                          const std::function<void()>& flush) {
  Outbound& outbound = worker_.outbound();
  RunReader reader(run);
  while (const auto fields = reader.next()) {
    Publication publication(*fields);
    for (const Delivery& delivery : match.deliveries) {
      if (is_for(delivery, fields->publisher) && !takes_run(outbound, delivery, run)) {
        outbound.deliver(*delivery.session, publication, copy_for(match, delivery, *fields));
      }
    }
    if (worker_.context().arena.used() >= flush_from_bytes) {
      flush();
    }
  }
}

bool Router::can_retain(Space& space, const MessageFields& message, std::size_t own_place) const {
  const Context& context = worker_.context();
  const Settings::Retained& limits = context.settings.retained;
  if (message.payload.empty()) {
    return true;
  }
  if (message.payload.size() > limits.message_bytes) {
    return false;
  }
  // Whether it takes another one's place is known where it is kept only; there the limits are asked
  // again.
  const bool is_kept_here = home_of(message.topic.text(), space.id, context.hash_key,
                                    context.worker_count) == context.self;
  if (!is_kept_here || space.retained.find(message.topic) != nullptr) {
    return true;
  }
  const std::size_t others =
      context.retained_totals.messages.load(std::memory_order_relaxed) - own_place;
  return others < limits.messages &&
         context.retained_totals.bytes.load(std::memory_order_relaxed) + message.payload.size() <=
             limits.bytes;
}

void Router::retain(Space& space, Publication& publication) {
  const MessageFields& fields = publication.fields();
  // A new one has its place before the limit is asked: two workers may want the last.
  const bool is_new = !fields.payload.empty() && space.retained.find(fields.topic) == nullptr;
  const std::size_t own_place = is_new ? 1 : 0;
  std::atomic<std::size_t>& places = worker_.context().retained_totals.messages;
  places.fetch_add(own_place, std::memory_order_relaxed);
  if (can_retain(space, fields, own_place)) {
    set_retained(space, publication);
  } else {
    worker_.counters().dropped_retained_full.add();
  }
  places.fetch_sub(own_place, std::memory_order_relaxed);
}

void Router::set_retained(Space& space, Publication& publication) {
  const MessageFields& fields = publication.fields();
  const std::size_t count_before = space.retained.count();
  const std::size_t bytes_before = space.retained.bytes();
  write_retained(space, publication);
  if (fields.payload.empty()) {
    space.retained.erase(
        fields.topic);  // [MQTT-3.3.1-6] [MQTT-3.3.1-7] [MQTT3-3.3.1-10] [MQTT3-3.3.1-11]
  } else {
    space.retained.set(
        {publication.message(),
         publication.publisher()});  // [MQTT-3.3.1-5] [MQTT3-3.3.1-5] [MQTT3-3.3.1-7]
  }
  count_retained(space, count_before, bytes_before);
}

void Router::write_retained(const Space& space, Publication& publication) {
  const MessageFields& fields = publication.fields();
  Journal& journal = worker_.context().journal;
  if (!journal.is_durable()) {
    return;
  }
  if (!fields.payload.empty()) {
    const PublisherRef& publisher = publication.publisher();
    journal.put_retained(space.id, fields, publisher ? publisher->identity() : ClientIdentity{});
  } else if (space.retained.find(fields.topic) != nullptr) {
    journal.erase_retained(space.id, fields.topic);
  }
}

void Router::restore(Space& space, Retained retained) {
  const std::size_t count_before = space.retained.count();
  const std::size_t bytes_before = space.retained.bytes();
  space.retained.set(std::move(retained));
  count_retained(space, count_before, bytes_before);
}

void Router::sweep_retained(Space& space) {
  constexpr std::size_t looked_at_once = 4096;
  const std::size_t count_before = space.retained.count();
  const std::size_t bytes_before = space.retained.bytes();
  const auto removed = space.retained.sweep_expired(worker_.context().clock.now(), looked_at_once);
  for (const MessageRef& message : removed) {
    if (worker_.context().journal.is_durable()) {
      worker_.context().journal.erase_retained(space.id, message->topic());
    }
  }
  count_retained(space, count_before, bytes_before);
}

void Router::count_retained(const Space& space, std::size_t count_before,
                            std::size_t bytes_before) {
  // Differences may be negative; they wrap around and back.
  const std::size_t count_change = space.retained.count() - count_before;
  const std::size_t bytes_change = space.retained.bytes() - bytes_before;
  if (count_change == 0 && bytes_change == 0) {
    return;
  }
  RetainedTotals& totals = worker_.context().retained_totals;
  totals.messages.fetch_add(count_change, std::memory_order_relaxed);
  totals.bytes.fetch_add(bytes_change, std::memory_order_relaxed);
  worker_.counters().retained_messages.add(count_change);
  worker_.counters().retained_bytes.add(bytes_change);
}

}  // namespace peal::broker
