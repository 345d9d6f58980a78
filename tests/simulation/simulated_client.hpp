// A client that keeps the standard's rules for clients and forgets nothing of what it saw: what it
// sent and was not acknowledged, what it received, what it still has to acknowledge.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "support/broker_harness.hpp"

namespace peal::broker::simulation {

using mqtt::PacketId;
using mqtt::PacketType;
using mqtt::QoS;

/// Something that must not happen; the run ends with it.
struct Violation {
  std::string what;
};

/// Somebody who looks at every message a client receives for the first time or again.
class Observer {
 public:
  virtual void received(unsigned client, const mqtt::Publish& packet) = 0;

 protected:
  ~Observer() = default;
};

class SimulatedClient {
 public:
  SimulatedClient(test::BrokerHarness& harness, unsigned number, Observer& observer);

  struct Sent {
    std::string topic;
    std::string payload;
    QoS qos = QoS::at_most_once;
    bool retain = false;
    bool is_received = false;  // PUBREC came
  };
  struct Subscribed {
    QoS qos = QoS::at_most_once;
    bool is_confirmed = false;
  };

  void connect(bool clean_start, std::uint32_t expiry, std::uint16_t receive_maximum,
               const std::optional<test::WillSays>& will);
  void break_off();
  /// In the middle of a PUBLISH, which so never was.
  void break_off_in_a_packet();
  void disconnect();
  /// The server is gone. What it sent and was not read arrived, or not.
  void crashed(bool has_arrived);
  /// Its socket takes nothing for a while, and then everything.
  void stall();
  void drain();
  void subscribe(const std::string& filter, QoS qos);
  void unsubscribe(const std::string& filter);
  void publish(const std::string& topic, const std::string& payload, QoS qos, bool retain);
  /// Looks at everything that came.
  void read();
  /// Sends the acknowledgement that waits longest; false when there is none.
  bool acknowledge();

  [[nodiscard]] bool is_open() const { return client_->is_open(); }
  /// Whether CONNACK came on this connection.
  [[nodiscard]] bool is_connected() const { return is_open() && is_welcome_; }
  [[nodiscard]] bool has_session(Time now) const;
  [[nodiscard]] std::size_t in_flight() const { return sent_.size(); }

  /// Topic Aliases that it takes from the server and gives it; none in 3.1.1. From the next
  /// connection on.
  std::uint16_t aliases = 0;

  unsigned number;
  std::map<std::string, Subscribed> subscriptions;  // of the present session
  unsigned session_number = 0;                      // counts sessions
  unsigned changes = 0;  // subscriptions that were replaced or taken away in this session
  bool has_will = false;

 private:
  void forget_session();
  void leave();
  void note(const mqtt::Connack& packet);
  void note(const mqtt::Publish& packet);
  void note(const mqtt::Ack& packet);
  void note(const mqtt::Suback& packet);
  [[nodiscard]] mqtt::Publish with_topic(const mqtt::Publish& packet);
  void send_again();
  void say(const Sent& message, std::uint16_t packet_id, bool dup);
  std::uint16_t next_packet_id();

  test::BrokerHarness& harness_;
  Observer& observer_;
  test::TestClient* client_;  // the present connection
  test::TestClient* other_;   // the one before, or the next one
  std::map<std::uint16_t, Sent> sent_;
  std::vector<std::uint16_t> order_;       // of `sent_`
  std::set<std::uint16_t> half_received_;  // QoS 2 that came and was not released
  std::deque<mqtt::Ack> due_;
  std::map<std::uint32_t, std::string> aliases_in_;   // of this connection
  std::map<std::string, std::uint16_t> aliases_out_;  // of this connection, by topic
  std::uint32_t aliases_out_limit_ = 0;               // what the server said
  std::deque<std::string> subscribing_;               // SUBACKs awaited, in order
  std::uint16_t last_packet_id_ = 0;
  std::uint16_t last_alias_ = 0;
  mqtt::ProtocolVersion version_;
  std::uint32_t expiry_ = 0;
  Time left_{};
  bool exists_ = false;  // a session that outlives its connection, until its time is over
  bool is_welcome_ = false;
  bool is_present_expected_ = false;
};

}  // namespace peal::broker::simulation
