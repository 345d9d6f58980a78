// What a scan says in MQTT on one connection, and what it hears: CONNECT, one message, one
// subscription. Every wait has a deadline and every connection a limit of bytes, so that a server
// that says nothing or never stops cannot hold the scan up.
//
// Owned and used by one thread; lives shorter than its connection.
#pragma once

#include <chrono>
#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "peal/base/bytes.hpp"
#include "peal/cli/scan_seen.hpp"
#include "peal/mqtt/frame.hpp"
#include "peal/mqtt/packets.hpp"

namespace peal::net {
class Stream;
}  // namespace peal::net

namespace peal::cli {

/// With what a CONNECT is sent.
struct LoginRequest {
  mqtt::ProtocolVersion version = mqtt::ProtocolVersion::v5;
  std::optional<std::string> user_name = {};
  std::optional<std::string> password = {};
  std::optional<std::string> will_topic = {};
};

class ScanTalk {
 public:
  using Clock = std::chrono::steady_clock;
  using Milliseconds = std::chrono::milliseconds;

  /// `stream`    outlives the talk.      `timeout`   of every answer that is waited for.
  ScanTalk(net::Stream& stream, mqtt::ProtocolVersion version, Milliseconds timeout)
      : stream_(stream), version_(version), timeout_(timeout) {}

  /// Sends CONNECT and waits for CONNACK.
  [[nodiscard]] Login log_in(const LoginRequest& request);

  /// Publishes an empty message with QoS 1 and waits for PUBACK.
  [[nodiscard]] Publishing publish(const std::string& topic);

  /// Subscribes with QoS 0 and counts what comes within `window`.
  /// `echo_topic`   not empty: when nothing comes a message is published there, to see it again.
  [[nodiscard]] Reading read(std::string_view filter, Milliseconds window,
                             const std::string& echo_topic);

  /// Says DISCONNECT and waits a moment for the end, so that the server knows it as one: it then
  /// sends no Will Message.
  void say_goodbye();

  /// Something came, or the server ended the connection.
  [[nodiscard]] bool has_heard() const { return has_heard_; }
  /// What the server said of itself so far.
  [[nodiscard]] const std::vector<Leak>& leaks() const { return leaks_; }

 private:
  enum class NoFrame : std::uint8_t { timed_out, closed, no_mqtt, too_much };
  struct Counter;

  bool send(const auto& packet);
  [[nodiscard]] bool send_publish(const std::string& topic, mqtt::PacketId packet_id);
  [[nodiscard]] std::expected<mqtt::Frame, NoFrame> next(Clock::time_point deadline);
  [[nodiscard]] Login read_connack(const mqtt::Frame& frame);
  void note_leaks(mqtt::PacketType type, mqtt::PropertiesView properties);
  [[nodiscard]] bool await_suback(Counter& counter, Clock::time_point deadline);
  void count_until(Counter& counter, Clock::time_point deadline);
  void count(Counter& counter, const mqtt::Frame& frame);
  void await_echo(Counter& counter, const std::string& topic);

  net::Stream& stream_;
  mqtt::ProtocolVersion version_;
  Milliseconds timeout_;
  std::vector<std::uint8_t> input_;
  std::size_t begin_ = 0;     // of what was not given out yet
  std::size_t received_ = 0;  // on the whole connection
  bool has_heard_ = false;
  std::vector<Leak> leaks_;
};

/// `prefix` and twelve letters that nobody else has.
[[nodiscard]] std::string with_random_letters(std::string_view prefix);

/// `text` without control characters and what is not UTF-8, at most `limit` bytes: fit for a
/// terminal, whoever wrote it.
[[nodiscard]] std::string printable(std::string_view text, std::size_t limit = 80);

/// Whether `text` says which program it comes from: it names one, or has a version number in it.
[[nodiscard]] bool tells_version(std::string_view text);

}  // namespace peal::cli
