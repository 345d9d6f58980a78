// One event loop with everything that belongs to it: sockets, clients, its part of the broker. One
// iteration is always
//
//     wait and read -> mail of other workers -> timers -> flush -> destroy what was closed ->
//     hand the journal over -> send mail
//
// Mail goes out behind the journal, so that nobody can write down, and have committed, what rests
// on something that is not.
//
// Everything in here belongs to its thread, but for `run_soon`, `loop().wake()` and the counters.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "peal/auth/chain_authenticator.hpp"
#include "peal/base/arena.hpp"
#include "peal/broker/worker.hpp"
#include "peal/net/connection.hpp"
#include "peal/net/listener.hpp"
#include "peal/net/loop.hpp"
#include "peal/server/post_office.hpp"
#include "peal/server/system_clock.hpp"
#include "peal/server/system_random.hpp"
#include "peal/store/journal.hpp"
#include "peal/store/memory_journal.hpp"

namespace peal::server {

class Client;
class DurableStore;
struct ListenerRuntime;

/// What all workers share; outlives them.
struct Shared {
  broker::Settings settings;  // what workers start with
  broker::Log& log;
  broker::Authenticator* authenticator = nullptr;  // null: `desk` decides
  auth::LoginDesk* desk = nullptr;
  broker::Authorizer& authorizer;
  broker::PublishHook* publish_hook = nullptr;
  PostOffice& office;
  DurableStore* store = nullptr;  // null: nothing outlasts the process
  broker::RetainedTotals& retained_totals;
  broker::Totals& totals;
  broker::UserSessions* user_sessions = nullptr;  // null: not limited
  std::uint64_t hash_key = 0;
  std::atomic<std::size_t> connections_limit = 0;
  std::atomic<std::size_t> connections{0};
  std::atomic<std::size_t> http_connections_limit = 0;
  std::atomic<std::size_t> http_connections{0};
  std::atomic<std::size_t> newcomers_limit = 0;
  std::atomic<std::size_t> newcomers{0};  // connections that were not let in yet
  std::vector<WorkerThread*> workers;     // complete before the first starts
};

class WorkerThread {
 public:
  WorkerThread(Shared& shared, unsigned index);
  ~WorkerThread();
  WorkerThread(const WorkerThread&) = delete;
  WorkerThread& operator=(const WorkerThread&) = delete;

  // Of listeners and settings, before `start`, or on its thread (`run_soon`).
  /// Accepts on `socket`, for `listener`, once it runs. False: the system refused.
  [[nodiscard]] bool add_listener(std::unique_ptr<net::Listener> socket, ListenerRuntime& listener);
  /// Whoever comes to the sockets of `from` comes to `to`.
  void hand_listener_over(const ListenerRuntime& from, ListenerRuntime& to);
  /// Closes its sockets; who is connected stays.
  void remove_listener(const ListenerRuntime& listener);
  /// From now on.
  void use(const broker::Settings& settings) { settings_ = settings; }

  void start();
  /// One round of mail between workers, and what it caused. Before `start`.
  /// returns   whether there was any.
  bool exchange_mail();
  /// Tells the clients, waits for them for at most `patience`, ends the thread.    threads   any.
  void begin_stop(Duration patience);
  void join();

  /// Runs `action` on this worker's thread, in its next iteration.    threads   any.
  void run_soon(std::move_only_function<void(WorkerThread&)> action);

  // For its clients.
  [[nodiscard]] net::Loop& loop() { return loop_; }
  [[nodiscard]] broker::Worker& broker() { return broker_; }
  [[nodiscard]] const broker::Worker& broker() const { return broker_; }
  /// A channel was fed or told something: what that caused is settled, and output flushed early if
  /// there is much.
  void after_feed();
  /// The bytes of `buffer` are referred to until the next flush.
  void hold(const SharedBuffer& buffer);
  /// `client` is closed and is destroyed at the end of the iteration.
  void retire(Client& client);
  /// `client` left the loop and goes to its home.
  void hand_over(Client& client, broker::WorkerIndex home);
  /// Counts one more connection from `address`.
  /// returns   whether it counts; if not, and the listener's addresses are limited, it was refused.
  [[nodiscard]] bool admits(const net::Address& address, const ListenerRuntime& listener);
  /// Whether another page may be asked for; if not, that is counted.
  [[nodiscard]] bool serves_http();
  /// `client` has said CONNECT and waits for us: it counts as a newcomer, but is not turned out.
  void spare(Client& client);
  /// `client` has its CONNACK, or is going.
  void leave_newcomers(Client& client);
  /// `client` has output that its socket does not take: look after it now and then.
  void watch(Client& client);
  [[nodiscard]] net::Peer& peer_scratch() { return peer_scratch_; }
  [[nodiscard]] std::string& address_scratch() { return address_scratch_; }

 private:
  struct Mailroom;
  /// A socket, and the listener that it accepts for.
  struct Accepting {
    ListenerRuntime* listener;
    std::unique_ptr<net::Listener> socket;
  };
  [[nodiscard]] broker::Journal& journal();
  [[nodiscard]] broker::Authenticator& authenticator();
  void run();
  void iterate();
  void accept(int fd, const net::Address& address, ListenerRuntime& listener);
  void log_refused(const net::Address& address, std::string_view reason, std::string_view limit);
  void adopt(std::unique_ptr<Client> client);
  void welcome(Client& client);
  void note_oldest_newcomer();
  void make_room_for_newcomer();
  void turn_oldest_out();
  std::unique_ptr<Client> release(Client& client);
  bool take_mail();
  void send_mail();
  void take_actions();
  void look_after_slow_clients();
  void flush();
  [[nodiscard]] bool has_much_output() const;
  [[nodiscard]] Duration patience_of_poll();
  void stop_now(Duration patience);

  Shared& shared_;
  broker::Settings settings_;
  SystemClock clock_;
  SystemRandom random_;
  Arena arena_;
  net::Loop loop_;
  Mailbox mailbox_;
  store::MemoryJournal memory_journal_;
  store::Journal* journal_;  // null: `memory_journal_`
  std::optional<auth::ChainAuthenticator> chain_;
  broker::Worker broker_;
  std::vector<std::unique_ptr<Accepting>> listeners_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<Client*> slow_;
  std::list<Client*> newcomers_;  // have not said CONNECT yet; who came first stands in front
  std::atomic<Time> oldest_newcomer_{Time::max()};
  std::vector<SharedRef<SharedBuffer>> held_;
  Time slow_checked_at_{};
  net::Peer peer_scratch_;
  std::string address_scratch_;
  bool is_stopping_ = false;
  Time stop_at_{};
  std::mutex actions_mutex_;
  std::vector<std::move_only_function<void(WorkerThread&)>> actions_;
  std::atomic<bool> has_actions_{false};
  std::thread thread_;
};

}  // namespace peal::server
