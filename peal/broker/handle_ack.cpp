#include "peal/broker/handlers.hpp"
#include "peal/broker/send_packet.hpp"
#include "peal/broker/session.hpp"
#include "peal/broker/worker.hpp"

namespace peal::broker {

namespace {

using mqtt::PacketType;
using mqtt::QoS;
using mqtt::ReasonCode;

void answer(Channel& channel, PacketType type, mqtt::PacketId packet_id, ReasonCode reason) {
  channel.send_packet(
      mqtt::Ack{.type = type, .packet_id = packet_id, .reason = reason, .properties = {}});
}

/// As `answer`; for a durable session once what was noted just now is safe.
void answer_when_safe(Channel& channel, PacketType type, mqtt::PacketId packet_id,
                      ReasonCode reason) {
  if (SessionRecords::is_durable(channel.session())) {
    channel.worker().commits().when_safe(after_commit::Answer{
        .to = channel.reference(), .type = type, .packet_id = packet_id, .reason = reason});
  } else {
    answer(channel, type, packet_id, reason);
  }
}

/// The client has a QoS 1 message, or does not want it. [MQTT-4.4.0-2]
void handle_puback(Channel& channel, const mqtt::Ack& packet) {
  Session& session = channel.session();
  OutgoingMessage* entry = session.outgoing.in_flight(packet.packet_id);
  if (entry != nullptr && entry->qos == QoS::at_least_once) {
    channel.worker().outbound().done(session, *entry);
  }
}

/// The client has a QoS 2 message. [MQTT-4.3.3-4]
void handle_pubrec(Channel& channel, const mqtt::Ack& packet) {
  Session& session = channel.session();
  OutgoingMessage* entry = session.outgoing.in_flight(packet.packet_id);
  if (entry == nullptr || entry->qos != QoS::exactly_once) {
    if (!mqtt::is_error(packet.reason)) {
      answer(channel, PacketType::pubrel, packet.packet_id,
             channel.is_v5() ? ReasonCode::packet_identifier_not_found : ReasonCode::success);
    }
    return;
  }
  if (mqtt::is_error(packet.reason)) {
    channel.worker().outbound().done(session, *entry);  // [MQTT-4.8.2-6]
    return;
  }
  session.outgoing.release(*entry);
  channel.worker().records().in_flight(session, *entry);
  answer_when_safe(channel, PacketType::pubrel, packet.packet_id, ReasonCode::success);
}

/// The client will not send the message again. [MQTT-4.3.3-11] [MQTT-4.3.3-12]
void handle_pubrel(Channel& channel, const mqtt::Ack& packet) {
  const bool was_known = channel.session().release(packet.packet_id);
  if (was_known) {
    channel.worker().records().released(channel.session(), packet.packet_id);
  }
  answer_when_safe(channel, PacketType::pubcomp, packet.packet_id,
                   was_known || !channel.is_v5() ? ReasonCode::success
                                                 : ReasonCode::packet_identifier_not_found);
}

void handle_pubcomp(Channel& channel, const mqtt::Ack& packet) {
  Session& session = channel.session();
  OutgoingMessage* entry = session.outgoing.in_flight(packet.packet_id);
  if (entry != nullptr && entry->state == FlowState::released) {
    channel.worker().outbound().done(session, *entry);
  }
}

}  // namespace

Handled handle_ack(Channel& channel, const mqtt::FixedHeader& header, Bytes body) {
  const auto packet = mqtt::decode_ack(header.type, body, channel.version());
  if (!packet) {
    return failure(packet.error(), {});
  }
  switch (packet->type) {
    case PacketType::puback:
      handle_puback(channel, *packet);
      break;
    case PacketType::pubrec:
      handle_pubrec(channel, *packet);
      break;
    case PacketType::pubrel:
      handle_pubrel(channel, *packet);
      break;
    default:
      handle_pubcomp(channel, *packet);
      break;
  }
  channel.worker().outbound().pump(channel.session());
  return {};
}

}  // namespace peal::broker
