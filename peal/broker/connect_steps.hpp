// CONNECT, step by step: what it may ask, who it is, which session it gets, what it is told. (MQTT
// 5 §3.1.4)
//
// An authentication that takes its time leaves between the steps; the CONNECT's bytes are kept then
// and decoded again.
#pragma once

#include "peal/broker/channel.hpp"

namespace peal::broker {

class ConnectSteps {
 public:
  ConnectSteps(Channel& channel, const mqtt::Connect& packet)
      : channel_(channel), packet_(packet) {}

  /// Everything that can be said without knowing who it is. [MQTT-3.1.4-1]
  [[nodiscard]] Handled check();
  /// Asks who it is: accepts, refuses, or leaves the channel waiting. [MQTT-3.1.4-2]
  [[nodiscard]] Handled authenticate(const mqtt::FixedHeader& header, Bytes body);
  /// It is who it says: session, CONNACK, what was left open.
  [[nodiscard]] Handled accept(const AuthAnswer& answer);
  /// Its session is stored, if it has to be: CONNACK, and what was left open.
  void finish();

 private:
  [[nodiscard]] Handled check_version() const;
  [[nodiscard]] Handled check_client_id() const;
  [[nodiscard]] Handled check_will() const;
  [[nodiscard]] Handled check_redirect();
  void take_properties();
  [[nodiscard]] std::string assign_client_id() const;
  [[nodiscard]] Handled enter(const AuthAnswer& answer);
  [[nodiscard]] Handled store_will(Session& session);
  [[nodiscard]] std::chrono::seconds agreed_keep_alive() const;
  void log_connected(bool session_present) const;
  [[nodiscard]] std::uint32_t expiry_asked() const;
  void send_connack(const AuthAnswer& answer, bool session_present, std::string_view assigned_id);

  Channel& channel_;
  const mqtt::Connect& packet_;
  Bytes body_;  // of the CONNECT, when it was not kept
};

/// The question for the authenticator; views into `packet`.
[[nodiscard]] AuthRequest auth_request(const Channel& channel, const mqtt::Connect& packet);
/// What the authenticator says to a connected client that proves itself anew. (MQTT 5 §4.12.1)
[[nodiscard]] Handled conclude_re_authentication(Channel& channel, const AuthAnswer& answer);
/// Sends an AUTH of the running exchange. [MQTT-4.12.0-2] [MQTT-4.12.0-5]
void send_auth(Channel& channel, mqtt::ReasonCode reason, std::string_view data);

}  // namespace peal::broker
