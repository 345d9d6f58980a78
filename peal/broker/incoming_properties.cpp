#include "peal/broker/incoming_properties.hpp"

namespace peal::broker {

namespace {

using mqtt::PropertyId;
using mqtt::ReasonCode;

/// Correlation Data and all others that are not this hop's own go on as they came. [MQTT-3.3.2-16]
bool is_forwarded(PropertyId id) {
  return id != PropertyId::topic_alias && id != PropertyId::message_expiry_interval &&
         id != PropertyId::will_delay_interval;
}

void note(const mqtt::Property& property, IncomingProperties& incoming) {
  switch (property.id) {
    case PropertyId::topic_alias:
      incoming.topic_alias = static_cast<std::uint16_t>(property.number);
      break;
    case PropertyId::message_expiry_interval:
      incoming.expiry = std::chrono::seconds(property.number);
      incoming.has_expiry = true;
      break;
    case PropertyId::will_delay_interval:
      incoming.will_delay = std::chrono::seconds(property.number);
      break;
    case PropertyId::payload_format_indicator:
      incoming.is_utf8_claimed = property.number == 1;
      break;
    default:
      break;
  }
}

}  // namespace

std::expected<IncomingProperties, Failure> read_incoming(const mqtt::PropertiesView& properties,
                                                         const Settings::Limits& limits,
                                                         Arena& arena) {
  IncomingProperties incoming;
  incoming.forwarded = properties.raw();
  if (properties.empty()) {
    return incoming;
  }
  if (properties.raw().size() > limits.properties_bytes) {
    return failure(ReasonCode::quota_exceeded, "limits.properties");
  }
  std::size_t user_properties = 0;
  bool has_own = false;
  for (const mqtt::Property& property : properties) {
    if (property.id == PropertyId::subscription_identifier) {
      return failure(ReasonCode::protocol_error, "[MQTT-3.3.4-6]");
    }
    if (property.id == PropertyId::response_topic && !mqtt::TopicName::parse(property.text)) {
      return failure(ReasonCode::protocol_error, "[MQTT-3.3.2-14]");
    }
    user_properties += property.id == PropertyId::user_property ? 1 : 0;
    has_own = has_own || !is_forwarded(property.id);
    note(property, incoming);
  }
  if (user_properties > limits.user_properties) {
    return failure(ReasonCode::quota_exceeded, "limits.user_properties");
  }
  if (has_own) {
    mqtt::PropertiesBuilder builder(arena.take(properties.raw().size()));
    for (const mqtt::Property& property : properties) {
      if (is_forwarded(property.id)) {
        builder.raw(property.raw);
      }
    }
    incoming.forwarded = builder.view().raw();
  }
  return incoming;
}

}  // namespace peal::broker
