// A client that a test plays: says packets, keeps what it is told, acknowledges by itself unless
// told not to.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/any_packet.hpp"
#include "support/broker_ports.hpp"

#include "peal/broker/channel.hpp"

namespace peal::broker::test {

class BrokerHarness;

/// Properties that own their bytes.
class OwnProperties {
 public:
  OwnProperties& number(mqtt::PropertyId id, std::uint32_t value);
  OwnProperties& text(mqtt::PropertyId id, std::string_view value);
  OwnProperties& pair(std::string_view name, std::string_view value);
  [[nodiscard]] mqtt::PropertiesView view() const { return mqtt::PropertiesView::trusted(bytes_); }

 private:
  std::vector<std::uint8_t> bytes_;
};

struct WillSays {
  std::string topic;
  std::string payload = {};
  mqtt::QoS qos = mqtt::QoS::at_most_once;
  bool retain = false;
  std::uint32_t delay = 0;
  OwnProperties properties = {};
};

struct ConnectSays {
  bool clean_start = true;
  std::uint32_t expiry = 0;
  std::uint16_t keep_alive = 0;
  std::optional<WillSays> will = {};
  std::optional<std::string> user_name = {};
  std::optional<std::string> password = {};
  OwnProperties properties = {};
};

struct PublishSays {
  mqtt::QoS qos = mqtt::QoS::at_most_once;
  bool retain = false;
  bool dup = false;
  std::uint16_t packet_id = 0;  // 0: the next one
  OwnProperties properties = {};
};

/// A packet and the bytes it is a view of. Moving keeps the views good.
struct ReceivedPacket {
  std::vector<std::uint8_t> bytes;
  mqtt::test::AnyPacket value;

  ReceivedPacket() = default;
  ReceivedPacket(ReceivedPacket&&) = default;
  ReceivedPacket& operator=(ReceivedPacket&&) = default;

  [[nodiscard]] const mqtt::Publish& publish() const { return std::get<mqtt::Publish>(value); }
  [[nodiscard]] const mqtt::Connack& connack() const { return std::get<mqtt::Connack>(value); }
  [[nodiscard]] bool is_publish() const { return std::holds_alternative<mqtt::Publish>(value); }
};

class TestClient {
 public:
  TestClient(BrokerHarness& harness, std::string id, mqtt::ProtocolVersion version);
  ~TestClient();
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;

  // What is said, with everything that follows from it: the harness comes to rest each time.

  /// Opens a connection and says CONNECT. Returns what came first: "CONNACK success".
  std::string connect(const ConnectSays& says = {});
  /// Returns what came first: "SUBACK 00".
  std::string subscribe(std::string_view filter, mqtt::QoS qos = mqtt::QoS::at_most_once,
                        std::uint32_t identifier = 0);
  std::string subscribe(std::string_view filter, const mqtt::SubscriptionOptions& options,
                        std::uint32_t identifier = 0);
  std::string unsubscribe(std::string_view filter);
  /// QoS 1 and 2 to their end. Returns the reason of PUBACK or PUBREC: "success"; "sent" for QoS 0.
  std::string publish(std::string_view topic, std::string_view payload,
                      const PublishSays& says = {});
  void disconnect(mqtt::ReasonCode reason = mqtt::ReasonCode::success,
                  const OwnProperties& properties = {});
  /// The Network Connection breaks.
  void lose();

  // Single steps: nothing is delivered yet.

  void open();
  void send_connect(const ConnectSays& says = {});
  void send_subscribe(std::string_view filter, const mqtt::SubscriptionOptions& options,
                      std::uint32_t identifier = 0);
  std::uint16_t send_publish(std::string_view topic, std::string_view payload,
                             const PublishSays& says = {});
  void send_ack(mqtt::PacketType type, mqtt::PacketId packet_id,
                mqtt::ReasonCode reason = mqtt::ReasonCode::success);
  void send_auth(mqtt::ReasonCode reason, std::string_view method, std::string_view data);
  void send(const mqtt::test::AnyPacket& packet);
  void send_bytes(Bytes bytes);
  /// The socket takes nothing from now on, or everything that waits and all to come.
  void stall() { connection_->is_stalled = true; }
  void drain();
  /// The server is gone: nobody hears of anything.
  void forget_connection();
  /// The connection breaks; its session hears of it, and nothing is delivered yet.
  void break_off();

  // What came.

  /// The next packet in words, "nothing", or "closed" when nothing will come any more.
  std::string read();
  /// The next packet; there has to be one.
  ReceivedPacket take();
  /// All that came and was not read, in words.
  std::vector<std::string> read_all();
  [[nodiscard]] std::size_t waiting() const { return received_.size(); }
  [[nodiscard]] bool is_open() const { return channel_ != nullptr; }
  [[nodiscard]] const std::string& id() const { return id_; }
  [[nodiscard]] Channel& channel() { return *channel_; }
  [[nodiscard]] FakeConnection& connection() { return *connection_; }

  /// Answers PUBLISH, PUBREC and PUBREL by itself; on from the start.
  bool acknowledges = true;

  // For the harness.

  /// Reads what the connection was sent; lets go of a channel that was closed.
  void collect();
  /// Sends the acknowledgements that are due; false when there are none.
  bool acknowledge();

 private:
  void note(ReceivedPacket packet);
  void feed();

  BrokerHarness& harness_;
  std::string id_;
  mqtt::ProtocolVersion version_;
  std::unique_ptr<FakeConnection> connection_;
  std::unique_ptr<Channel> channel_;
  std::vector<std::uint8_t> input_;
  std::deque<ReceivedPacket> received_;
  std::deque<mqtt::Ack> due_;
  std::string last_answer_;  // reason of the last PUBACK or PUBREC
  std::uint16_t last_packet_id_ = 0;
};

/// "PUBLISH a/b hello qos=1", "SUBACK 00", "DISCONNECT session_taken_over", ...
[[nodiscard]] std::string words_of(const mqtt::test::AnyPacket& packet);

}  // namespace peal::broker::test
