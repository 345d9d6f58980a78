// The server crashes at any step, and with it goes all that the disk had not promised to keep. One
// to four workers, clients whose sessions last, one seed: connections break in the middle, mail
// arrives in any order, commits come late or fail. In the end everybody comes back, and everything
// that was ever acknowledged has to be there: QoS 1 at least once, QoS 2 exactly once, in order;
// each will once at most, each retained message the last one, each session as it was left.
#include <algorithm>
#include <array>
#include <chrono>
#include <gtest/gtest.h>
#include <random>

#include "seeds.hpp"
#include "simulated_client.hpp"

namespace peal::broker::simulation {
namespace {

constexpr unsigned client_count = 6;
constexpr unsigned steps = 300;
constexpr std::uint32_t expiry_seconds = 600'000;
constexpr unsigned window_limit = 5;  // of each client's Receive Maximum
constexpr unsigned queue_limit = 20;
constexpr std::array sharing{3U, 4U, 5U};    // of one shared subscription
constexpr unsigned everybody_sharing = 100;  // in the place of one of them

/// A mistake to be found: what the simulation is worth.
enum class Mistake : std::uint8_t {
  none,
  acknowledge_before_commit,
  forget_packet_identifier,
  deliver_will_twice,
};

class CrashSimulation final : public Observer {
 public:
  CrashSimulation(std::uint64_t seed, Mistake mistake)
      : harness_(1 + static_cast<unsigned>(seed % 4), seed), has_limit_(seed % 5 == 0) {
    harness_.settings.queue.memory_bytes = seed % 3 == 0 ? 0 : 1 << 20;
    if (has_limit_) {
      harness_.settings.queue.messages = queue_limit;
      harness_.settings.queue.on_full = seed % 2 == 0 ? OnFull::drop_oldest : OnFull::drop_newest;
    }
    harness_.settings.limits.connect_timeout = std::chrono::hours(1);  // commits may take long
    harness_.keep_on_disk();
    for (unsigned i = 0; i < harness_.worker_count(); ++i) {
      harness_.journal(i).acknowledges_early = mistake == Mistake::acknowledge_before_commit;
      harness_.journal(i).forgets_received = mistake == Mistake::forget_packet_identifier;
      harness_.journal(i).forgets_wills_end = mistake == Mistake::deliver_will_twice;
    }
    for (unsigned i = 0; i < client_count; ++i) {
      clients_.push_back(std::make_unique<SimulatedClient>(harness_, i, *this));
      connect(*clients_[i]);
      harness_.settle();
      clients_[i]->read();
      clients_[i]->subscribe("t/#", i % 2 == 0 ? QoS::exactly_once : QoS::at_least_once);
    }
    clients_[0]->subscribe("w/#", QoS::exactly_once);
    for (const unsigned i : {1U, 2U}) {
      clients_[i]->subscribe("s/#", QoS::exactly_once);
    }
    for (const unsigned i : sharing) {
      clients_[i]->subscribe("$share/g/s/#", QoS::exactly_once);
    }
    harness_.settle();
    clients_[0]->read();
    harness_.disk.is_held = true;
  }

  void run() {
    for (step = 0; step < steps; ++step) {
      act();
      check_queues();
    }
    come_to_rest();
    check();
    crash();  // and once more, when nothing is left to do
    come_to_rest();
    check();
    if (!harness_.disk.state.messages.empty()) {
      throw Violation{"messages stay on disk"};
    }
  }

  unsigned step = 0;
  unsigned crashes = 0;

 private:
  struct OrderKey {
    unsigned client;
    unsigned publisher;
    std::string topic;
    QoS qos;
    friend auto operator<=>(const OrderKey&, const OrderKey&) = default;
  };

  [[nodiscard]] unsigned chance(unsigned limit) {
    return static_cast<unsigned>(harness_.random.below(limit));
  }

  void act() {
    SimulatedClient& client = *clients_[chance(client_count)];
    if (!harness_.disk.has_failed) {
      if (!client.is_open()) {
        connect(client);
      } else if (client.is_connected()) {
        act_as(client, chance(100));
      }
    }
    for (unsigned i = chance(4); i > 0; --i) {
      (void)harness_.deliver_one();
    }
    for (unsigned i = chance(3); i > 0; --i) {
      (void)harness_.disk.commit_page();
    }
    if (chance(4) == 0) {
      harness_.clock.time += Duration(chance(2000));
      harness_.turn_and_fetch();
    }
    if (!harness_.disk.has_failed) {
      client.read();
    }
    if (chance(60) == 0) {
      harness_.disk.has_failed = true;  // for good: nothing more is promised until the next start
    }
    if (chance(harness_.disk.has_failed ? 8 : 80) == 0) {
      crash();
    }
  }

  void act_as(SimulatedClient& client, unsigned choice) {
    if (choice < 6) {
      end_will(client);
      if (choice % 2 == 0) {
        client.break_off();
      } else {
        client.break_off_in_a_packet();
      }
    } else if (choice < 40) {
      publish(client);
    } else {
      for (unsigned i = 1 + chance(3); i > 0; --i) {
        (void)client.acknowledge();
      }
    }
  }

  void connect(SimulatedClient& client) {
    std::optional<test::WillSays> will;
    wills_.erase(client.number);
    if (chance(2) == 0) {
      const std::string text = "will " + std::to_string(++last_will_);
      will = test::WillSays{
          .topic = "w/" + std::to_string(client.number), .payload = text, .qos = QoS::exactly_once};
      wills_[client.number] = text;
    }
    client.connect(false, expiry_seconds, static_cast<std::uint16_t>(1 + chance(window_limit)),
                   will);
  }

  /// Its connection ends without DISCONNECT: the will is due, if the server had said yes.
  void end_will(const SimulatedClient& client) {
    const auto will = wills_.find(client.number);
    if (will != wills_.end() && client.is_connected()) {
      due_wills_.push_back(will->second);
    }
    if (will != wills_.end()) {
      possible_wills_.push_back(will->second);
      wills_.erase(will);
    }
  }

  void publish(SimulatedClient& client) {
    if (client.in_flight() > 15) {
      return;
    }
    const unsigned sequence = ++last_sequence_;
    const std::string payload = std::to_string(client.number) + ":" + std::to_string(sequence);
    if (chance(6) == 0) {
      const std::string topic = "r/" + std::to_string(client.number);
      retained_[topic] = payload;
      client.publish(topic, payload, QoS::at_least_once, true);
      return;
    }
    const QoS qos = chance(2) == 0 ? QoS::at_least_once : QoS::exactly_once;
    constexpr std::array topics{"t/a", "t/b", "s/a"};
    const std::string topic = topics[chance(topics.size())];
    published_[payload] = {qos, topic};
    client.publish(topic, payload, qos, false);
  }

  /// No queue is longer than it may be. (A crash brings back what was in flight, and what was
  /// dropped a moment ago.)
  void check_queues() {
    for (unsigned i = 0; has_limit_ && crashes == 0 && i < harness_.worker_count(); ++i) {
      harness_.worker(i).sessions().for_each([](const Session& session) {
        if (session.outgoing.waiting_count() > queue_limit) {
          throw Violation{"a queue is too long"};
        }
      });
    }
  }

  void crash() {
    ++crashes;
    dropped_ += harness_.sum(&Counters::dropped_queue_full);
    harness_.disk.has_failed = false;
    for (const auto& client : clients_) {
      if (client->is_open()) {
        const bool has_arrived = chance(2) == 0;
        if (has_arrived) {
          client->read();
        }
        end_will(*client);
        client->crashed(has_arrived);
      }
    }
    harness_.crash();
  }

  void received(unsigned client, const mqtt::Publish& packet) override {
    const std::string payload(as_text(packet.payload));
    if (packet.topic.text().starts_with("w/")) {
      if (++wills_seen_[payload] > 1) {
        throw Violation{"a will came twice: " + payload};
      }
      return;
    }
    const bool is_shared = packet.topic.text().starts_with("s/") && client >= sharing.front();
    const bool is_first = ++receptions_[{is_shared ? everybody_sharing : client, payload}] == 1;
    if (!is_first && packet.qos == QoS::exactly_once) {
      throw Violation{"a QoS 2 message came twice to c" + std::to_string(client) + ": " + payload};
    }
    const auto colon = payload.find(':');
    const auto publisher = static_cast<unsigned>(std::stoul(payload.substr(0, colon)));
    const auto sequence = static_cast<unsigned>(std::stoul(payload.substr(colon + 1)));
    unsigned& last = last_seen_[{client, publisher, std::string(packet.topic.text()),
                                 published_.at(payload).qos}];
    // What one of several gives back may come later; so may what was dropped, after a crash.
    if (is_first && sequence < last && !is_shared && !has_limit_) {
      throw Violation{"out of order: " + payload + " after " + std::to_string(last)};
    }
    last = std::max(last, sequence);
  }

  void come_to_rest() {
    harness_.disk.is_held = false;
    harness_.disk.has_failed = false;
    harness_.settle();
    for (const auto& client : clients_) {
      client->read();
      if (!client->is_open()) {
        connect(*client);
      }
    }
    for (bool has_moved = true; has_moved;) {
      harness_.settle();
      has_moved = false;
      for (const auto& client : clients_) {
        client->read();
        has_moved = client->acknowledge() || has_moved;
      }
    }
  }

  /// As many as full queues dropped, and counted.
  bool may_miss_one_more() {
    return ++missed_ <= dropped_ + harness_.sum(&Counters::dropped_queue_full);
  }

  void check() {
    missed_ = 0;
    for (const auto& client : clients_) {
      if (client->in_flight() != 0) {
        throw Violation{"not acknowledged: c" + std::to_string(client->number)};
      }
    }
    constexpr std::array to_all{0U, 1U, 2U, 3U, 4U, 5U};
    constexpr std::array to_some{1U, 2U, everybody_sharing};
    for (const auto& [payload, published] : published_) {
      const bool is_to_all = published.topic.starts_with("t/");
      for (const unsigned client :
           is_to_all ? std::span<const unsigned>(to_all) : std::span<const unsigned>(to_some)) {
        if (!receptions_.contains({client, payload}) && !may_miss_one_more()) {
          throw Violation{"lost for c" + std::to_string(client) + ": " + payload};
        }
      }
    }
    for (const auto& [text, count] : wills_seen_) {
      if (std::ranges::find(possible_wills_, text) == possible_wills_.end()) {
        throw Violation{"a will too many: " + text};
      }
    }
    for (const std::string& text : due_wills_) {
      if (!wills_seen_.contains(text) && !may_miss_one_more()) {
        throw Violation{"a will is missing: " + text};
      }
    }
    std::map<std::string, std::string> kept;
    for (const auto& [key, retained] : harness_.disk.state.retained) {
      kept[key.second] = as_text(retained.message->payload());
    }
    if (kept != retained_) {
      throw Violation{"the retained messages are not the last ones"};
    }
    if (harness_.sum(&Counters::queued_messages) != 0) {
      throw Violation{"messages stay behind"};
    }
  }

  test::BrokerHarness harness_;
  std::vector<std::unique_ptr<SimulatedClient>> clients_;
  struct Published {
    QoS qos;
    std::string topic;
  };
  std::map<std::string, Published> published_;
  std::map<std::pair<unsigned, std::string>, unsigned> receptions_;
  std::map<OrderKey, unsigned> last_seen_;
  std::map<std::string, std::string> retained_;
  std::map<unsigned, std::string> wills_;  // of present connections
  std::vector<std::string> due_wills_;
  std::vector<std::string> possible_wills_;
  std::map<std::string, unsigned> wills_seen_;
  bool has_limit_;
  std::uint64_t dropped_ = 0;  // before the last crash
  std::uint64_t missed_ = 0;
  unsigned last_sequence_ = 0;
  unsigned last_will_ = 0;
};

struct Outcome {
  std::string wrong;  // empty when nothing was
  unsigned crashes = 0;
};

Outcome run(std::uint64_t seed, Mistake mistake = Mistake::none) {
  CrashSimulation simulation(seed, mistake);
  try {
    simulation.run();
  } catch (const Violation& violation) {
    return {"SEED=" + std::to_string(seed) + " step " + std::to_string(simulation.step) + ": " +
                violation.what,
            simulation.crashes};
  }
  return {{}, simulation.crashes};
}

/// SEED=n repeats one run; SEEDS=n runs 1 to n; FRESH_SECONDS=n runs others for so long.
TEST(CrashSimulation, LosesNothingThatWasAcknowledged) {
  if (const std::uint64_t seed = number_from("SEED", 0); seed != 0) {
    EXPECT_EQ(run(seed).wrong, "");
    return;
  }
  const std::uint64_t last = number_from("SEEDS", 300);
  std::uint64_t seeds = last;
  unsigned crashes = 0;
  for (std::uint64_t seed = 1; seed <= last; ++seed) {
    const Outcome outcome = run(seed);
    EXPECT_EQ(outcome.wrong, "");
    crashes += outcome.crashes;
  }
  std::random_device fresh;
  using SteadyClock = std::chrono::steady_clock;
  const auto end = SteadyClock::now() + std::chrono::seconds(number_from("FRESH_SECONDS", 3));
  while (SteadyClock::now() < end) {
    const Outcome outcome = run(std::uint64_t{fresh()} << 20 | ++seeds);
    EXPECT_EQ(outcome.wrong, "");
    crashes += outcome.crashes;
  }
  std::printf("%llu seeds, %u crashes\n", static_cast<unsigned long long>(seeds), crashes);
  EXPECT_GT(crashes, last);
}

class MistakeTest : public testing::TestWithParam<Mistake> {};

TEST_P(MistakeTest, IsFound) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const Outcome outcome = run(seed, GetParam());
    if (!outcome.wrong.empty()) {
      std::printf("%s\n", outcome.wrong.c_str());
      return;
    }
  }
  FAIL() << "nobody noticed";
}

INSTANTIATE_TEST_SUITE_P(Simulation, MistakeTest,
                         testing::Values(Mistake::acknowledge_before_commit,
                                         Mistake::forget_packet_identifier,
                                         Mistake::deliver_will_twice));

}  // namespace
}  // namespace peal::broker::simulation
