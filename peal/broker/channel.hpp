// What the server knows of one Network Connection: how far it has come, what was agreed in CONNECT,
// and the session it serves. Packets come in through `feed`, one handler each (handle_*.cpp); every
// refusal leaves through `fail`.
//
// Owned by whoever owns the connection, on the session's worker; lives no longer than its port.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "peal/base/timer_wheel.hpp"
#include "peal/broker/allowed_topics.hpp"
#include "peal/broker/ports/authenticator.hpp"
#include "peal/broker/ports/authorizer.hpp"
#include "peal/broker/ports/connection.hpp"
#include "peal/broker/ports/log.hpp"
#include "peal/broker/publish_budget.hpp"
#include "peal/broker/settings.hpp"
#include "peal/broker/topic_aliases.hpp"
#include "peal/mqtt/decode.hpp"

namespace peal::broker {

class Session;
class Worker;
struct ChannelRef;

enum class ChannelState : std::uint8_t {
  awaiting_connect,
  authenticating,  // CONNECT came; an exchange or a pending answer
  connected,       // CONNACK 0x00 was sent
  closed,
};

/// Why a packet ends its connection: what the peer is told, and the sentence for the log.
struct Failure {
  mqtt::ReasonCode reason;
  std::string_view detail;  // a literal that names the clause
};

/// What a packet handler gives.
using Handled = std::expected<void, Failure>;

[[nodiscard]] inline std::unexpected<Failure> failure(mqtt::ReasonCode reason,
                                                      std::string_view detail) {
  return std::unexpected(Failure{reason, detail});
}

class Channel final : private TimerTarget {
 public:
  Channel(Worker& worker, Connection& connection, const ListenerSettings& listener);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  /// Handles the whole packets at the front of `input`.
  /// returns   bytes consumed. Fewer than whole packets when output should be flushed first or an
  /// answer is awaited:
  ///           call again then with the rest.
  std::size_t feed(Bytes input);

  /// The Network Connection broke or was closed by the peer without DISCONNECT.
  void connection_lost(std::string_view why);
  /// The peer's socket took all that waited.
  void drained();
  /// The server stops: v5 clients are told. Wills are sent as for any close by the server.
  void server_stops();

  [[nodiscard]] ChannelState state() const { return state_; }
  [[nodiscard]] bool is_waiting() const { return is_waiting_; }

  // For handlers and the parts of the worker.
  [[nodiscard]] Worker& worker() const { return worker_; }
  [[nodiscard]] Connection& connection() const { return connection_; }
  [[nodiscard]] const ListenerSettings& listener() const { return listener_; }
  [[nodiscard]] mqtt::ProtocolVersion version() const { return version_; }
  [[nodiscard]] bool is_v5() const { return version_ == mqtt::ProtocolVersion::v5; }
  [[nodiscard]] Session& session() const { return *session_; }
  [[nodiscard]] bool has_session() const { return session_ != nullptr; }
  [[nodiscard]] ClientIdentity identity() const;
  /// Tells it from earlier connections of its session.
  [[nodiscard]] std::uint32_t serial() const { return serial_; }
  [[nodiscard]] ChannelRef reference() const;
  /// What its CONNACK promised it. A client goes by that as long as it is connected, whatever is
  /// configured meanwhile.
  struct Announced {
    std::uint32_t packet_bytes = 0;
    std::uint16_t inflight = 0;
    std::uint16_t topic_alias_max = 0;
    mqtt::QoS max_qos = mqtt::QoS::at_most_once;
    bool has_retain = false;
  };
  [[nodiscard]] const Announced& announced() const { return announced_; }
  [[nodiscard]] std::uint16_t receive_maximum() const { return receive_maximum_; }
  [[nodiscard]] std::uint32_t maximum_packet_size() const { return maximum_packet_size_; }
  /// How many QoS 1 and 2 messages may be unacknowledged towards the client. [MQTT-3.3.4-9]
  [[nodiscard]] std::uint16_t window() const;
  [[nodiscard]] std::uint16_t topic_alias_maximum() const { return topic_alias_maximum_; }
  /// Without a Topic Alias Maximum no alias is sent. [MQTT-3.1.2-27]
  [[nodiscard]] bool aliases_out_enabled() const { return topic_alias_maximum_ != 0; }

  /// Sends bytes of the arena.
  void send(Bytes bytes, const SharedBuffer* owner = nullptr) { connection_.send(bytes, owner); }
  /// Encodes `packet` into the arena and sends it, if the client takes packets of that size.
  /// [MQTT-3.1.2-24]
  template <typename Packet>
  bool send_packet(const Packet& packet);

  /// It will `fail` at the next `settle`.    returns   false: that was known.
  bool become_doomed() { return !std::exchange(is_doomed_, true); }
  /// Refuses and closes: CONNACK or DISCONNECT with the reason where the version has one, one log
  /// line. The will is published. Not while a message is being routed: see `Worker::doom`.
  void fail(const Failure& failure);
  /// A newer connection has the session now. [MQTT-3.1.4-3]
  void taken_over();
  /// The session ended; nothing of it may be touched any more.
  void forget_session() { session_ = nullptr; }

  /// A QoS 1 or 2 PUBLISH waits for its PUBACK or PUBREC; it got it. Who has very many waiting
  /// is not read from meanwhile.
  void await_answer(mqtt::PacketType answer);
  void answered(mqtt::PacketType answer);
  /// Its next packet is a QoS 1 or 2 PUBLISH, and there is no memory for it.
  [[nodiscard]] bool waits_for_memory() const { return waits_for_memory_; }
  /// It need not wait any more; or only its next message need not.
  void hear_again();
  void hear_one();
  [[nodiscard]] bool has_open_answers() const { return open_pubacks_ + open_pubrecs_ > 0; }

  // Steps of CONNECT and AUTH (handle_connect.cpp, handle_auth.cpp).
  struct Exchange {
    std::string client_id;              // as CONNECT says it, for the log
    std::vector<std::uint8_t> connect;  // the CONNECT's body, until the exchange is over
    mqtt::FixedHeader header;
    std::string method;  // Authentication Method; stays as long as the connection [MQTT-4.12.0-5]
    AuthTicket ticket{};
    bool is_running = false;
    // What the CONNACK will say, once the session is stored.
    AuthAnswer answer;
    std::string assigned_client_id;
    bool is_session_present = false;
  };
  std::unique_ptr<Exchange> exchange;
  void authenticated(const AuthAnswer& answer);

  TopicAliasesIn aliases_in;
  TopicAliasesOut aliases_out;

  /// Whether the client may send another QoS 1 or 2 PUBLISH, by the Receive Maximum we announced.
  /// [MQTT-3.3.4-7]
  [[nodiscard]] bool has_receive_quota() const;

  /// Whether the client may publish there.    cost   little for one of the topics it was last
  /// allowed to.
  [[nodiscard]] bool may_publish(mqtt::TopicName topic, bool retain);
  /// The session has other rights now, or its first ones.
  void rights_changed();
  /// A PUBLISH of `bytes` came: who publishes faster than it may is not read from for a while.
  void spend(std::size_t bytes) {
    if (budget_ != nullptr) {
      spend_budget(bytes);
    }
  }

  /// The keep alive agreed on; zero: none.
  void start_keep_alive(std::chrono::seconds interval);
  /// What the client proved holds for so long, and the connection with it; nothing: for ever.
  /// Counts once it is connected.
  void set_validity(std::optional<std::chrono::milliseconds> valid_for);

 private:
  friend Handled handle_connect(Channel&, const mqtt::FixedHeader&, Bytes);
  friend void finish_connect(Channel&);
  friend Handled handle_disconnect(Channel&, const mqtt::FixedHeader&, Bytes);
  friend class ConnectSteps;

  struct Budget;
  void on_timer(Timer& timer) override;
  void arm_timer();
  void refuse_early(Bytes beginning);
  void spend_budget(std::size_t bytes);
  void handle(const mqtt::Frame& frame);
  [[nodiscard]] std::size_t packet_limit() const;
  [[nodiscard]] bool must_wait_for_memory(const mqtt::FixedHeader& header);
  void stop_waiting_if_free();
  void leave_session(bool publish_will);
  void close();
  void send_reason(const Failure& failure);
  void log_end(std::string_view what, std::string_view reason, std::string_view detail,
               LogLevel level) const;

  Worker& worker_;
  Connection& connection_;
  const ListenerSettings& listener_;
  Session* session_ = nullptr;
  std::unique_ptr<AllowedTopics> allowed_topics_;  // null: none yet
  std::unique_ptr<Budget> budget_;                 // null: as fast as it can
  Timer timer_;
  Time last_received_;
  std::chrono::milliseconds silence_limit_{0};  // 1.5 x Keep Alive
  Time valid_until_ = Time::max();
  std::uint32_t maximum_packet_size_ = 0xFFFFFFFF;
  std::uint16_t receive_maximum_ = 0xFFFF;
  std::uint16_t topic_alias_maximum_ = 0;
  std::uint16_t open_pubacks_ = 0;
  std::uint16_t open_pubrecs_ = 0;
  std::uint32_t serial_;
  Announced announced_;
  ChannelState state_ = ChannelState::awaiting_connect;
  mqtt::ProtocolVersion version_ = mqtt::ProtocolVersion::v3_1_1;
  bool is_version_known_ : 1 = false;
  bool is_waiting_ : 1 = false;
  bool is_held_back_ : 1 = false;  // too many wait for an answer
  bool waits_for_memory_ : 1 = false;
  bool may_publish_one_ : 1 = false;  // though there is no memory
  bool is_doomed_ = false;
};

}  // namespace peal::broker
