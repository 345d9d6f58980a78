// Several workers in one thread, with fakes for the world: clock, mail and connections move when a
// test says so, and a seed decides every order that is left open.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "support/broker_client.hpp"
#include "support/broker_disk.hpp"
#include "support/broker_ports.hpp"

#include "peal/base/arena.hpp"
#include "peal/broker/worker.hpp"

namespace peal::broker::test {

class BrokerHarness {
 public:
  explicit BrokerHarness(unsigned workers = 1, std::uint64_t seed = 1);
  ~BrokerHarness();
  BrokerHarness(const BrokerHarness&) = delete;
  BrokerHarness& operator=(const BrokerHarness&) = delete;

  Settings settings;
  RetainedTotals retained_totals;
  Totals totals;
  FakeUserSessions user_sessions;
  ListenerSettings listener;
  FakeClock clock;
  FakeRandom random;
  FakeLog log;
  FakeAuthenticator authenticator;
  FakeAuthorizer authorizer;
  FakePublishHook hook;
  FakeDisk disk;

  /// From now on sessions are durable; before any client connects.
  void keep_on_disk();
  /// The server ends at once, with everything that was not safe, and starts again from the disk.
  /// All clients have lost their connections.
  void crash();

  /// `authorizer` has other rules.
  void rights_changed() {
    for (const auto& node : nodes_) {
      node->worker->rights_changed();
    }
  }

  /// A client of that Client Identifier, not connected yet; another one every time.
  TestClient& client(std::string id, mqtt::ProtocolVersion version = mqtt::ProtocolVersion::v5);
  /// A client whose session lives on `worker` (modulo their number).
  TestClient& client_on(unsigned worker, const std::string& name,
                        mqtt::ProtocolVersion version = mqtt::ProtocolVersion::v5);

  /// Mail, timers and the clients' acknowledgements, until nothing moves any more.
  void settle();
  /// Lets time pass, stopping wherever something is due.
  void pass(Duration duration);
  /// One letter of one pair of workers, chosen at random; false when there is none.
  bool deliver_one();
  /// One letter from one worker to another; false when there is none.
  bool deliver(unsigned from, unsigned to);
  /// The end of an iteration of every worker: timers, settling, flush.
  void turn();
  /// Also what sessions asked of the disk.
  void turn_and_fetch();

  [[nodiscard]] unsigned worker_count() const { return static_cast<unsigned>(nodes_.size()); }
  [[nodiscard]] Worker& worker(unsigned index) { return *nodes_[index]->worker; }
  [[nodiscard]] unsigned home(std::string_view client_id) const;
  /// The worker that decides for a shared subscription ("$share/..."), or keeps a topic.
  [[nodiscard]] unsigned owner(std::string_view text) const { return home(text); }
  [[nodiscard]] FakeJournal& journal(unsigned index) { return nodes_[index]->journal; }
  [[nodiscard]] std::size_t mail_count() const { return post_.count(); }
  /// A counter, summed over the workers: `sum(&Counters::sessions)`.
  [[nodiscard]] std::uint64_t sum(Counter Counters::* counter) const;

  // For the clients.
  [[nodiscard]] Worker& home_worker(std::string_view client_id) { return worker(home(client_id)); }
  void flush(std::string_view client_id) { flush(home(client_id)); }

 private:
  struct Node {
    Node(Post& post, FakeDisk& disk, unsigned self) : mailbox(post, self), journal(disk, self) {}
    Arena arena;
    FakeMailbox mailbox;
    FakeJournal journal;
    std::unique_ptr<Worker> worker;
  };
  void flush(unsigned index);
  void start_worker(unsigned index);
  void restore();
  bool answer_fetches(unsigned index);
  bool is_due(unsigned index) const;

  Post post_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<std::unique_ptr<TestClient>> clients_;
};

}  // namespace peal::broker::test
