// Three workers, eight clients and one seed: connections come and go, mail arrives in any order,
// acknowledgements late. After every step, and when all has come to rest, MQTT's promises are
// compared with a list of everything that was said.
#include <algorithm>
#include <gtest/gtest.h>

#include "seeds.hpp"
#include "simulated_client.hpp"
#include "support/naive_match.hpp"

namespace peal::broker::simulation {
namespace {

using namespace std::chrono_literals;

constexpr unsigned worker_count = 3;
constexpr unsigned client_count = 8;
constexpr unsigned steps = 400;
constexpr std::uint32_t expiry_seconds = 1000;
constexpr std::string_view share = "$share/g/s/+";

/// One message that was published, and who has to get it.
struct Published {
  unsigned publisher = 0;
  unsigned sequence = 0;
  std::string topic;
  QoS qos = QoS::at_most_once;
  bool is_shared = false;
  struct Promise {
    unsigned client = 0;
    unsigned session_number = 0;
    unsigned changes = 0;
  };
  std::vector<Promise> promises;
  std::map<unsigned, unsigned> receptions;  // by client
  unsigned exactly_once_receptions = 0;     // by anybody, with QoS 2
};

class Simulation final : public Observer {
 public:
  explicit Simulation(std::uint64_t seed) : harness_(worker_count, seed) {
    harness_.settings.queue.unsent_bytes = 200;
    harness_.settings.shared_choice =
        seed % 2 == 0 ? SharedChoice::least_in_flight : SharedChoice::round_robin;
    for (unsigned i = 0; i < client_count; ++i) {
      clients_.push_back(std::make_unique<SimulatedClient>(harness_, i, *this));
    }
    // The first one stays a member of the group, so that it is never without one.
    connect(*clients_[0], true);
    clients_[0]->subscribe(std::string(share), QoS::exactly_once);
    clients_[0]->subscribe("w/#", QoS::exactly_once);
    harness_.settle();
    clients_[0]->read();
  }

  void run() {
    for (step = 0; step < steps; ++step) {
      act();
      check_counters();
    }
    come_to_rest();
    check_promises();
    check_retained();
  }

  unsigned step = 0;

 private:
  [[nodiscard]] unsigned chance(unsigned limit) {
    return static_cast<unsigned>(harness_.random.below(limit));
  }
  [[nodiscard]] QoS any_qos() { return static_cast<QoS>(chance(3)); }
  SimulatedClient& any_client() { return *clients_[chance(client_count)]; }
  static bool is_lasting(const SimulatedClient& client) { return client.number % 2 == 0; }
  static std::uint32_t expiry_of(const SimulatedClient& client) {
    return client.number == 0 ? 600'000 : is_lasting(client) ? expiry_seconds : 0;
  }

  void act() {
    SimulatedClient& client = any_client();
    if (!client.is_open()) {
      if (chance(4) == 0) {
        connect(client, client.number != 0 && chance(5) == 0);
      }
    } else if (client.is_connected()) {
      act_as(client, chance(100));
    }
    for (unsigned i = chance(4); i > 0; --i) {
      (void)harness_.deliver_one();
    }
    if (chance(20) == 0) {
      harness_.clock.time += Duration(chance(20) == 0 ? 2'000'000 : chance(20'000));
      harness_.turn();
    }
    client.read();
  }

  void act_as(SimulatedClient& client, unsigned choice) {
    constexpr std::string_view filters[] = {"t/a", "t/+", "t/#", "r/#", share};
    if (choice < 5) {
      end_will(client);
      client.break_off();
    } else if (choice < 7) {
      client.disconnect();
    } else if (choice < 8) {
      end_will(client);
      connect(client, false);
    } else if (choice < 18) {
      client.subscribe(std::string(filters[chance(5)]),
                       client.number == 0 ? QoS::exactly_once : any_qos());
    } else if (choice < 21 && !client.subscriptions.empty() && client.number != 0) {
      client.unsubscribe(std::string(client.subscriptions.begin()->first));
    } else if (choice < 23) {
      client.stall();
    } else if (choice < 28) {
      client.drain();
    } else if (choice < 58) {
      publish(client);
    } else {
      for (unsigned i = 1 + chance(3); i > 0; --i) {
        (void)client.acknowledge();
      }
    }
  }

  void end_will(const SimulatedClient& client) {
    if (const auto it = wills_.find(client.number); it != wills_.end()) {
      due_wills_.push_back(it->second);
    }
  }

  void connect(SimulatedClient& client, bool clean_start) {
    std::optional<test::WillSays> will;
    wills_.erase(client.number);
    if (chance(3) == 0) {
      const std::string text = "will " + std::to_string(++last_will_);
      will = test::WillSays{
          .topic = "w/" + std::to_string(client.number), .payload = text, .qos = QoS::exactly_once};
      wills_[client.number] = text;
    }
    client.connect(clean_start, expiry_of(client), static_cast<std::uint16_t>(1 + chance(5)), will);
  }

  void publish(SimulatedClient& client) {
    if (client.in_flight() > 20) {
      return;
    }
    Published message;
    message.publisher = client.number;
    message.sequence = ++last_sequence_;
    message.qos = any_qos();
    const unsigned kind = chance(6);
    message.topic = kind < 2   ? "t/a"
                    : kind < 3 ? "t/b"
                    : kind < 5 ? "s/x"
                               : "r/" + std::to_string(client.number);
    message.is_shared = kind == 3 || kind == 4;
    const bool retain = kind == 5;
    message.qos = retain ? QoS::at_least_once : message.qos;
    promise(message);
    const std::string payload =
        std::to_string(client.number) + ":" + std::to_string(message.sequence);
    if (retain) {
      retained_[message.topic] = payload;
    }
    published_[message.sequence] = message;
    client.publish(message.topic, payload, message.qos, retain);
  }

  /// Notes who has a session with a confirmed subscription that brings the message with QoS 1 or 2.
  void promise(Published& message) {
    for (const auto& client : clients_) {
      if (!client->has_session(harness_.clock.time)) {
        continue;
      }
      const bool is_wanted = std::ranges::any_of(client->subscriptions, [&](const auto& entry) {
        return entry.second.is_confirmed && !entry.first.starts_with("$share") &&
               std::min(entry.second.qos, message.qos) != QoS::at_most_once &&
               mqtt::test::naive_match(entry.first, message.topic);
      });
      if (is_wanted) {
        message.promises.push_back({client->number, client->session_number, client->changes});
      }
    }
  }

  void received(unsigned client, const mqtt::Publish& packet) override {
    const std::string payload(as_text(packet.payload));
    if (packet.topic.text().starts_with("w/")) {
      ++wills_seen_[payload];
      return;
    }
    Published& message =
        published_.at(static_cast<unsigned>(std::stoul(payload.substr(payload.find(':') + 1))));
    if (packet.topic.text().starts_with("r/")) {
      last_seen_[{client, std::string(packet.topic.text())}] = payload;
      message.receptions[client] += 1;
      return;
    }
    const bool is_first = message.receptions[client]++ == 0;
    if (packet.qos == QoS::exactly_once) {
      ++message.exactly_once_receptions;
      if ((!is_first && !message.is_shared) ||
          (message.is_shared && message.exactly_once_receptions > 1)) {
        throw Violation{"a QoS 2 message came twice: " + payload};
      }
    }
    if (is_first && !message.is_shared) {
      // [MQTT-4.6.0-5] [MQTT-4.6.0-6]
      unsigned& last = last_sequence_seen_[{client, message.publisher, message.topic, packet.qos}];
      if (message.sequence < last) {
        throw Violation{"out of order: " + payload + " after " + std::to_string(last)};
      }
      last = message.sequence;
    }
  }

  void check_counters() {
    const auto open = std::ranges::count_if(clients_, [](const auto& c) { return c->is_open(); });
    if (harness_.sum(&Counters::connections) != static_cast<std::uint64_t>(open)) {
      throw Violation{"the number of connections is wrong"};
    }
    if (harness_.sum(&Counters::queued_messages) > 1'000'000) {
      throw Violation{"the number of queued messages is wrong"};
    }
    if (harness_.sum(&Counters::protocol_errors) != 0) {
      throw Violation{"the server complains: " + harness_.log.lines.back()};
    }
  }

  /// Everybody who has a session comes back for what waits; then nothing moves any more.
  void come_to_rest() {
    harness_.settle();
    for (const auto& client : clients_) {
      client->drain();
      client->read();
      if (!client->is_open() && client->has_session(harness_.clock.time)) {
        client->connect(false, expiry_of(*client), 3, {});
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
    if (harness_.sum(&Counters::queued_messages) != 0) {
      throw Violation{"messages stay behind: " +
                      std::to_string(harness_.sum(&Counters::queued_messages))};
    }
    std::size_t subscriptions = 0;
    std::size_t sessions = 0;
    for (const auto& client : clients_) {
      if (client->in_flight() != 0 && client->is_open()) {
        throw Violation{"not acknowledged"};
      }
      sessions += client->is_open() ? 1 : 0;
      subscriptions += client->is_open() ? client->subscriptions.size() : 0;
    }
    if (harness_.sum(&Counters::sessions) != sessions ||
        harness_.sum(&Counters::subscriptions) != subscriptions) {
      throw Violation{"sessions or subscriptions are counted wrong"};
    }
  }

  void check_promises() {
    for (const auto& [sequence, message] : published_) {
      for (const auto& promise : message.promises) {
        const SimulatedClient& client = *clients_[promise.client];
        const bool still_holds = client.is_open() &&
                                 client.session_number == promise.session_number &&
                                 client.changes == promise.changes;
        if (still_holds && !message.receptions.contains(promise.client)) {
          throw Violation{"lost for c" + std::to_string(promise.client) + ": " +
                          std::to_string(message.publisher) + ":" + std::to_string(sequence) +
                          " to " + message.topic};
        }
      }
      // A QoS 2 message that was begun may go with its member's session. [MQTT-4.8.2-5]
      if (message.is_shared && message.qos == QoS::at_least_once && message.receptions.empty()) {
        throw Violation{"lost by its group: " + std::to_string(sequence)};
      }
    }
    for (const auto& [text, count] : wills_seen_) {
      if (count > 1 || std::ranges::find(due_wills_, text) == due_wills_.end()) {
        throw Violation{"a will too many: " + text};
      }
    }
    for (const std::string& text : due_wills_) {
      if (!wills_seen_.contains(text)) {
        throw Violation{"a will is missing: " + text};
      }
    }
  }

  void check_retained() {
    auto& late = harness_.client("late");
    late.connect();
    late.subscribe("r/#", QoS::at_least_once);
    test::TestClient* client = &late;
    std::map<std::string, std::string> kept;
    while (client->waiting() > 0) {
      const auto packet = client->take();
      kept[std::string(packet.publish().topic.text())] = as_text(packet.publish().payload);
    }
    if (kept != retained_) {
      throw Violation{"the retained messages are not the last ones"};
    }
    for (const auto& subscriber : clients_) {
      const auto wish = subscriber->subscriptions.find("r/#");
      const bool is_certain = wish != subscriber->subscriptions.end() && subscriber->is_open() &&
                              wish->second.qos != QoS::at_most_once && wish->second.is_confirmed &&
                              subscriber->changes == 0;
      for (const auto& [topic, payload] : retained_) {
        if (is_certain && last_seen_[{subscriber->number, topic}] != payload) {
          throw Violation{"c" + std::to_string(subscriber->number) +
                          " saw something older last: " + topic + " " +
                          last_seen_[{subscriber->number, topic}] + " for " + payload};
        }
      }
    }
  }

  struct OrderKey {
    unsigned client;
    unsigned publisher;
    std::string topic;
    QoS qos;
    friend auto operator<=>(const OrderKey&, const OrderKey&) = default;
  };

  test::BrokerHarness harness_;
  std::vector<std::unique_ptr<SimulatedClient>> clients_;
  std::map<unsigned, Published> published_;
  std::map<OrderKey, unsigned> last_sequence_seen_;
  std::map<std::string, std::string> retained_;
  std::map<std::pair<unsigned, std::string>, std::string> last_seen_;
  std::map<unsigned, std::string> wills_;  // of present connections
  std::vector<std::string> due_wills_;
  std::map<std::string, unsigned> wills_seen_;
  unsigned last_sequence_ = 0;
  unsigned last_will_ = 0;
};

/// What went wrong, empty when nothing did.
std::string run(std::uint64_t seed) {
  Simulation simulation(seed);
  try {
    simulation.run();
  } catch (const Violation& violation) {
    return "SEED=" + std::to_string(seed) + " step " + std::to_string(simulation.step) + ": " +
           violation.what;
  }
  return {};
}

TEST(BrokerSimulation, KeepsItsPromises) {
  if (const std::uint64_t seed = number_from("SEED", 0); seed != 0) {
    EXPECT_EQ(run(seed), "");
    return;
  }
  const std::uint64_t last = number_from("SEEDS", 200);
  for (std::uint64_t seed = 1; seed <= last; ++seed) {
    EXPECT_EQ(run(seed), "");
  }
}

}  // namespace
}  // namespace peal::broker::simulation
