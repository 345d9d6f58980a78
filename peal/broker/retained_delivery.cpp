#include "peal/broker/retained_delivery.hpp"

#include <algorithm>
#include <utility>

#include "peal/base/hash.hpp"
#include "peal/broker/channel.hpp"
#include "peal/broker/publication.hpp"
#include "peal/broker/session.hpp"
#include "peal/broker/space.hpp"
#include "peal/broker/worker.hpp"

namespace peal::broker {

namespace {

constexpr std::size_t slice_bytes = std::size_t{64} * 1024;
/// As many may wait in the session's own queue before the next retained messages join them.
constexpr std::uint32_t waiting_limit = 64;

}  // namespace

RetainedDelivery::RetainedDelivery(Worker& worker)
    : worker_(worker),
      sent_(worker.context().worker_count),
      arrived_(worker.context().worker_count) {}

std::uint64_t RetainedDelivery::hash_of(mqtt::TopicName topic) const {
  return hash_text(topic.text(), worker_.context().hash_key);
}

bool RetainedDelivery::has_job(const Session& session) const {
  if (!session.has_retained_job) {
    return false;
  }
  const auto found = queues_.find(session.handle().slot);
  return found != queues_.end() && !found->second.is_running;
}

void RetainedDelivery::note_live(const Session& session, mqtt::TopicName topic) {
  queues_[session.handle().slot].newer.insert(hash_of(topic));
}

void RetainedDelivery::expect(Session& session) {
  Queue& queue = queues_[session.handle().slot];
  queue.session = session.handle();
  ++queue.starts_awaited;
  session.has_retained_job = true;
}

unsigned RetainedDelivery::collect(Session& session, std::vector<RetainedWish> wishes,
                                   const Fences& fences, BarrierId barrier) {
  Queue& queue = queues_[session.handle().slot];
  --queue.starts_awaited;
  unsigned replies_awaited = 0;
  for (RetainedWish& wish : wishes) {
    Job& job = queue.jobs.emplace_back();
    job.number = ++last_job_;
    job.wish = std::move(wish);
    job.answered_first = barrier;
    const unsigned awaited = collect(session, job, fences);
    job.is_collected = awaited == 0;
    if (awaited > 0) {
      collections_[job.number] = {session.handle().slot, barrier, awaited};
    }
    replies_awaited += awaited;
  }
  return replies_awaited;
}

/// returns   how many other workers were asked.
unsigned RetainedDelivery::collect(const Session& session, Job& job, const Fences& fences) {
  const Context& context = worker_.context();
  const mqtt::TopicFilter filter = *mqtt::TopicFilter::parse(job.wish.filter);
  Space& space = session.space();
  const WorkerIndex home =
      home_of(filter.filter(), space.id, context.hash_key, context.worker_count);
  unsigned asked = 0;
  for (unsigned i = 0; i < context.worker_count; ++i) {
    const auto worker = static_cast<WorkerIndex>(i);
    if (!filter.has_wildcard() && worker != home) {
      continue;
    }
    mail::RetainedRequest request{job.wish.filter, space.id, context.self, job.number};
    for (const std::vector<std::uint64_t>& fence : fences) {
      request.after.push_back(fence.empty() ? 0 : fence[i]);
    }
    if (worker == context.self && has_arrived(request)) {
      space.retained.collect(filter, context.clock.now(), job.messages);
      continue;
    }
    ++asked;
    if (worker == context.self) {
      too_early_.push_back(std::move(request));
    } else {
      context.mailbox.send(worker, std::move(request));
    }
  }
  return asked;
}

void RetainedDelivery::start(Session& session, BarrierId barrier) {
  if (!session.has_retained_job) {
    return;
  }
  for (Job& job : queues_[session.handle().slot].jobs) {
    if (job.answered_first == barrier) {
      job.answered_first = BarrierId::none;
    }
  }
  go_on(session);
}

bool RetainedDelivery::has_arrived(const mail::RetainedRequest& request) const {
  for (std::size_t i = 0; i < request.after.size(); ++i) {
    if (arrived_[i] < request.after[i]) {
      return false;
    }
  }
  return true;
}

void RetainedDelivery::note_arrived(WorkerIndex from) {
  ++arrived_[static_cast<unsigned>(from)];
  if (too_early_.empty()) {
    return;
  }
  for (mail::RetainedRequest& request : std::exchange(too_early_, {})) {
    if (has_arrived(request)) {
      answer(request);
    } else {
      too_early_.push_back(std::move(request));
    }
  }
}

void RetainedDelivery::receive(const mail::RetainedRequest& request) {
  if (has_arrived(request)) {
    answer(request);
  } else {
    too_early_.push_back(request);
  }
}

void RetainedDelivery::answer(const mail::RetainedRequest& request) {
  const Context& context = worker_.context();
  mail::RetainedReply reply{.messages = {}, .job = request.job};
  worker_.space(request.space)
      .retained.collect(*mqtt::TopicFilter::parse(request.filter), context.clock.now(),
                        reply.messages);
  if (request.reply_to == context.self) {
    receive(reply);
  } else {
    context.mailbox.send(request.reply_to, std::move(reply));
  }
}

void RetainedDelivery::receive(mail::RetainedReply& reply) {
  const auto found = collections_.find(reply.job);
  Collection& collection = found->second;
  --collection.replies_awaited;
  add(reply, collection);
  const BarrierId barrier = collection.barrier;
  if (collection.replies_awaited == 0) {
    collections_.erase(found);
  }
  worker_.subscribing().collected(barrier);
}

/// Gives a job what came for it, unless the session or the subscription went meanwhile.
void RetainedDelivery::add(mail::RetainedReply& reply, const Collection& collection) {
  const auto queue = queues_.find(collection.slot);
  if (queue == queues_.end()) {
    return;
  }
  const auto job = std::ranges::find(queue->second.jobs, reply.job, &Job::number);
  if (job == queue->second.jobs.end()) {
    return;
  }
  if (!job->is_cancelled) {
    job->messages.add(std::move(reply.messages));
  }
  job->is_collected = collection.replies_awaited == 0;
  Session* session = worker_.sessions().find(queue->second.session);
  if (session != nullptr && session->channel == nullptr) {
    leave(*session);
  } else if (session != nullptr) {
    go_on(*session);
  }
}

void RetainedDelivery::go_on(Session& session) {
  if (!session.has_retained_job) {
    return;
  }
  const auto found = queues_.find(session.handle().slot);
  if (found == queues_.end() || found->second.is_running) {
    return;
  }
  Queue& queue = found->second;
  queue.is_running = true;
  std::size_t bytes_left = slice_bytes;
  Slice slice = Slice::finished;
  while (!queue.jobs.empty() && slice == Slice::finished) {
    slice = send_slice(session, queue, bytes_left);
    if (slice == Slice::finished) {
      queue.jobs.pop_front();
    }
  }
  queue.is_running = false;
  if (queue.jobs.empty()) {
    if (queue.starts_awaited == 0) {
      forget(session);
    }
  } else if (slice == Slice::used_up && !std::exchange(queue.is_due, true)) {
    due_.push_back(session.handle());
  }
}

RetainedDelivery::Slice RetainedDelivery::send_slice(Session& session, Queue& queue,
                                                     std::size_t& bytes_left) {
  Job& job = queue.jobs.front();
  const Settings::Queue& limits = worker_.context().settings.queue;
  if (!job.is_collected || job.answered_first != BarrierId::none) {
    return Slice::blocked;
  }
  while (!job.messages.is_empty()) {
    if (session.channel == nullptr ||
        session.channel->connection().unsent_bytes() >= limits.unsent_bytes / 2 ||
        session.outgoing.waiting_count() >= waiting_limit) {
      return Slice::blocked;  // the client's acknowledgement or drained socket goes on with it
    }
    if (bytes_left == 0) {
      return Slice::used_up;
    }
    const Retained retained = job.messages.take();
    bytes_left -= std::min(bytes_left, retained.message->bytes());
    send(session, queue, job, retained);
  }
  return Slice::finished;
}

void RetainedDelivery::send(Session& session, const Queue& queue, const Job& job,
                            const Retained& retained) {
  const MessageRef& message = retained.message;
  const mqtt::SubscriptionOptions& options = job.wish.options;
  const bool is_own = options.no_local && message->publisher() == session.publisher();
  if (is_own || message->is_expired(worker_.context().clock.now()) ||
      queue.newer.contains(hash_of(message->topic()))) {
    return;
  }
  if (is_withdrawn(retained)) {
    worker_.counters().withheld_retained.add();
    return;
  }
  Publication publication(message);
  const std::span<const std::uint32_t> identifiers{&job.wish.identifier,
                                                   job.wish.identifier != 0 ? 1U : 0U};
  // [MQTT-3.3.1-9] [MQTT3-3.3.1-6] [MQTT3-3.3.1-8]
  worker_.outbound().deliver(
      session, publication,
      {.qos = std::min(message->qos(), options.qos), .retain = true, .identifiers = identifiers});
}

/// Whether its publisher may not publish it any more.
bool RetainedDelivery::is_withdrawn(const Retained& retained) {
  const Context& context = worker_.context();
  if (!retained.publisher || !context.settings.retained.checks_publisher) {
    return false;
  }
  const ClientIdentity publisher = retained.publisher->identity();
  if (publisher_asked_.get() != retained.publisher.get()) {
    publisher_rights_ = context.authorizer.rights_of(publisher);
    publisher_asked_ = retained.publisher;
  }
  return publisher_rights_ &&
         !publisher_rights_->may_publish(publisher, retained.message->topic(), true);
}

void RetainedDelivery::run() {
  for (const SessionHandle handle : std::exchange(due_, {})) {
    if (Session* session = worker_.sessions().find(handle)) {
      if (const auto found = queues_.find(handle.slot); found != queues_.end()) {
        found->second.is_due = false;
      }
      go_on(*session);
    }
  }
}

void RetainedDelivery::cancel(const Session& session, std::string_view filter) {
  if (!session.has_retained_job) {
    return;
  }
  const auto found = queues_.find(session.handle().slot);
  if (found != queues_.end() && !found->second.is_running) {
    for (Job& job : found->second.jobs) {
      if (job.wish.filter == filter) {
        job.messages.clear();  // an answer that is still to come finds nothing to do it for
        job.is_cancelled = true;
      }
    }
  }
}

void RetainedDelivery::leave(Session& session) {
  const auto found = queues_.find(session.handle().slot);
  if (!session.has_retained_job || found == queues_.end()) {
    return;
  }
  Queue& queue = found->second;
  queue.starts_awaited = 0;
  for (Job& job : queue.jobs) {
    job.answered_first = BarrierId::none;  // the SUBACK went with its connection
  }
  if (session.expiry_interval.count() > 0) {
    queue.is_running = true;
    keep_for_later(session, queue);
    queue.is_running = false;
  }
  // What other workers have not sent yet is waited for, as long as the session lasts.
  if (session.expiry_interval.count() == 0 || queue.jobs.empty()) {
    forget(session);
  }
}

/// Queues the messages of QoS 1 and 2 that are here already.
void RetainedDelivery::keep_for_later(Session& session, Queue& queue) {
  for (Job& job : queue.jobs) {
    while (job.is_collected && !job.messages.is_empty()) {
      const Retained retained = job.messages.take();
      if (std::min(retained.message->qos(), job.wish.options.qos) != mqtt::QoS::at_most_once) {
        send(session, queue, job, retained);
      }
    }
  }
  std::erase_if(queue.jobs, [](const Job& job) { return job.is_collected; });
}

void RetainedDelivery::forget(Session& session) {
  if (session.has_retained_job) {
    session.has_retained_job = false;
    queues_.erase(session.handle().slot);
  }
}

}  // namespace peal::broker
