#include "peal/server/worker_thread.hpp"

#include <algorithm>
#include <unistd.h>
#include <utility>

#include "peal/broker/publication.hpp"
#include "peal/server/address_gate.hpp"
#include "peal/server/client.hpp"
#include "peal/server/durable_store.hpp"
#include "peal/server/listener_runtime.hpp"

namespace peal::server {

namespace {

/// How long a worker waits for others that are far behind; they have tens of thousands of messages
/// to go.
constexpr Duration congestion_pause{1};
constexpr Duration slow_interval{1000};
/// So many batches of each other worker, and the clients have their turn again.
constexpr int mail_rounds_limit = 64;

broker::Context context_of(Shared& shared, const broker::Settings& settings, broker::Clock& clock,
                           broker::Random& random, broker::Mailbox& mailbox,
                           broker::Journal& journal, broker::Authenticator& authenticator,
                           Arena& arena, unsigned index) {
  return {.settings = settings,
          .clock = clock,
          .random = random,
          .log = shared.log,
          .mailbox = mailbox,
          .journal = journal,
          .authenticator = authenticator,
          .authorizer = shared.authorizer,
          .publish_hook = shared.publish_hook,
          .retained_totals = shared.retained_totals,
          .totals = shared.totals,
          .user_sessions = shared.user_sessions,
          .arena = arena,
          .hash_key = shared.hash_key,
          .self = static_cast<broker::WorkerIndex>(index),
          .worker_count = shared.office.workers()};
}

}  // namespace

WorkerThread::WorkerThread(Shared& shared, unsigned index)
    : shared_(shared),
      settings_(shared.settings),
      mailbox_(shared.office, index,
               [this] { return journal_ == nullptr || journal_->is_dispatched(); }),
      journal_(shared.store != nullptr ? &shared.store->journal(index) : nullptr),
      broker_(context_of(shared, settings_, clock_, random_, mailbox_, journal(), authenticator(),
                         arena_, index)) {
  shared_.office.set_loop(index, loop_);
  loop_.after_wait([this] { clock_.refresh(); });
}

WorkerThread::~WorkerThread() {
  join();
  clients_.clear();
  listeners_.clear();
}

/// What sources say comes back to this thread.
broker::Authenticator& WorkerThread::authenticator() {
  if (shared_.authenticator != nullptr) {
    return *shared_.authenticator;
  }
  return chain_.emplace(
      *shared_.desk,
      [this](std::move_only_function<void()> action) {
        run_soon([action = std::move(action)](WorkerThread&) mutable { action(); });
      },
      [this](broker::AuthTicket ticket, const broker::AuthAnswer& answer) {
        broker_.authenticated(ticket, answer);
      });
}

broker::Journal& WorkerThread::journal() {
  if (journal_ != nullptr) {
    return *journal_;
  }
  return memory_journal_;
}

bool WorkerThread::add_listener(std::unique_ptr<net::Listener> socket, ListenerRuntime& listener) {
  auto accepting = std::make_unique<Accepting>(&listener, std::move(socket));
  const bool is_attached = accepting->socket->attach(
      loop_, [this, each = accepting.get()](int fd, const net::Address& peer) {
        accept(fd, peer, *each->listener);
      });
  if (is_attached) {
    listeners_.push_back(std::move(accepting));
  }
  return is_attached;
}

void WorkerThread::hand_listener_over(const ListenerRuntime& from, ListenerRuntime& to) {
  for (const auto& accepting : listeners_) {
    if (accepting->listener == &from) {
      accepting->listener = &to;
    }
  }
}

void WorkerThread::remove_listener(const ListenerRuntime& listener) {
  std::erase_if(listeners_,
                [&](const auto& accepting) { return accepting->listener == &listener; });
}

void WorkerThread::start() {
  thread_ = std::thread([this] { run(); });
}

void WorkerThread::join() {
  if (thread_.joinable()) {
    thread_.join();
  }
}

void WorkerThread::run_soon(std::move_only_function<void(WorkerThread&)> action) {
  {
    const std::lock_guard lock(actions_mutex_);
    actions_.push_back(std::move(action));
  }
  has_actions_.store(true, std::memory_order_seq_cst);
  loop_.wake();
}

void WorkerThread::run() {
  while (!is_stopping_ || (!clients_.empty() && clock_.now() < stop_at_)) {
    iterate();
  }
  clients_.clear();
  loop_.flush();
  loop_.sweep();
  send_mail();
}

void WorkerThread::iterate() {
  if (mailbox_.is_congested()) {
    // The others have work for longer than this; reading more would only pile it up here.
    if (!mailbox_.has_mail()) {
      std::this_thread::sleep_for(congestion_pause);
    }
    clock_.refresh();
  } else {
    loop_.announce_sleep();
    // Looked at behind the announcement, as what has become safe is (`patience_of_poll`).
    const bool is_busy = mailbox_.has_mail() || has_actions_.load(std::memory_order_seq_cst);
    loop_.poll(is_busy ? Duration{0} : patience_of_poll());
  }
  take_mail();
  take_actions();
  broker_.advance();
  after_feed();
  look_after_slow_clients();
  flush();
  // What ends with a connection (its will) is part of this iteration's mail; its output of the next
  // flush.
  loop_.sweep();
  send_mail();
}

bool WorkerThread::exchange_mail() {
  clock_.refresh();
  const bool is_any = take_mail();
  broker_.advance();
  after_feed();
  flush();
  send_mail();
  return is_any || mailbox_.has_backlog();
}

void WorkerThread::send_mail() {
  if (journal_ != nullptr) {
    journal_->dispatch();
  }
  mailbox_.dispatch();
}

Duration WorkerThread::patience_of_poll() {
  Duration patience{-1};
  if (const auto due = broker_.next_due()) {
    patience = std::max(Duration{0}, *due - clock_.now());
  }
  auto at_most = [&](Duration limit) {
    patience = patience.count() < 0 ? limit : std::min(patience, limit);
  };
  if (!slow_.empty()) {
    at_most(slow_interval);
  }
  if (mailbox_.has_backlog()) {
    at_most(congestion_pause);
  }
  if (is_stopping_) {
    at_most(Duration{20});
  }
  return patience;
}

/// What to do with each thing that a batch of mail holds.
struct WorkerThread::Mailroom {
  WorkerThread& worker;
  void operator()(const Unpacked& packed) const {
    broker::Publication publication(packed.message);
    worker.broker_.router().receive(packed.how, publication);
    if (worker.has_much_output()) {
      worker.after_feed();
    }
  }
  void operator()(const broker::PublishRun& run) const {
    worker.broker_.router().receive(run, [&thread = worker] { thread.flush(); });
    if (worker.has_much_output()) {
      worker.after_feed();
    }
  }
  void operator()(Letter& letter) const {
    if (auto* mail = std::get_if<broker::Mail>(&letter)) {
      worker.broker_.receive(std::move(*mail));
      worker.after_feed();
    } else if (auto* client = std::get_if<HandedOver>(&letter)) {
      worker.adopt(std::move(*client));
    }
  }
};

bool WorkerThread::take_mail() {
  int round = 0;
  for (; round < mail_rounds_limit && mailbox_.collect(Mailroom{*this}); ++round) {
    if (has_much_output()) {
      after_feed();
    }
  }
  return round > 0;
}

void WorkerThread::take_actions() {
  if (!has_actions_.load(std::memory_order_acquire) || !has_actions_.exchange(false)) {
    return;
  }
  std::vector<std::move_only_function<void(WorkerThread&)>> actions;
  {
    const std::lock_guard lock(actions_mutex_);
    actions.swap(actions_);
  }
  for (auto& action : actions) {
    action(*this);
    broker_.settle();
  }
}

void WorkerThread::after_feed() {
  broker_.settle();
  while (has_much_output()) {
    flush();
    broker_.settle();
  }
}

bool WorkerThread::has_much_output() const {
  return arena_.used() + mailbox_.collected_bytes() >= broker::flush_from_bytes;
}

void WorkerThread::flush() {
  loop_.flush();
  arena_.reset();
  held_.clear();
  mailbox_.give_back();
}

void WorkerThread::hold(const SharedBuffer& buffer) {
  if (held_.empty() || held_.back().get() != &buffer) {
    held_.push_back(SharedRef<SharedBuffer>::share(&buffer));
  }
}

void WorkerThread::accept(int fd, const net::Address& address, ListenerRuntime& listener) {
  const std::size_t here = listener.connections->load(std::memory_order_relaxed);
  if (shared_.connections.load(std::memory_order_relaxed) >=
          shared_.connections_limit.load(std::memory_order_relaxed) ||
      here >= listener.config.max_connections || is_stopping_) {
    broker_.counters().refused_connections.add();
    log_refused(address, "too many connections",
                "limits.connections or the listener's max_connections");
    ::close(fd);
    return;
  }
  // Behind PROXY it is the header's address that counts.
  const bool is_known =
      !listener.config.proxy_protocol && (address.family() == net::Address::Family::ipv4 ||
                                          address.family() == net::Address::Family::ipv6);
  const bool counts = is_known && admits(address, listener);
  if (is_known && !counts && listener.addresses != nullptr) {
    ::close(fd);
    return;
  }
  auto client = std::make_unique<Client>(fd, listener);
  if (counts) {
    client->counts_for_address();
  }
  adopt(std::move(client));
}

bool WorkerThread::admits(const net::Address& address, const ListenerRuntime& listener) {
  if (listener.addresses == nullptr) {
    return false;
  }
  switch (listener.addresses->enter(address, AddressGate::Clock::now())) {
    case AddressGate::Answer::welcome:
      return true;
    case AddressGate::Answer::too_many:
      broker_.counters().refused_per_address.add();
      log_refused(address, "too many from this address", "limits.connections_per_address");
      break;
    case AddressGate::Answer::too_fast:
      broker_.counters().refused_connect_rate.add();
      log_refused(address, "too fast from this address", "limits.connect_rate_per_address");
      break;
  }
  return false;
}

void WorkerThread::log_refused(const net::Address& address, std::string_view reason,
                               std::string_view limit) {
  if (shared_.log.wants(broker::LogLevel::warning)) {
    shared_.log.write({.level = broker::LogLevel::warning,
                       .what = "connection refused",
                       .client_id = {},
                       .address = address.text_with_port(),
                       .reason = reason,
                       .detail = limit});
  }
}

void WorkerThread::adopt(std::unique_ptr<Client> client) {
  Client& adopted = *client;
  adopted.place = clients_.size();
  clients_.push_back(std::move(client));
  shared_.connections.fetch_add(1, std::memory_order_relaxed);
  if (adopted.join(*this)) {
    welcome(adopted);
  } else {
    loop_.later([this, &adopted] { (void)release(adopted); });
  }
}

/// It is a newcomer until it is let in. One too many, and the oldest on any worker that has not
/// said CONNECT yet has to go; if all others wait for their answer, that is the new one.
void WorkerThread::welcome(Client& client) {
  client.is_newcomer = client.may_be_turned_out = true;
  client.arrived_at = clock_.now();
  client.newcomer = newcomers_.insert(newcomers_.end(), &client);
  note_oldest_newcomer();
  broker_.counters().unauthenticated.add();
  if (shared_.newcomers.fetch_add(1, std::memory_order_relaxed) >=
      shared_.newcomers_limit.load(std::memory_order_relaxed)) {
    make_room_for_newcomer();
  }
}

void WorkerThread::spare(Client& client) {
  if (std::exchange(client.may_be_turned_out, false)) {
    newcomers_.erase(client.newcomer);
    note_oldest_newcomer();
  }
}

void WorkerThread::leave_newcomers(Client& client) {
  if (std::exchange(client.is_newcomer, false)) {
    spare(client);
    broker_.counters().unauthenticated.subtract();
    shared_.newcomers.fetch_sub(1, std::memory_order_relaxed);
  }
}

void WorkerThread::note_oldest_newcomer() {
  oldest_newcomer_.store(newcomers_.empty() ? Time::max() : newcomers_.front()->arrived_at,
                         std::memory_order_relaxed);
}

bool WorkerThread::serves_http() {
  // Who asks is among them.
  const bool is_served = shared_.http_connections.load(std::memory_order_relaxed) <=
                         shared_.http_connections_limit.load(std::memory_order_relaxed);
  broker_.counters().refused_http.add(is_served ? 0 : 1);
  return is_served;
}

void WorkerThread::make_room_for_newcomer() {
  WorkerThread* with_oldest = this;
  for (WorkerThread* worker : shared_.workers) {
    if (worker->oldest_newcomer_.load(std::memory_order_relaxed) <
        with_oldest->oldest_newcomer_.load(std::memory_order_relaxed)) {
      with_oldest = worker;
    }
  }
  if (with_oldest != this) {
    with_oldest->run_soon([](WorkerThread& worker) { worker.turn_oldest_out(); });
  } else if (!newcomers_.empty()) {
    turn_oldest_out();
  }
}

void WorkerThread::turn_oldest_out() {
  if (newcomers_.empty()) {
    // Two workers asked for the same one: whose wish came second still needs its room.
    if (shared_.newcomers.load(std::memory_order_relaxed) >
        shared_.newcomers_limit.load(std::memory_order_relaxed)) {
      make_room_for_newcomer();
    }
    return;
  }
  Client& oldest = *newcomers_.front();
  leave_newcomers(oldest);
  broker_.counters().evicted_unauthenticated.add();
  oldest.turn_out();
}

std::unique_ptr<Client> WorkerThread::release(Client& client) {
  leave_newcomers(client);
  if (client.is_watched()) {
    std::erase(slow_, &client);
    client.stop_watching();
  }
  const std::size_t place = client.place;
  std::unique_ptr<Client> released = std::move(clients_[place]);
  if (place + 1 != clients_.size()) {
    clients_[place] = std::move(clients_.back());
    clients_[place]->place = place;
  }
  clients_.pop_back();
  shared_.connections.fetch_sub(1, std::memory_order_relaxed);
  return released;
}

void WorkerThread::retire(Client& client) {
  loop_.later([this, &client] { (void)release(client); });
}

void WorkerThread::hand_over(Client& client, broker::WorkerIndex home) {
  leave_newcomers(client);
  // Behind all callbacks: the other thread may begin with it at once.
  loop_.later([this, &client, home] {
    mailbox_.hand_over(home, release(client));
    send_mail();
  });
}

void WorkerThread::watch(Client& client) {
  if (std::ranges::find(slow_, &client) == slow_.end()) {
    slow_.push_back(&client);
    (void)client.is_stalled(clock_.now());
  }
}

void WorkerThread::look_after_slow_clients() {
  if (slow_.empty() || clock_.now() - slow_checked_at_ < slow_interval) {
    return;
  }
  slow_checked_at_ = clock_.now();
  std::erase_if(slow_, [this](Client* client) {
    if (client->is_stalled(slow_checked_at_)) {
      client->stop_watching();
      client->abort();
      return true;
    }
    return !client->is_watched();
  });
}

void WorkerThread::begin_stop(Duration patience) {
  run_soon([patience](WorkerThread& worker) { worker.stop_now(patience); });
}

void WorkerThread::stop_now(Duration patience) {
  is_stopping_ = true;
  stop_at_ = clock_.now() + patience;
  for (const auto& listener : listeners_) {
    listener->socket->detach();
  }
  broker_.stop();
  for (const auto& client : clients_) {
    client->close();
  }
}

}  // namespace peal::server
