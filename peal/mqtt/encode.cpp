#include "peal/mqtt/encode.hpp"

#include "peal/mqtt/writer.hpp"

namespace peal::mqtt {
namespace {

constexpr unsigned reserved_flags = 2;  // of PUBREL, SUBSCRIBE and UNSUBSCRIBE

using enum PacketType;

bool has_properties(ProtocolVersion version) { return version == ProtocolVersion::v5; }

std::size_t text_size(std::string_view text) { return 2 + text.size(); }

/// A run of properties with its length in front; nothing before v5.
std::size_t properties_size(const PropertiesView& properties, ProtocolVersion version) {
  const std::size_t size = properties.raw().size();
  return has_properties(version) ? varint_size(static_cast<std::uint32_t>(size)) + size : 0;
}

void write_properties(Writer& writer, const PropertiesView& properties, ProtocolVersion version) {
  if (has_properties(version)) {
    writer.varint(properties.raw().size());  // [MQTT-2.2.2-1]
    writer.raw(properties.raw());
  }
}

/// Reason Code and properties as PUBACK and DISCONNECT end with them: left out where the standard
/// allows it.
template <typename Packet>
std::size_t reason_size(const Packet& packet, ProtocolVersion version) {
  if (!has_properties(version)) {
    return 0;
  }
  if (packet.properties.empty()) {
    return packet.reason == ReasonCode::success ? 0 : 1;
  }
  return 1 + properties_size(packet.properties, version);
}

template <typename Packet>
void write_reason(Writer& writer, const Packet& packet, ProtocolVersion version) {
  const std::size_t size = reason_size(packet, version);
  if (size > 0) {
    writer.byte(static_cast<unsigned>(packet.reason));
  }
  if (size > 1) {
    write_properties(writer, packet.properties, version);
  }
}

// What follows the fixed header, in bytes.

std::size_t body_size(const Connect& packet) {
  const std::string_view name = packet.version == ProtocolVersion::v3_1 ? "MQIsdp" : "MQTT";
  std::size_t size = text_size(name) + 4 + properties_size(packet.properties, packet.version) +
                     text_size(packet.client_id);
  if (packet.will) {
    size += properties_size(packet.will->properties, packet.version) +
            text_size(packet.will->topic.text()) + 2 + packet.will->payload.size();
  }
  size += packet.user_name ? text_size(*packet.user_name) : 0;
  size += packet.password ? 2 + packet.password->size() : 0;
  return size;
}

std::size_t body_size(const Connack& packet, ProtocolVersion version) {
  return 2 + properties_size(packet.properties, version);
}

std::size_t body_size(const Publish& packet, ProtocolVersion version) {
  return text_size(packet.topic.text()) + (packet.qos == QoS::at_most_once ? 0 : 2) +
         properties_size(packet.properties, version) + packet.payload.size();
}

std::size_t body_size(const Ack& packet, ProtocolVersion version) {
  return 2 + reason_size(packet, version);
}

std::size_t body_size(const Subscribe& packet, ProtocolVersion version) {
  return 2 + properties_size(packet.properties, version) + packet.entries.raw().size();
}

std::size_t body_size(const Unsubscribe& packet, ProtocolVersion version) {
  return 2 + properties_size(packet.properties, version) + packet.filters.raw().size();
}

std::size_t body_size(const Suback& packet, ProtocolVersion version) {
  const bool has_codes = version == ProtocolVersion::v5 || packet.type == suback;
  return 2 + properties_size(packet.properties, version) +
         (has_codes ? packet.reason_codes.size() : 0);
}

std::size_t body_size(const Disconnect& packet, ProtocolVersion version) {
  return reason_size(packet, version);
}

std::size_t body_size(const Auth& packet, ProtocolVersion version) {
  const bool is_bare = packet.reason == ReasonCode::success && packet.properties.empty();
  return is_bare ? 0 : 1 + properties_size(packet.properties, version);
}

unsigned connect_flags(const Connect& packet) {
  unsigned flags = packet.clean_start ? 0x02 : 0;
  if (packet.will) {
    flags |= 0x04 | static_cast<unsigned>(packet.will->qos) << 3;
    flags |= packet.will->retain ? 0x20 : 0;
  }
  flags |= packet.password ? 0x40 : 0;
  flags |= packet.user_name ? 0x80 : 0;
  return flags;
}

unsigned options_byte(const SubscriptionOptions& options) {
  return static_cast<unsigned>(options.qos) | (options.no_local ? 0x04U : 0U) |
         (options.retain_as_published ? 0x08U : 0U) |
         static_cast<unsigned>(options.retain_handling) << 4;
}

/// In 3.x only the QoS of the options is written.
void write_entries(Writer& writer, const EntryList<SubscribeEntry>& entries,
                   ProtocolVersion version) {
  if (version == ProtocolVersion::v5) {
    writer.raw(entries.raw());
    return;
  }
  for (const SubscribeEntry& entry : entries) {
    writer.text(entry.filter_text);
    writer.byte(static_cast<unsigned>(entry.options.qos));
  }
}

}  // namespace

std::size_t encoded_size(const Connect& packet) { return packet_size(body_size(packet)); }
std::size_t encoded_size(const Connack& packet, ProtocolVersion version) {
  return packet_size(body_size(packet, version));
}
std::size_t encoded_size(const Publish& packet, ProtocolVersion version) {
  return packet_size(body_size(packet, version));
}
std::size_t encoded_size(const Ack& packet, ProtocolVersion version) {
  return packet_size(body_size(packet, version));
}
std::size_t encoded_size(const Subscribe& packet, ProtocolVersion version) {
  return packet_size(body_size(packet, version));
}
std::size_t encoded_size(const Unsubscribe& packet, ProtocolVersion version) {
  return packet_size(body_size(packet, version));
}
std::size_t encoded_size(const Suback& packet, ProtocolVersion version) {
  return packet_size(body_size(packet, version));
}
std::size_t encoded_size(const Disconnect& packet, ProtocolVersion version) {
  return packet_size(body_size(packet, version));
}
std::size_t encoded_size(const Auth& packet, ProtocolVersion version) {
  return packet_size(body_size(packet, version));
}

std::optional<std::size_t> encode(const Connect& packet, MutableBytes out) {
  Writer writer(out, connect, 0, body_size(packet));
  if (!writer.ok()) {
    return std::nullopt;
  }
  const ProtocolVersion version = packet.version;
  const bool is_marked_bridge = packet.is_bridge && version != ProtocolVersion::v5;
  writer.text(version == ProtocolVersion::v3_1 ? "MQIsdp" : "MQTT");
  writer.byte(static_cast<unsigned>(version) | (is_marked_bridge ? 0x80U : 0U));
  writer.byte(connect_flags(packet));
  writer.two_bytes(packet.keep_alive_seconds);
  write_properties(writer, packet.properties, version);
  writer.text(packet.client_id);  // [MQTT-3.1.3-1] [MQTT3-3.1.3-1]
  if (packet.will) {
    write_properties(writer, packet.will->properties, version);
    writer.text(packet.will->topic.text());
    writer.binary(packet.will->payload);
  }
  if (packet.user_name) {
    writer.text(*packet.user_name);
  }
  if (packet.password) {
    writer.binary(*packet.password);
  }
  return writer.finish();
}

std::optional<std::size_t> encode(const Connack& packet, ProtocolVersion version,
                                  MutableBytes out) {
  Writer writer(out, connack, 0, body_size(packet, version));
  if (!writer.ok()) {
    return std::nullopt;
  }
  // [MQTT-3.2.2-1]; 3.1 has no Session Present.
  writer.byte(packet.session_present && version != ProtocolVersion::v3_1 ? 1 : 0);
  writer.byte(version == ProtocolVersion::v5 ? static_cast<unsigned>(packet.reason)
                                             : connect_return_code(packet.reason));
  write_properties(writer, packet.properties, version);
  return writer.finish();
}

std::optional<std::size_t> encode(const Publish& packet, ProtocolVersion version,
                                  MutableBytes out) {
  const unsigned flags =
      (packet.dup ? 8U : 0U) | static_cast<unsigned>(packet.qos) << 1 | (packet.retain ? 1U : 0U);
  Writer writer(out, publish, flags, body_size(packet, version));
  if (!writer.ok()) {
    return std::nullopt;
  }
  writer.text(packet.topic.text());  // [MQTT-3.3.2-1] [MQTT3-3.3.2-1]
  if (packet.qos != QoS::at_most_once) {
    writer.two_bytes(static_cast<std::size_t>(packet.packet_id));
  }
  write_properties(writer, packet.properties, version);
  writer.raw(packet.payload);
  return writer.finish();
}

std::optional<std::size_t> encode(const Ack& packet, ProtocolVersion version, MutableBytes out) {
  Writer writer(out, packet.type, packet.type == pubrel ? reserved_flags : 0,
                body_size(packet, version));
  if (!writer.ok()) {
    return std::nullopt;
  }
  writer.two_bytes(static_cast<std::size_t>(packet.packet_id));
  write_reason(writer, packet, version);
  return writer.finish();
}

std::optional<std::size_t> encode(const Subscribe& packet, ProtocolVersion version,
                                  MutableBytes out) {
  Writer writer(out, subscribe, reserved_flags, body_size(packet, version));
  if (!writer.ok()) {
    return std::nullopt;
  }
  writer.two_bytes(static_cast<std::size_t>(packet.packet_id));
  write_properties(writer, packet.properties, version);
  write_entries(writer, packet.entries, version);
  return writer.finish();
}

std::optional<std::size_t> encode(const Unsubscribe& packet, ProtocolVersion version,
                                  MutableBytes out) {
  Writer writer(out, unsubscribe, reserved_flags, body_size(packet, version));
  if (!writer.ok()) {
    return std::nullopt;
  }
  writer.two_bytes(static_cast<std::size_t>(packet.packet_id));
  write_properties(writer, packet.properties, version);
  writer.raw(packet.filters.raw());
  return writer.finish();
}

std::optional<std::size_t> encode(const Suback& packet, ProtocolVersion version, MutableBytes out) {
  Writer writer(out, packet.type, 0, body_size(packet, version));
  if (!writer.ok()) {
    return std::nullopt;
  }
  writer.two_bytes(static_cast<std::size_t>(packet.packet_id));
  write_properties(writer, packet.properties, version);
  if (version == ProtocolVersion::v5) {
    writer.raw(packet.reason_codes);
  } else if (packet.type == suback) {
    for (const std::uint8_t code : packet.reason_codes) {
      writer.byte(code < 0x80 ? code : 0x80U);  // [MQTT3-3.9.3-2]
    }
  }
  return writer.finish();
}

std::optional<std::size_t> encode(const Disconnect& packet, ProtocolVersion version,
                                  MutableBytes out) {
  Writer writer(out, disconnect, 0, body_size(packet, version));
  if (!writer.ok()) {
    return std::nullopt;
  }
  write_reason(writer, packet, version);
  return writer.finish();
}

std::optional<std::size_t> encode(const Auth& packet, ProtocolVersion version, MutableBytes out) {
  const std::size_t size = body_size(packet, version);
  Writer writer(out, auth, 0, size);
  if (!writer.ok()) {
    return std::nullopt;
  }
  if (size > 0) {
    writer.byte(static_cast<unsigned>(packet.reason));
    write_properties(writer, packet.properties, version);
  }
  return writer.finish();
}

std::optional<std::size_t> encode_ping(PacketType type, MutableBytes out) {
  return Writer(out, type, 0, 0).finish();
}

bool append_entry(MutableBytes out, std::size_t& used, const SubscribeEntry& entry) {
  const std::size_t size = text_size(entry.filter_text) + 1;
  if (size > out.size() - used || entry.filter_text.size() > 0xFFFF) {
    return false;
  }
  Writer writer(out.data() + used);
  writer.text(entry.filter_text);
  writer.byte(options_byte(entry.options));
  used += size;
  return true;
}

bool append_entry(MutableBytes out, std::size_t& used, std::string_view filter_text) {
  const std::size_t size = text_size(filter_text);
  if (size > out.size() - used || filter_text.size() > 0xFFFF) {
    return false;
  }
  Writer(out.data() + used).text(filter_text);
  used += size;
  return true;
}

}  // namespace peal::mqtt
