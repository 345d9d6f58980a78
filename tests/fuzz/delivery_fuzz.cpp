// Clients that keep the rules, on one to three workers, in whatever order the input says: they
// come, are lost, take themselves over, subscribe alone and shared, publish with aliases, leave
// wills; mail between workers arrives when the input says so.
//
// Nobody gets a message that it has no subscription for, or under another topic than it was
// published to; QoS 2 comes once; a will comes once; and at the end nothing is left.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>

#include "simulation/simulated_client.hpp"
#include "support/naive_match.hpp"

namespace {

using namespace peal;
using namespace peal::broker::simulation;
using broker::Counters;

constexpr unsigned client_count = 4;  // the last one speaks 3.1.1
constexpr std::size_t steps_limit = 1000;
constexpr std::array<std::string_view, 8> filters{"t/a", "t/+",          "#",         "t/#", "w/+",
                                                  "r/#", "$share/g/t/+", "$share/h/#"};
constexpr std::array<std::string_view, 6> topics{"t/a", "t/b", "t", "r/a", "r/b", "t/a/b"};

/// What the fuzzer gives, taken from the front; zeros once it is used up.
class Choices {
 public:
  explicit Choices(Bytes bytes) : rest_(bytes) {}
  [[nodiscard]] bool has_more() const { return !rest_.empty(); }
  unsigned below(unsigned limit) {
    if (rest_.empty()) {
      return 0;
    }
    const unsigned byte = rest_[0];
    rest_ = rest_.subspan(1);
    return byte % limit;
  }

 private:
  Bytes rest_;
};

/// The filter without its share.
std::string plain(const std::string& filter) {
  return filter.starts_with("$share/") ? filter.substr(filter.find('/', 7) + 1) : filter;
}

struct Message {
  std::string topic;
  bool retain = false;
  std::map<std::pair<unsigned, unsigned>, unsigned> exactly_once;  // by client and its session
};

class Run final : public Observer {
 public:
  explicit Run(Choices choices) : choices_(choices), harness_(1 + choices_.below(3)) {
    harness_.settings.session.topic_alias_max = 2;
    harness_.settings.session.max_expiry = std::chrono::seconds(100);
    harness_.settings.queue.unsent_bytes = 200;
    for (unsigned i = 0; i < client_count; ++i) {
      clients_.push_back(std::make_unique<SimulatedClient>(harness_, i, *this));
      clients_.back()->aliases = i < 3 ? static_cast<std::uint16_t>(i) : 0;  // one takes none
    }
  }

  void run() {
    for (std::size_t step = 0; step < steps_limit && choices_.has_more(); ++step) {
      SimulatedClient& client = *clients_[choices_.below(client_count)];
      act(client, choices_.below(16));
      move_mail();
      client.read();
      note_sessions();
      require(harness_.sum(&Counters::protocol_errors) == 0, "the server complains");
    }
    come_to_rest();
  }

 private:
  static void require(bool claim, const std::string& otherwise) {
    if (!claim) {
      throw Violation{otherwise};
    }
  }

  void act(SimulatedClient& client, unsigned choice) {
    if (!client.is_open()) {
      connect(client);
      return;
    }
    if (!client.is_connected()) {
      client.read();
      return;
    }
    switch (choice) {
      case 0:
        client.break_off();
        break;
      case 1:
        client.disconnect();
        break;
      case 2:
        connect(client);  // takes itself over
        break;
      case 3:
      case 4:
        subscribe(client);
        break;
      case 5:
        unsubscribe(client);
        break;
      case 6:
        client.stall();
        break;
      case 7:
        client.drain();
        break;
      case 8:
        harness_.clock.time += Duration(choices_.below(200) * 1000);
        harness_.turn();
        break;
      case 9:
      case 10:
      case 11:
        publish(client);
        break;
      default:
        (void)client.acknowledge();
        break;
    }
  }

  /// Some letters, each of a pair of workers that the input names.
  void move_mail() {
    const unsigned workers = harness_.worker_count();
    for (unsigned letters = choices_.below(4); letters > 0 && workers > 1; --letters) {
      const unsigned pair = choices_.below(workers * workers);
      (void)harness_.deliver(pair / workers, pair % workers);
    }
  }

  void connect(SimulatedClient& client) {
    const unsigned how = choices_.below(64);
    std::optional<broker::test::WillSays> will;
    if ((how & 1U) != 0) {
      will = broker::test::WillSays{.topic = "w/" + std::to_string(client.number),
                                    .payload = "will " + std::to_string(++last_will_),
                                    .qos = static_cast<QoS>(how % 3),
                                    .retain = false,
                                    .delay = (how & 2U) != 0 ? 10U : 0U};
    }
    client.connect((how & 4U) != 0, (how & 8U) != 0 ? 100 : 0,
                   static_cast<std::uint16_t>(1 + (how >> 4U)), will);
  }

  void subscribe(SimulatedClient& client) {
    const std::string filter(filters[choices_.below(filters.size())]);
    wanted_[{client.number, client.session_number}].insert(filter);
    client.subscribe(filter, static_cast<QoS>(choices_.below(3)));
  }

  void unsubscribe(SimulatedClient& client) {
    if (!client.subscriptions.empty()) {
      client.unsubscribe(std::string(client.subscriptions.begin()->first));
    }
  }

  void publish(SimulatedClient& client) {
    if (client.in_flight() > 20) {
      return;
    }
    const unsigned how = choices_.below(6);
    Message message{.topic = std::string(topics[choices_.below(topics.size())]),
                    .retain = how > 2,
                    .exactly_once = {}};
    const std::string name = std::to_string(messages_.size());
    messages_.push_back(message);
    client.publish(message.topic, name, static_cast<QoS>(how % 3), message.retain);
  }

  void received(unsigned client, const mqtt::Publish& packet) override {
    const std::string payload(as_text(packet.payload));
    const std::string topic(packet.topic.text());
    const std::pair session{client, clients_[client]->session_number};
    const std::set<std::string>& wanted = wanted_[session];
    unsigned plain_wishes = 0;
    unsigned shares = 0;
    for (const std::string& filter : wanted) {
      if (mqtt::test::naive_match(plain(filter), topic)) {
        (filter.starts_with("$share/") ? shares : plain_wishes) += 1;
      }
    }
    require(plain_wishes + shares > 0, "nobody asked for " + topic);
    if (payload.starts_with("will ")) {
      require(topic.starts_with("w/"), "a will under another topic: " + topic);
      require(++wills_[payload][session] <= std::min(plain_wishes, 1U) + shares ||
                  packet.qos != QoS::exactly_once,
              "a will came twice: " + payload);
      return;
    }
    Message& message = messages_.at(std::stoul(payload));
    require(message.topic == topic, "published to " + message.topic + ", received as " + topic);
    if (packet.qos == QoS::exactly_once && !message.retain) {
      const unsigned most = std::min(plain_wishes, 1U) + shares;
      require(++message.exactly_once[session] <= most, "QoS 2 came twice: " + payload);
    }
  }

  void note_sessions() {
    const auto open = std::ranges::count_if(clients_, [](const auto& c) { return c->is_open(); });
    require(harness_.sum(&Counters::connections) == static_cast<std::uint64_t>(open),
            "connections are counted wrong");
  }

  /// Everybody reads and acknowledges what there is; then all leave, and their time passes.
  void come_to_rest() {
    for (const auto& client : clients_) {
      client->drain();
    }
    for (bool has_moved = true; has_moved;) {
      harness_.settle();
      has_moved = false;
      for (const auto& client : clients_) {
        client->read();
        has_moved = client->acknowledge() || has_moved;
      }
    }
    for (const auto& client : clients_) {
      require(!client->is_open() || client->in_flight() == 0, "not acknowledged");
      if (client->is_open()) {
        client->disconnect();
      }
    }
    harness_.pass(std::chrono::seconds(200));
    for (const auto counter : {&Counters::connections, &Counters::sessions,
                               &Counters::subscriptions, &Counters::queued_messages}) {
      require(harness_.sum(counter) == 0, "something is left behind");
    }
  }

  Choices choices_;
  broker::test::BrokerHarness harness_;
  std::vector<std::unique_ptr<SimulatedClient>> clients_;
  std::map<std::pair<unsigned, unsigned>, std::set<std::string>> wanted_;  // by client and session
  std::vector<Message> messages_;
  std::map<std::string, std::map<std::pair<unsigned, unsigned>, unsigned>> wills_;
  unsigned last_will_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    Run(Choices({data, size})).run();
  } catch (const Violation& violation) {
    std::fprintf(stderr, "violation: %s\n", violation.what.c_str());
    std::abort();
  }
  return 0;
}
