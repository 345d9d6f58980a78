// What `peal scan` saw of a host, as values: written by the probes, judged by the checks. No
// payload and no Topic Name is kept, only how many there were.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "peal/mqtt/protocol_version.hpp"
#include "peal/mqtt/reason_code.hpp"
#include "peal/net/tls_probe.hpp"

namespace peal::cli {

/// How a port is spoken to.
enum class Way : std::uint8_t { none, tcp, tls, ws, wss };

[[nodiscard]] constexpr bool is_encrypted(Way way) { return way == Way::tls || way == Way::wss; }
[[nodiscard]] constexpr bool is_websocket(Way way) { return way == Way::ws || way == Way::wss; }

/// How one CONNECT ended.
struct Login {
  enum class End : std::uint8_t {
    untried,
    accepted,
    refused,    // by CONNACK, with `reason`
    closed,     // without a word
    silent,     // nothing in time
    no_mqtt,    // what came is something else
    unreached,  // no connection, or the limit of connections
  };
  End end = End::untried;
  mqtt::ReasonCode reason = mqtt::ReasonCode::success;

  [[nodiscard]] bool is_accepted() const { return end == End::accepted; }
  /// The port speaks MQTT: it said CONNACK.
  [[nodiscard]] bool is_answered() const { return end == End::accepted || end == End::refused; }
  /// It knows the version that was spoken.
  [[nodiscard]] bool is_understood() const {
    return is_answered() && reason != mqtt::ReasonCode::unsupported_protocol_version;
  }
};

/// What subscribing to one Topic Filter brought.
struct Reading {
  enum class Grant : std::uint8_t { untried, granted, refused, no_answer };
  Grant grant = Grant::untried;
  mqtt::ReasonCode reason = mqtt::ReasonCode::success;  // refused; success: the server closed
  std::size_t messages = 0;
  std::size_t topics = 0;               // different Topic Names among them
  std::size_t bytes = 0;                // of payload
  std::chrono::milliseconds window{0};  // how long it was listened
  bool is_cut = false;                  // there was more than is read
  bool is_echoed = false;               // a message of our own came back
};

/// What became of the one harmless message.
struct Publishing {
  enum class End : std::uint8_t { untried, accepted, refused, no_answer };
  End end = End::untried;
  mqtt::ReasonCode reason = mqtt::ReasonCode::success;  // refused
};

/// Text by which a server says what it is.
struct Leak {
  std::string where;
  std::string text;
};

struct TlsSeen {
  static constexpr std::array versions{net::OfferedTls::tls_1_0, net::OfferedTls::tls_1_1,
                                       net::OfferedTls::tls_1_2, net::OfferedTls::tls_1_3};
  net::TlsProbe any;
  std::array<net::TlsProbe::Outcome, versions.size()> outcomes{
      net::TlsProbe::Outcome::untested, net::TlsProbe::Outcome::untested,
      net::TlsProbe::Outcome::untested, net::TlsProbe::Outcome::untested};

  [[nodiscard]] bool is_spoken() const {
    return any.outcome == net::TlsProbe::Outcome::agreed ||
           any.outcome == net::TlsProbe::Outcome::refused;
  }
};

enum class Answer : std::uint8_t { untried, yes, no };

struct HttpSeen {
  Answer answers = Answer::untried;
  Answer websocket = Answer::untried;
  Answer foreign_origin = Answer::untried;  // a page of another site may open a WebSocket
};

/// How a stranger gets in: who the other probes are.
enum class Entry : std::uint8_t { none, anonymous, any_password };

struct PortSeen {
  std::uint16_t port = 0;
  bool is_open = false;
  std::string trouble;    // not open: why
  Way way = Way::none;    // how MQTT was spoken to it, the plainest way that works
  bool is_heard = false;  // something was said or the connection was ended: it is no tarpit
  Login plain;            // how the first CONNECT went, without TLS and WebSocket
  Login login_5;          // without a user name
  Login login_3;          // the same in MQTT 3.1.1
  Login random_login;     // with a user name and password that were made up
  Login will_login;
  Entry entry = Entry::none;
  Reading everything;  // `#`
  Reading system;      // `$SYS/#`
  Publishing publishing;
  TlsSeen tls;
  HttpSeen http;
  std::vector<Leak> leaks;

  /// What the probes speak: MQTT 5 where it is known, but 3.1.1 where that alone lets a stranger
  /// in.
  [[nodiscard]] mqtt::ProtocolVersion best_version() const {
    const bool is_better = login_5.is_accepted() || !login_3.is_accepted();
    return login_5.is_understood() && is_better ? mqtt::ProtocolVersion::v5
                                                : mqtt::ProtocolVersion::v3_1_1;
  }
};

struct PasswordsSeen {
  std::uint16_t port = 0;  // 0: no port asks for any
  std::size_t tried = 0;
  std::size_t listed = 0;
  std::string accepted;  // "admin/admin"
  std::string stopped;   // why not all were tried
};

struct HostSeen {
  std::string host;     // as it was named
  std::string address;  // that answered, or the first
  bool is_loopback = false;
  std::vector<PortSeen> ports;
  PasswordsSeen passwords;
  std::size_t connections = 0;
  std::chrono::milliseconds duration{0};
  std::chrono::system_clock::time_point now;
};

}  // namespace peal::cli
