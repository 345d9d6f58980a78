// What a client does with each packet that comes.
#include <cstdio>
#include <utility>

#include "peal/cli/client.hpp"
#include "peal/mqtt/decode.hpp"
#include "peal/mqtt/encode.hpp"

namespace peal::cli {

using mqtt::PacketType;
using mqtt::ReasonCode;

bool Client::handle(const mqtt::Frame& frame, Event& event) {
  is_ping_open_ = false;  // whatever comes shows that the server is there
  switch (frame.header.type) {
    case PacketType::publish:
      return handle_publish(frame, event);
    case PacketType::pubrel:
      return handle_pubrel(frame, event);
    case PacketType::puback:
    case PacketType::pubrec:
    case PacketType::pubcomp:
      return handle_ack(frame, event);
    case PacketType::suback:
    case PacketType::unsuback:
      return handle_suback(frame, event);
    case PacketType::pingresp:
      debug("received PINGRESP");
      return false;
    case PacketType::disconnect:
      return handle_disconnect(frame, event);
    default:
      return fail(event, "Error: The server sent a packet that it may not send.",
                  ExitCode::protocol_error);
  }
}

bool Client::resolve_alias(mqtt::Publish& packet) {
  const auto alias = packet.properties.number(mqtt::PropertyId::topic_alias);
  if (!alias.has_value()) {
    return true;
  }
  if (!packet.topic.empty()) {
    topic_of_alias_[*alias] = packet.topic.text();
    return true;
  }
  const auto known = topic_of_alias_.find(*alias);
  if (known == topic_of_alias_.end()) {
    return false;
  }
  packet.topic = mqtt::TopicName::trusted(known->second);
  return true;
}

bool Client::handle_publish(const mqtt::Frame& frame, Event& event) {
  auto packet = mqtt::decode_publish(frame.header, frame.body, options_.protocol);
  if (!packet.has_value() || !resolve_alias(*packet)) {
    return fail(event, "Error: The server sent a malformed PUBLISH.", ExitCode::protocol_error);
  }
  print_publish("received", *packet);
  const auto id = std::to_underlying(packet->packet_id);
  if (packet->qos == mqtt::QoS::exactly_once) {
    incoming_.try_emplace(id, Held{frame.header,
                                   {frame.body.begin(), frame.body.end()},
                                   std::string(packet->topic.text())});
    debug("sending PUBREC (m%d, rc0)", static_cast<int>(id));
    send_ack(PacketType::pubrec, packet->packet_id);
    return false;
  }
  if (packet->qos == mqtt::QoS::at_least_once) {
    debug("sending PUBACK (m%d, rc0)", static_cast<int>(id));
    send_ack(PacketType::puback, packet->packet_id);
  }
  event.kind = Event::Kind::message;
  event.message = *packet;
  return true;
}

bool Client::handle_pubrel(const mqtt::Frame& frame, Event& event) {
  const auto packet = mqtt::decode_ack(PacketType::pubrel, frame.body, options_.protocol);
  if (!packet.has_value()) {
    return fail(event, "Error: The server sent a malformed PUBREL.", ExitCode::protocol_error);
  }
  const auto id = std::to_underlying(packet->packet_id);
  debug("received PUBREL (Mid: %d)", static_cast<int>(id));
  const auto held = incoming_.find(id);
  const bool is_known = held != incoming_.end();
  debug("sending PUBCOMP (m%d)", static_cast<int>(id));
  // A PUBREL for nothing is answered all the same: its PUBCOMP was lost with a connection.
  send_ack(PacketType::pubcomp, packet->packet_id,
           is_known ? ReasonCode::success : ReasonCode::packet_identifier_not_found);
  if (!is_known) {
    return false;
  }
  released_ = std::move(held->second);
  incoming_.erase(held);
  const auto message = mqtt::decode_publish(released_.header, released_.body, options_.protocol);
  if (!message.has_value()) {
    return false;
  }
  event.kind = Event::Kind::message;
  event.message = *message;
  event.message.topic = mqtt::TopicName::trusted(released_.topic);
  return true;
}

bool Client::handle_ack(const mqtt::Frame& frame, Event& event) {
  const PacketType type = frame.header.type;
  const auto packet = mqtt::decode_ack(type, frame.body, options_.protocol);
  if (!packet.has_value()) {
    return fail(event, "Error: The server sent a malformed acknowledgement.",
                ExitCode::protocol_error);
  }
  const auto id = std::to_underlying(packet->packet_id);
  debug("received %s (Mid: %d, RC:%d)", std::string(mqtt::packet_name(type)).c_str(),
        static_cast<int>(id), static_cast<int>(packet->reason));
  const auto sent = in_flight_.find(id);
  if (sent == in_flight_.end()) {
    return false;
  }
  const bool is_failure = is_error(packet->reason);
  if (type == PacketType::pubrec && sent->second != Outgoing::puback && !is_failure) {
    sent->second = Outgoing::pubcomp;
    debug("sending PUBREL (m%d)", static_cast<int>(id));
    send_ack(PacketType::pubrel, packet->packet_id);
    return false;
  }
  const bool is_end = (type == PacketType::puback && sent->second == Outgoing::puback) ||
                      (type == PacketType::pubcomp && sent->second == Outgoing::pubcomp) ||
                      (type == PacketType::pubrec && is_failure);
  if (!is_end) {
    return fail(event, "Error: The server sent the wrong acknowledgement.",
                ExitCode::protocol_error);
  }
  in_flight_.erase(sent);
  event.kind = Event::Kind::published;
  event.packet_id = packet->packet_id;
  event.reason = packet->reason;
  event.text = packet->properties.text(mqtt::PropertyId::reason_string).value_or("");
  return true;
}

bool Client::handle_suback(const mqtt::Frame& frame, Event& event) {
  const PacketType type = frame.header.type;
  const auto packet = mqtt::decode_suback(type, frame.body, options_.protocol);
  if (!packet.has_value()) {
    return fail(event, "Error: The server sent a malformed SUBACK.", ExitCode::protocol_error);
  }
  debug("received %s", std::string(mqtt::packet_name(type)).c_str());
  event.kind = type == PacketType::suback ? Event::Kind::subscribed : Event::Kind::unsubscribed;
  event.packet_id = packet->packet_id;
  event.text = packet->properties.text(mqtt::PropertyId::reason_string).value_or("");
  for (const std::uint8_t code : packet->reason_codes) {
    event.reason_codes.push_back(ReasonCode{code});
  }
  return true;
}

bool Client::handle_disconnect(const mqtt::Frame& frame, Event& event) {
  const auto packet = mqtt::decode_disconnect(frame.body, options_.protocol);
  if (!packet.has_value() || options_.protocol != mqtt::ProtocolVersion::v5) {
    return fail(event, "Error: The server sent a DISCONNECT that it may not send.",
                ExitCode::protocol_error);
  }
  debug("received DISCONNECT (%d)", static_cast<int>(packet->reason));
  event.kind = Event::Kind::disconnected;
  event.reason = packet->reason;
  event.text = packet->properties.text(mqtt::PropertyId::reason_string).value_or("");
  return true;
}

}  // namespace peal::cli
