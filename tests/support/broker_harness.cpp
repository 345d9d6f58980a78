#include "support/broker_harness.hpp"

#include <algorithm>

namespace peal::broker::test {

namespace {

constexpr std::uint64_t hash_key = 0x5EED;
/// A test that needs more rounds than this to come to rest never will.
constexpr int rounds_limit = 100'000;

}  // namespace

BrokerHarness::BrokerHarness(unsigned workers, std::uint64_t seed)
    : random(seed), disk(workers), post_(workers) {
  settings.fights.times = 0;  // tests take sessions over by the dozen, and nobody fights for them
  for (unsigned i = 0; i < workers; ++i) {
    nodes_.emplace_back(std::make_unique<Node>(post_, disk, i));
  }
  for (unsigned i = 0; i < workers; ++i) {
    start_worker(i);
  }
}

void BrokerHarness::start_worker(unsigned index) {
  Node& node = *nodes_[index];
  node.worker = std::make_unique<Worker>(Context{.settings = settings,
                                                 .clock = clock,
                                                 .random = random,
                                                 .log = log,
                                                 .mailbox = node.mailbox,
                                                 .journal = node.journal,
                                                 .authenticator = authenticator,
                                                 .authorizer = authorizer,
                                                 .publish_hook = &hook,
                                                 .retained_totals = retained_totals,
                                                 .totals = totals,
                                                 .user_sessions = &user_sessions,
                                                 .arena = node.arena,
                                                 .hash_key = hash_key,
                                                 .self = static_cast<WorkerIndex>(index),
                                                 .worker_count = worker_count()});
}

void BrokerHarness::keep_on_disk() {
  for (const auto& node : nodes_) {
    node->journal.durable = true;
  }
}

void BrokerHarness::crash() {
  for (const auto& client : clients_) {
    client->forget_connection();
  }
  for (unsigned i = 0; i < worker_count(); ++i) {
    nodes_[i]->worker.reset();
    nodes_[i]->arena.reset();
  }
  // With what the workers did while they were taken down.
  post_.clear();
  disk.crash();
  retained_totals.messages = 0;
  retained_totals.bytes = 0;
  totals.sessions = 0;
  totals.subscriptions = 0;
  user_sessions.counts.clear();
  for (unsigned i = 0; i < worker_count(); ++i) {
    nodes_[i]->journal.begin_anew();
    start_worker(i);
  }
  restore();
}

void BrokerHarness::restore() {
  for (const auto& [id, entry] : disk.state.sessions) {
    RestoredSession session = entry.session;
    for (const auto& [filter, subscription] : entry.subscriptions) {
      session.subscriptions.push_back(subscription);
    }
    for (const auto& [number, packet_id] : entry.received) {
      session.received.push_back(packet_id);
    }
    for (const auto& [name, copy] : entry.queue) {
      session.queue.push_back(copy);
    }
    home_worker(session.client_id).restore(std::move(session));
  }
  for (const auto& [key, retained] : disk.state.retained) {
    worker(owner(key.second)).restore_retained(key.first, retained);
  }
  while (deliver_one()) {
  }
  const auto transits = disk.state.transits;
  for (const auto& [name, restored] : transits) {
    const GroupRef& group = restored.transit.group;
    const WorkerIndex where = group.number != 0 ? group.owner : restored.transit.to;
    worker(static_cast<unsigned>(where)).restore({restored.transit, restored.message});
  }
  while (deliver_one()) {
  }
}

bool BrokerHarness::answer_fetches(unsigned index) {
  Node& node = *nodes_[index];
  return node.journal.answer_fetch([&](SessionHandle session, const std::vector<Fetched>& found) {
    node.worker->fetched(session, found);
  });
}

BrokerHarness::~BrokerHarness() = default;

unsigned BrokerHarness::home(std::string_view client_id) const {
  return static_cast<unsigned>(
      home_of(client_id, NamespaceId::default_namespace, hash_key, worker_count()));
}

TestClient& BrokerHarness::client(std::string id, mqtt::ProtocolVersion version) {
  return *clients_.emplace_back(std::make_unique<TestClient>(*this, std::move(id), version));
}

TestClient& BrokerHarness::client_on(unsigned worker, const std::string& name,
                                     mqtt::ProtocolVersion version) {
  std::string id = name;
  for (int i = 0; home(id) != worker % worker_count(); ++i) {
    id = name + std::to_string(i);
  }
  return client(std::move(id), version);
}

void BrokerHarness::flush(unsigned index) {
  nodes_[index]->worker->settle();
  disk.end_page();
  for (const auto& client : clients_) {
    client->collect();
  }
  nodes_[index]->arena.reset();
}

bool BrokerHarness::is_due(unsigned index) const {
  const auto due = nodes_[index]->worker->next_due();
  return due && *due <= clock.now();
}

void BrokerHarness::turn() {
  if (!disk.is_held) {
    disk.commit_all();
  }
  for (unsigned i = 0; i < worker_count(); ++i) {
    nodes_[i]->worker->advance();
    flush(i);
  }
}

void BrokerHarness::turn_and_fetch() {
  turn();
  for (unsigned i = 0; i < worker_count(); ++i) {
    while (answer_fetches(i)) {
      flush(i);
    }
  }
}

bool BrokerHarness::deliver(unsigned from, unsigned to) {
  if (from == to || !post_.has(from, to)) {
    return false;
  }
  Node& node = *nodes_[to];
  Posted posted = post_.take(from, to);
  if (auto* mail = std::get_if<Mail>(&posted)) {
    node.worker->receive(std::move(*mail));
  } else {
    const PublishRun run = std::get<PostedRun>(posted).view();
    node.worker->router().receive(run, [&node] { node.arena.reset(); });
  }
  flush(to);
  return true;
}

bool BrokerHarness::deliver_one() {
  if (post_.count() == 0) {
    return false;
  }
  while (true) {
    const auto from = static_cast<unsigned>(random.below(worker_count()));
    const auto to = static_cast<unsigned>(random.below(worker_count()));
    if (deliver(from, to)) {
      return true;
    }
  }
}

void BrokerHarness::settle() {
  for (int round = 0;; ++round) {
    PEAL_ASSERT(round < rounds_limit);
    turn();
    bool has_moved = false;
    while (deliver_one()) {
      has_moved = true;
    }
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      has_moved = clients_[i]->acknowledge() || has_moved;
    }
    for (unsigned i = 0; i < worker_count(); ++i) {
      has_moved = answer_fetches(i) || has_moved || is_due(i);
    }
    has_moved = has_moved || (!disk.is_held && !disk.has_failed && disk.uncommitted_pages() > 0);
    if (!has_moved) {
      return;
    }
  }
}

void BrokerHarness::pass(Duration duration) {
  const Time end = clock.time + duration;
  settle();
  while (clock.time < end) {
    Time next = end;
    for (const auto& node : nodes_) {
      next = std::min(next, node->worker->next_due().value_or(end));
    }
    clock.time = std::max(clock.time, next);
    settle();
  }
}

std::uint64_t BrokerHarness::sum(Counter Counters::* counter) const {
  std::uint64_t total = 0;
  for (const auto& node : nodes_) {
    total += (node->worker->counters().*counter).get();
  }
  return total;
}

}  // namespace peal::broker::test
