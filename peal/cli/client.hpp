// What an MQTT client does, one packet after the other: CONNECT, the handshakes of QoS 1 and 2 both
// ways, Keep Alive, Receive Maximum and Maximum Packet Size of the server, Topic Aliases of the
// server, DISCONNECT. (MQTT 5 §3, §4; 3.1.1 §3, §4)
//
// `next` waits and returns one thing that happened. A QoS 2 message is handed out when its
// handshake is complete, so that a program that stops after it has said so to the server. The state
// of the handshakes lives as long as the client: it may connect again and continue its Session.
// Owned and used by one thread.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "peal/cli/client_connection.hpp"
#include "peal/cli/options.hpp"
#include "peal/mqtt/packets.hpp"

namespace peal::cli {

/// mosquitto's exit codes, where they are not a CONNACK code.
enum class ExitCode : std::uint8_t {
  success = 0,
  failure = 1,
  protocol_error = 2,
  not_connected = 4,
  connection_lost = 7,
  qos_not_supported = 24,
  oversize_packet = 25,
  timed_out = 27,
  retain_not_supported = 28,
  topic_alias_invalid = 29,
};

/// Why a program ends badly: what to tell the person, and the exit code.
struct Failure {
  std::string text;
  int exit_code = 1;
  bool is_temporary = false;  // trying again may help: the network, not the server's will
};

/// One thing that happened.
struct Event {
  enum class Kind : std::uint8_t {
    timed_out,     // the deadline came
    interrupted,   // SIGINT, SIGTERM
    input_ready,   // the watched descriptor can be read
    message,       // `message`
    published,     // `packet_id` is acknowledged, with `reason`
    subscribed,    // `packet_id`, `reason_codes`
    unsubscribed,  // `packet_id`
    disconnected,  // the server said why: `reason`
    lost,          // the connection is gone: `text`, `exit_code`
  };
  Kind kind = Kind::timed_out;
  mqtt::Publish message = {};  // views are valid until the next call
  mqtt::PacketId packet_id = mqtt::PacketId::none;
  mqtt::ReasonCode reason = mqtt::ReasonCode::success;
  std::vector<mqtt::ReasonCode> reason_codes = {};
  std::string text = {};  // the server's Reason String, or what went wrong
  int exit_code = 0;
};

class Client {
 public:
  /// `options`   outlives the client.
  explicit Client(const Options& options);

  /// Connects and waits for CONNACK.
  [[nodiscard]] std::expected<void, Failure> connect();

  /// Sends one message.    returns   its Packet Identifier, none for QoS 0.
  /// errors   what the server does not take. The caller waits while `is_window_full`.
  [[nodiscard]] std::expected<mqtt::PacketId, Failure> publish(std::string_view topic,
                                                               Bytes payload, mqtt::QoS qos,
                                                               bool retain,
                                                               mqtt::PropertiesView properties);
  [[nodiscard]] mqtt::PacketId subscribe(const std::vector<std::string>& filters,
                                         const mqtt::SubscriptionOptions& subscription);
  [[nodiscard]] mqtt::PacketId unsubscribe(const std::vector<std::string>& filters);

  /// Waits for what happens next.    `watched_fd`   -1, or a descriptor to wait for as well.
  [[nodiscard]] Event next(Clock::time_point deadline, int watched_fd = -1);

  /// Says good-bye and closes. `reason` is said in MQTT 5 only.
  void disconnect(mqtt::ReasonCode reason = mqtt::ReasonCode::success);

  /// Whether one more QoS 1 or 2 message must wait for an acknowledgement.
  [[nodiscard]] bool is_window_full() const { return in_flight_.size() >= window_; }
  [[nodiscard]] std::size_t in_flight() const { return in_flight_.size(); }

 private:
  enum class Outgoing : std::uint8_t { puback, pubrec, pubcomp };

  bool send(const auto& packet);
  bool send_ack(mqtt::PacketType type, mqtt::PacketId id,
                mqtt::ReasonCode reason = mqtt::ReasonCode::success);
  bool send_connect();
  bool send_ping();
  void debug(const char* format, ...) const __attribute__((format(printf, 2, 3)));

  [[nodiscard]] Failure lost_before_connack(NoPacket cause) const;
  [[nodiscard]] std::expected<void, Failure> read_connack(const mqtt::Frame& frame);
  void take_limits(mqtt::PropertiesView properties);
  [[nodiscard]] std::expected<void, Failure> check_publish(const mqtt::Publish& packet) const;
  [[nodiscard]] mqtt::PacketId new_packet_id();
  [[nodiscard]] Clock::time_point next_ping() const;

  /// True when `event` is something for the caller.
  [[nodiscard]] bool handle(const mqtt::Frame& frame, Event& event);
  [[nodiscard]] bool handle_silence(NoPacket cause, Clock::time_point deadline, Event& event);
  [[nodiscard]] bool handle_time(Clock::time_point deadline, Event& event);
  [[nodiscard]] bool handle_publish(const mqtt::Frame& frame, Event& event);
  [[nodiscard]] bool handle_pubrel(const mqtt::Frame& frame, Event& event);
  [[nodiscard]] bool handle_ack(const mqtt::Frame& frame, Event& event);
  [[nodiscard]] bool handle_suback(const mqtt::Frame& frame, Event& event);
  [[nodiscard]] bool handle_disconnect(const mqtt::Frame& frame, Event& event);
  [[nodiscard]] bool resolve_alias(mqtt::Publish& packet);
  bool fail(Event& event, std::string text, ExitCode code);
  void print_publish(const char* verb, const mqtt::Publish& packet) const;

  /// A QoS 2 message whose PUBREL did not come yet: the packet as it came, and its topic (which an
  /// alias may have named).
  struct Held {
    mqtt::FixedHeader header;
    std::vector<std::uint8_t> body;
    std::string topic;
  };

  const Options& options_;
  std::unique_ptr<ClientConnection> connection_;
  std::string client_id_;
  std::string shown_id_;
  std::map<std::uint16_t, Outgoing> in_flight_;
  std::map<std::uint16_t, Held> incoming_;
  Held released_;  // what the last event's message looks into
  std::map<std::uint32_t, std::string> topic_of_alias_;
  std::uint16_t last_packet_id_ = 0;
  std::size_t window_ = 20;
  std::size_t server_packet_size_limit_ = 268'435'460;
  std::uint32_t server_alias_maximum_ = 0;
  mqtt::QoS server_maximum_qos_ = mqtt::QoS::exactly_once;
  bool server_retains_ = true;
  std::chrono::seconds keep_alive_{60};
  Clock::time_point last_sent_;
  bool is_ping_open_ = false;
};

}  // namespace peal::cli
