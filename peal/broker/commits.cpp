#include "peal/broker/commits.hpp"

#include <algorithm>
#include <utility>

#include "peal/broker/channel.hpp"
#include "peal/broker/handlers.hpp"
#include "peal/broker/send_packet.hpp"
#include "peal/broker/session.hpp"
#include "peal/broker/worker.hpp"

namespace peal::broker {

namespace {

constexpr std::size_t client_queue = 2;

std::size_t number_of(mail::Stage stage) { return static_cast<std::size_t>(stage); }
unsigned number_of(WorkerIndex worker) { return static_cast<unsigned>(worker); }

}  // namespace

Commits::Commits(Worker& worker) : worker_(worker) {
  const std::size_t workers = worker.context().worker_count;
  for (Traffic& traffic : traffic_) {
    for (Counts* counts : {&traffic.sent, &traffic.confirmed, &traffic.received, &traffic.told}) {
      counts->resize(workers);
    }
  }
}

void Commits::note_sent(WorkerIndex to, mail::Stage stage) {
  ++traffic_[number_of(stage)].sent[number_of(to)];
}

void Commits::note_received(WorkerIndex from, mail::Stage stage) {
  Traffic& traffic = traffic_[number_of(stage)];
  ++traffic.received[number_of(from)];
  traffic.has_news = true;
}

void Commits::receive(const mail::Safe& safe) {
  traffic_[number_of(safe.stage)].confirmed[number_of(safe.from)] = safe.count;
}

/// `stages`   how many of the stages it rests on, beginning with the members'.
Commits::Need Commits::need_now(std::size_t stages) const {
  Need need{.position = worker_.context().journal.written(), .others = nullptr};
  for (std::size_t stage = 0; stage < stages; ++stage) {
    if (traffic_[stage].sent != traffic_[stage].confirmed) {
      if (need.others == nullptr) {
        need.others = std::make_unique<std::array<Counts, 2>>();
      }
      (*need.others)[stage] = traffic_[stage].sent;
    }
  }
  return need;
}

bool Commits::rests_on_others() const {
  return std::ranges::any_of(
      traffic_, [](const Traffic& traffic) { return traffic.sent != traffic.confirmed; });
}

bool Commits::is_met(const Need& need) const {
  if (worker_.context().journal.committed() < need.position) {
    return false;
  }
  for (std::size_t stage = 0; need.others != nullptr && stage < traffic_.size(); ++stage) {
    const Counts& needed = (*need.others)[stage];
    for (std::size_t worker = 0; worker < needed.size(); ++worker) {
      if (traffic_[stage].confirmed[worker] < needed[worker]) {
        return false;
      }
    }
  }
  return true;
}

void Commits::wait(std::size_t queue, std::size_t stages, const AfterCommit& what) {
  Need need = need_now(stages);
  if (queues_[queue].empty() && is_met(need)) {
    act(what);
  } else {
    queues_[queue].push_back({std::move(need), what});
  }
}

void Commits::when_safe(const AfterCommit& what) {
  if (worker_.context().journal.is_durable()) {
    wait(client_queue, traffic_.size(), what);
  } else {
    act(what);
  }
}

void Commits::confirm(mail::Stage stage) {
  Traffic& traffic = traffic_[number_of(stage)];
  if (!std::exchange(traffic.has_news, false)) {
    return;
  }
  for (unsigned worker = 0; worker < traffic.received.size(); ++worker) {
    if (traffic.received[worker] != traffic.told[worker]) {
      traffic.told[worker] = traffic.received[worker];
      // Members' confirmations rest on no stage, receivers' on the members'.
      wait(number_of(stage), number_of(stage),
           after_commit::Confirm{static_cast<WorkerIndex>(worker),
                                 {worker_.context().self, stage, traffic.received[worker]}});
    }
  }
}

void Commits::settle() {
  if (!worker_.context().journal.is_durable()) {
    return;
  }
  if (std::exchange(was_dealt_again_, false)) {
    need_members_too(queues_[number_of(mail::Stage::receiver)]);
    need_members_too(queues_[client_queue]);
  }
  confirm(mail::Stage::member);
  confirm(mail::Stage::receiver);
  for (std::deque<Waiting>& queue : queues_) {
    while (run(queue)) {
    }
  }
}

void Commits::need_members_too(std::deque<Waiting>& queue) {
  for (Waiting& waiting : queue) {
    auto& others = waiting.need.others;
    if (others == nullptr) {
      others = std::make_unique<std::array<Counts, 2>>();
    }
    (*others)[number_of(mail::Stage::member)] = traffic_[number_of(mail::Stage::member)].sent;
  }
}

/// Does the first one if it may. returns   whether it did.
bool Commits::run(std::deque<Waiting>& queue) {
  if (queue.empty() || !is_met(queue.front().need)) {
    return false;
  }
  const AfterCommit what = queue.front().what;
  queue.pop_front();
  act(what);
  return true;
}

void Commits::act(const AfterCommit& what) {
  std::visit([this](const auto& each) { act(each); }, what);
}

Channel* Commits::find(const ChannelRef& channel) const {
  const Session* session = worker_.sessions().find(channel.session);
  const bool is_same = session != nullptr && session->channel != nullptr &&
                       session->channel->serial() == channel.serial;
  return is_same ? session->channel : nullptr;
}

void Commits::act(const after_commit::Answer& answer) {
  Channel* channel = find(answer.to);
  if (channel != nullptr && answer.rounds > 1) {
    after_commit::Answer later = answer;
    --later.rounds;
    when_safe(later);
  } else if (channel != nullptr) {
    channel->answered(answer.type);
    channel->send_packet(mqtt::Ack{.type = answer.type,
                                   .packet_id = answer.packet_id,
                                   .reason = answer.reason,
                                   .properties = {}});
  }
}

void Commits::act(const after_commit::Store& store) {
  if (const Session* session = worker_.sessions().find(store.from.session)) {
    worker_.records().received(*session, store.packet_id);
    when_safe(after_commit::Answer{.to = store.from,
                                   .type = mqtt::PacketType::pubrec,
                                   .packet_id = store.packet_id,
                                   .reason = store.reason});
  }
}

void Commits::act(const after_commit::Send& send) {
  if (Channel* channel = find(send.to); channel != nullptr) {
    worker_.outbound().send_stored(*channel, send.packet_id, send.dup);
  }
}

void Commits::act(const after_commit::Connack& connack) {
  if (Channel* channel = find(connack.to); channel != nullptr) {
    finish_connect(*channel);
  }
}

void Commits::act(const after_commit::Subscribed& subscribed) {
  worker_.subscribing().stored(subscribed.barrier);
}

void Commits::act(const after_commit::Confirm& confirm) {
  worker_.context().mailbox.send(confirm.to, confirm.safe);
}

}  // namespace peal::broker
