#include "peal/broker/connect_steps.hpp"
#include "peal/broker/handlers.hpp"
#include "peal/broker/send_packet.hpp"
#include "peal/broker/session.hpp"
#include "peal/broker/worker.hpp"

namespace peal::broker {

namespace {

using mqtt::PropertyId;
using mqtt::ReasonCode;

AuthRequest step_request(Channel& channel, const mqtt::Auth& packet) {
  AuthRequest request;
  request.client_id = channel.identity().client_id;
  request.peer = channel.connection().peer();
  request.method = channel.exchange->method;
  request.data = as_bytes(packet.properties.text(PropertyId::authentication_data).value_or(""));
  request.is_re_authentication = channel.state() == ChannelState::connected;
  return request;
}

/// Goes on with the exchange that CONNECT began.
Handled go_on_connecting(Channel& channel, const mqtt::Auth& packet) {
  const auto connect = mqtt::decode_connect(channel.exchange->header, channel.exchange->connect);
  if (!connect) {
    return failure(connect.error(), {});
  }
  AuthRequest request = auth_request(channel, *connect);
  request.data = step_request(channel, packet).data;
  const AuthAnswer answer =
      channel.worker().context().authenticator.proceed(request, channel.exchange->ticket);
  return ConnectSteps(channel, *connect).accept(answer);
}

/// A connected client proves itself anew. (MQTT 5 §4.12.1)
Handled re_authenticate(Channel& channel, const mqtt::Auth& packet) {
  Channel::Exchange& exchange = *channel.exchange;
  Authenticator& authenticator = channel.worker().context().authenticator;
  const bool begins = packet.reason == ReasonCode::re_authenticate;
  if (begins == exchange.is_running) {
    return failure(ReasonCode::protocol_error, "[MQTT-4.12.1-1]");
  }
  AuthAnswer answer;
  if (begins) {
    exchange.ticket = channel.worker().issue_ticket(channel);
    exchange.is_running = true;
    answer = authenticator.authenticate(step_request(channel, packet), exchange.ticket);
  } else {
    answer = authenticator.proceed(step_request(channel, packet), exchange.ticket);
  }
  return conclude_re_authentication(channel, answer);
}

}  // namespace

Handled conclude_re_authentication(Channel& channel, const AuthAnswer& answer) {
  Channel::Exchange& exchange = *channel.exchange;
  if (answer.state == AuthState::pending) {
    return {};  // the client goes on as who it was until the answer comes
  }
  if (answer.state == AuthState::more) {
    send_auth(channel, ReasonCode::continue_authentication, answer.data);
    return {};
  }
  channel.worker().withdraw_ticket(exchange.ticket);
  exchange.is_running = false;
  if (answer.state != AuthState::accepted) {
    return failure(answer.reason, "[MQTT-4.12.1-2]");
  }
  Session& session = channel.session();
  if (answer.user != session.user) {
    return failure(ReasonCode::not_authorized, "re-authentication as somebody else");
  }
  session.set_grants(answer.grants);
  channel.worker().keeper().review_rights(session);
  channel.worker().records().changed(session);
  channel.set_validity(answer.valid_for);
  send_auth(channel, ReasonCode::success, answer.data);
  return {};
}

void send_auth(Channel& channel, ReasonCode reason, std::string_view data) {
  const std::string& method = channel.exchange->method;
  mqtt::PropertiesBuilder properties(
      channel.worker().context().arena.take(method.size() + data.size() + 6));
  properties.text(PropertyId::authentication_method, method);  // [MQTT-4.12.0-5]
  if (!data.empty()) {
    properties.text(PropertyId::authentication_data, data);
  }
  channel.send_packet(
      mqtt::Auth{.reason = reason, .properties = properties.view()});  // [MQTT-3.15.2-1]
}

Handled handle_auth(Channel& channel, const mqtt::FixedHeader&, Bytes body) {
  if (!channel.is_v5()) {
    return failure(ReasonCode::malformed_packet, "AUTH before MQTT 5");
  }
  const auto packet = mqtt::decode_auth(body, channel.version());
  if (!packet) {
    return failure(packet.error(), {});
  }
  const auto method = packet->properties.text(PropertyId::authentication_method);
  if (channel.exchange == nullptr || channel.exchange->method.empty()) {
    return failure(ReasonCode::protocol_error, "[MQTT-4.12.0-7]");
  }
  if (method != channel.exchange->method) {
    return failure(ReasonCode::protocol_error, "[MQTT-4.12.0-5]");
  }
  if (channel.state() == ChannelState::authenticating) {
    return packet->reason == ReasonCode::continue_authentication
               ? go_on_connecting(channel, *packet)
               : failure(ReasonCode::protocol_error, "[MQTT-4.12.0-3]");
  }
  return re_authenticate(channel, *packet);
}

}  // namespace peal::broker
