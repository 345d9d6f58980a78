// Two clients and a server of one or two workers: whatever the clients say, in whatever order, the
// server's packets can be read, nothing is left behind once they are gone, and its counts are true.
#include <array>
#include <string>

#include "support/broker_harness.hpp"

namespace {

using namespace peal;
using namespace peal::broker::test;
using namespace std::chrono_literals;
using broker::Counters;
using mqtt::QoS;

/// What the fuzzer gives, taken from the front; zeros once it is used up.
class Choices {
 public:
  explicit Choices(Bytes bytes) : rest_(bytes) {}
  [[nodiscard]] bool has_more() const { return !rest_.empty(); }
  std::uint8_t byte() {
    if (rest_.empty()) {
      return 0;
    }
    const std::uint8_t value = rest_[0];
    rest_ = rest_.subspan(1);
    return value;
  }
  Bytes bytes(std::size_t size) {
    const Bytes taken = rest_.first(std::min(size, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }

 private:
  Bytes rest_;
};

constexpr std::array<std::string_view, 8> filters{"a",          "a/+",   "#", "+/b", "$share/g/a/+",
                                                  "$share/g/#", "a/#/b", "w"};
constexpr std::array<std::string_view, 4> topics{"a", "a/b", "w", "$x"};

class Run {
 public:
  explicit Run(Choices choices) : choices_(choices), harness_(1 + choices_.byte() % 2) {
    harness_.settings.session.max_expiry = 100s;
    harness_.settings.queue.messages = 4;
    harness_.settings.session.inflight = 3;
    harness_.settings.queue.on_full = static_cast<broker::OnFull>(choices_.byte() % 3);
    for (const auto version : {mqtt::ProtocolVersion::v5, mqtt::ProtocolVersion::v3_1_1}) {
      clients_.push_back(&harness_.client_on(static_cast<unsigned>(clients_.size()), "c", version));
      clients_.back()->acknowledges = false;
    }
    clients_.push_back(&harness_.client(clients_[0]->id()));  // who takes the first one over
  }

  void run() {
    while (choices_.has_more()) {
      act(*clients_[choices_.byte() % clients_.size()]);
      if (choices_.byte() % 4 != 0) {
        harness_.settle();
      }
      for (TestClient* client : clients_) {
        (void)client->read_all();
      }
      PEAL_ASSERT(harness_.sum(&Counters::queued_messages) < 100'000);
    }
    finish();
  }

 private:
  void act(TestClient& client) {
    const std::uint8_t choice = choices_.byte();
    if (choice % 10 == 0 || !client.is_open()) {
      connect(client);
      return;
    }
    switch (choice % 10) {
      case 1:
        client.send_subscribe(filters[choices_.byte() % filters.size()],
                              {.qos = static_cast<QoS>(choices_.byte() % 3)});
        break;
      case 2:
      case 3:
        publish(client);
        break;
      case 4:
        client.send_ack(static_cast<mqtt::PacketType>(4 + choices_.byte() % 4),
                        static_cast<mqtt::PacketId>(1 + choices_.byte() % 8));
        break;
      case 5:
        client.break_off();
        break;
      case 6:
        harness_.pass(std::chrono::seconds(choices_.byte()));
        break;
      case 7:
        client.connection().is_stalled ? client.drain() : client.stall();
        break;
      case 8:
        send_packet(client);
        break;
      default:
        client.send_bytes(choices_.bytes(choices_.byte() % 16));
        break;
    }
  }

  void connect(TestClient& client) {
    const std::uint8_t how = choices_.byte();
    ConnectSays says{.clean_start = (how & 1) != 0,
                     .expiry = (how & 2) != 0 ? 100U : 0U,
                     .keep_alive = static_cast<std::uint16_t>(how & 4)};
    if ((how & 8) != 0) {
      says.will = WillSays{.topic = "w",
                           .payload = "x",
                           .qos = static_cast<QoS>(how % 3),
                           .retain = (how & 16) != 0,
                           .delay = (how & 32) != 0 ? 10U : 0U};
    }
    if ((how & 64) != 0) {
      says.properties.number(mqtt::PropertyId::topic_alias_maximum, 1);
    }
    if ((how & 128) != 0) {
      says.properties.text(mqtt::PropertyId::authentication_method, "riddle");
    }
    client.break_off();
    client.open();
    client.send_connect(says);
  }

  void publish(TestClient& client) {
    const std::uint8_t how = choices_.byte();
    client.send_publish(topics[choices_.byte() % topics.size()], (how & 1) != 0 ? "payload" : "",
                        {.qos = static_cast<QoS>((how >> 1) % 3),
                         .retain = (how & 8) != 0,
                         .dup = false,
                         .packet_id = static_cast<std::uint16_t>(1 + (how >> 4))});
  }

  /// A packet of any type whose length is right and whose rest is anything.
  void send_packet(TestClient& client) {
    const std::uint8_t first = choices_.byte();
    const Bytes body = choices_.bytes(choices_.byte() % 100);
    std::vector<std::uint8_t> packet{first, static_cast<std::uint8_t>(body.size())};
    packet.insert(packet.end(), body.begin(), body.end());
    client.send_bytes(packet);
  }

  void finish() {
    for (TestClient* client : clients_) {
      client->break_off();
    }
    harness_.settle();
    PEAL_ASSERT(harness_.sum(&Counters::connections) == 0);
    harness_.pass(200s);
    PEAL_ASSERT(harness_.sum(&Counters::sessions) == 0);
    PEAL_ASSERT(harness_.sum(&Counters::subscriptions) == 0);
    PEAL_ASSERT(harness_.sum(&Counters::queued_messages) == 0);
  }

  Choices choices_;
  BrokerHarness harness_;
  std::vector<TestClient*> clients_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Run(Choices({data, size})).run();
  return 0;
}
