#include <algorithm>

#include "peal/broker/handlers.hpp"
#include "peal/broker/incoming_properties.hpp"
#include "peal/broker/publication.hpp"
#include "peal/broker/send_packet.hpp"
#include "peal/broker/session.hpp"
#include "peal/broker/space.hpp"
#include "peal/broker/worker.hpp"
#include "peal/mqtt/utf8.hpp"

namespace peal::broker {

namespace {

using mqtt::QoS;
using mqtt::ReasonCode;

mqtt::PacketType answer_to(QoS qos) {
  return qos == QoS::at_least_once ? mqtt::PacketType::puback : mqtt::PacketType::pubrec;
}

/// Puts the topic in place of the alias. [MQTT-3.3.2-7] [MQTT-3.3.2-12]
Handled resolve_alias(Channel& channel, mqtt::Publish& packet, std::uint16_t alias) {
  if (alias == 0) {
    return {};
  }
  if (alias > channel.announced().topic_alias_max) {
    return failure(ReasonCode::topic_alias_invalid, "[MQTT-3.3.2-9]");
  }
  if (!packet.topic.empty()) {
    // Kept even when this message is refused: the client counts on it. A topic beyond the limit is
    // not worth the memory; what is sent under its alias finds none.
    const bool is_too_long =
        packet.topic.text().size() > channel.worker().context().settings.limits.topic_bytes;
    channel.aliases_in.set(alias, is_too_long ? mqtt::TopicName{} : packet.topic);
    return {};
  }
  packet.topic = channel.aliases_in.find(alias);
  if (packet.topic.empty()) {
    return failure(ReasonCode::protocol_error, "unknown Topic Alias (MQTT 5 §3.3.2.3.4)");
  }
  return {};
}

/// Why this message may not be published, though the packet is in order.
ReasonCode refusal_of(Channel& channel, const MessageFields& message, bool is_utf8_claimed) {
  const Context& context = channel.worker().context();
  const Settings& settings = context.settings;
  if (message.topic.text().size() > settings.limits.topic_bytes ||
      mqtt::count_levels(message.topic.text()) > settings.limits.topic_levels) {
    channel.worker().counters().exceeded_limits.add();
    return ReasonCode::topic_name_invalid;
  }
  // Topics that begin with '$' are the server's own.
  if (message.topic.is_dollar() || !channel.may_publish(message.topic, message.retain)) {
    return ReasonCode::not_authorized;
  }
  if (is_utf8_claimed && settings.mqtt.validate_payload_format &&
      !mqtt::is_utf8(as_text(message.payload))) {
    return ReasonCode::payload_format_invalid;
  }
  if (message.retain && !channel.worker().router().can_retain(channel.session().space(), message)) {
    channel.worker().counters().refused_retained.add();
    return ReasonCode::quota_exceeded;
  }
  if ((message.retain || message.qos != QoS::at_most_once) && context.journal.is_durable() &&
      context.journal.has_failed()) {
    return ReasonCode::quota_exceeded;
  }
  if (context.publish_hook != nullptr &&
      !context.publish_hook->on_publish(channel.identity(), message)) {
    return ReasonCode::not_authorized;
  }
  return ReasonCode::success;
}

/// After it the same Packet Identifier is a new message.
/// [MQTT-4.3.2-5] [MQTT-4.3.3-9] [MQTT3-4.3.2-2]
/// PUBACK or PUBREC. [MQTT-3.3.4-1] [MQTT-2.2.1-5] [MQTT-4.3.2-4] [MQTT-4.3.3-8] [MQTT3-3.3.4-1]
/// [MQTT3-2.3.1-6]
void acknowledge(Channel& channel, const mqtt::Publish& packet, ReasonCode reason) {
  const auto type = answer_to(packet.qos);
  // A refusal rests on nothing, so it waits for nobody but this client's own answers before it.
  if (mqtt::is_error(reason) && !channel.has_open_answers()) {
    channel.send_packet(
        mqtt::Ack{.type = type, .packet_id = packet.packet_id, .reason = reason, .properties = {}});
    return;
  }
  channel.await_answer(type);
  channel.worker().commits().when_safe(
      after_commit::Answer{.to = channel.reference(),
                           .type = type,
                           .packet_id = packet.packet_id,
                           .reason = reason});  // [MQTT-3.4.2-1] [MQTT-3.5.2-1]
}

void store_identifier(Channel& channel, mqtt::PacketId packet_id) {
  channel.session().add_unreleased(packet_id);
  channel.worker().records().received(channel.session(), packet_id);
}

Handled refuse(Channel& channel, const mqtt::Publish& packet, ReasonCode reason) {
  if (reason == ReasonCode::not_authorized) {
    channel.worker().counters().denied_publishes.add();
    channel.session().note(Trouble::publish_denied, packet.topic.text());
    if (channel.worker().context().settings.disconnects_on_deny) {
      return failure(reason, "auth.on_deny");
    }
  }
  if (channel.is_v5() && packet.qos != QoS::at_most_once) {
    acknowledge(channel, packet, reason);
    return {};
  }
  if (reason != ReasonCode::not_authorized && reason != ReasonCode::quota_exceeded) {
    return failure(reason, "PUBLISH (MQTT 5 §3.3)");
  }
  const Journal& journal = channel.worker().context().journal;
  if (packet.qos != QoS::at_most_once && journal.is_durable() && journal.has_failed()) {
    return failure(reason, "store: nothing can be kept");  // an acknowledgement would say it was
  }
  // A QoS 0 message is dropped; in 3.x an acknowledgement cannot say no. [MQTT3-3.3.5-2]
  if (packet.qos != QoS::at_most_once) {
    acknowledge(channel, packet, ReasonCode::success);
    if (packet.qos == QoS::exactly_once) {
      store_identifier(channel, packet.packet_id);  // its PUBREL will come
    }
  }
  return {};
}

Handled check_capabilities(const Channel& channel, const mqtt::Publish& packet) {
  const Channel::Announced& announced = channel.announced();
  if (packet.qos > announced.max_qos) {
    return failure(ReasonCode::qos_not_supported, "[MQTT-3.2.2-11]");
  }
  if (packet.retain && !announced.has_retain) {
    return failure(ReasonCode::retain_not_supported, "[MQTT-3.2.2-14]");
  }
  return {};
}

/// Whether it is sent on byte for byte to whoever speaks the publisher's version.
bool is_plain(const mqtt::Publish& packet) {
  return packet.qos == QoS::at_most_once && !packet.retain && packet.properties.empty();
}

}  // namespace

Handled handle_publish(Channel& channel, const mqtt::FixedHeader& header, Bytes body) {
  Worker& worker = channel.worker();
  auto packet = mqtt::decode_publish(header, body, channel.version());
  if (!packet) {
    return failure(packet.error(), {});
  }
  worker.counters().messages_received.add();
  channel.spend(body.size());
  const auto properties =
      read_incoming(packet->properties, worker.context().settings.limits, worker.context().arena);
  if (!properties) {
    return std::unexpected(properties.error());
  }
  if (auto resolved = resolve_alias(channel, *packet, properties->topic_alias); !resolved) {
    return resolved;
  }
  if (auto capable = check_capabilities(channel, *packet); !capable) {
    return capable;
  }
  Session& session = channel.session();
  if (packet->qos == QoS::exactly_once && session.is_unreleased(packet->packet_id)) {
    acknowledge(channel, *packet, ReasonCode::success);  // [MQTT-4.3.3-10] [MQTT3-4.3.3-2]
    return {};
  }
  if (packet->qos != QoS::at_most_once && !channel.has_receive_quota()) {
    return failure(ReasonCode::receive_maximum_exceeded, "[MQTT-3.3.4-7]");
  }
  const MessageFields message{
      .topic = packet->topic,
      .payload = packet->payload,
      .properties = properties->forwarded,
      .qos = packet->qos,
      .retain = packet->retain,
      .expires = properties->has_expiry ? worker.context().clock.now() + properties->expiry : never,
      .publisher = session.publisher()};
  if (packet->qos == QoS::at_most_once && worker.memory() == MemoryLevel::exhausted) {
    worker.counters().dropped_memory.add();
    return {};
  }
  if (const ReasonCode refusal = refusal_of(channel, message, properties->is_utf8_claimed);
      refusal != ReasonCode::success) {
    return refuse(channel, *packet, refusal);
  }
  if (packet->qos == QoS::exactly_once) {
    // Before it is handed on; in the journal together with what it did, so that after a crash there
    // are both or neither.
    store_identifier(channel, packet->packet_id);
  }
  Publication publication(message);
  if (is_plain(*packet)) {
    publication.came_as({.body = body, .is_v5 = channel.is_v5()});
  }
  const bool is_wanted = worker.router().route(session.space(), publication);
  if (packet->qos != QoS::at_most_once) {
    acknowledge(
        channel, *packet,
        is_wanted || !channel.is_v5() ? ReasonCode::success : ReasonCode::no_matching_subscribers);
  }
  return {};
}

}  // namespace peal::broker
