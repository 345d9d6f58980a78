#include "peal/broker/handlers.hpp"
#include "peal/broker/session.hpp"
#include "peal/broker/worker.hpp"

namespace peal::broker {

namespace {

/// A DISCONNECT may change the Session Expiry Interval, but not from 0. [MQTT-3.14.2-2]
Handled change_expiry(Channel& channel, const mqtt::PropertiesView& properties) {
  const auto asked = properties.number(mqtt::PropertyId::session_expiry_interval);
  if (!asked || !channel.has_session()) {
    return {};
  }
  Session& session = channel.session();
  if (session.expiry_interval.count() == 0 && *asked != 0) {
    return failure(mqtt::ReasonCode::protocol_error, "[MQTT-3.14.2-2]");
  }
  const auto longest = ExpiryInterval(channel.worker().context().settings.session.max_expiry);
  session.expiry_interval = std::min(ExpiryInterval(*asked), longest);
  return {};
}

}  // namespace

Handled handle_disconnect(Channel& channel, const mqtt::FixedHeader&, Bytes body) {
  const auto packet = mqtt::decode_disconnect(body, channel.version());
  if (!packet) {
    return failure(packet.error(), {});  // [MQTT-3.14.1-1] [MQTT3-3.14.1-1]
  }
  if (auto changed = change_expiry(channel, packet->properties); !changed) {
    return changed;
  }
  // Only a normal disconnection throws the will away. [MQTT-3.14.4-3] [MQTT3-3.14.4-3]
  const bool keeps_will = packet->reason != mqtt::ReasonCode::success;
  const std::string_view reason = packet->reason == mqtt::ReasonCode::success
                                      ? "Normal disconnection"
                                      : mqtt::reason_name(packet->reason);
  channel.log_end("client disconnected", reason, {}, LogLevel::info);
  channel.close();
  channel.leave_session(keeps_will);
  return {};
}

}  // namespace peal::broker
