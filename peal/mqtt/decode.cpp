#include "peal/mqtt/decode.hpp"

#include "peal/mqtt/properties_reader.hpp"

namespace peal::mqtt {
namespace {

constexpr std::uint8_t session_present_flag = 0x01;
constexpr std::uint8_t suback_failure = 0x80;

/// Never 0 [MQTT-2.2.1-3] [MQTT3-2.3.1-1].
PacketId read_packet_id(Reader& reader) {
  const auto packet_id = static_cast<PacketId>(reader.two_bytes());
  reader.require(packet_id != PacketId::none, ReasonCode::protocol_error);
  return packet_id;
}

/// A code that packets of `type` may carry.
ReasonCode read_reason(Reader& reader, PacketType type) {
  const auto reason = static_cast<ReasonCode>(reader.byte());
  reader.require(is_reason_of(type, reason));
  return reason;
}

/// Reason Code and properties at the end of a packet: both, the code alone, or nothing, which
/// stands for Success. Versions before 5 have nothing.
template <typename Packet>
void read_reason_and_properties(Reader& reader, PacketType type, ProtocolVersion version,
                                Packet& packet) {
  if (version != ProtocolVersion::v5 || reader.left() == 0) {
    return;
  }
  packet.reason = read_reason(reader, type);
  if (reader.left() > 0) {
    packet.properties = read_properties(reader, place_of(type), version);
  }
}

void check_options(Reader& reader, std::uint8_t bits, std::string_view filter_text,
                   ProtocolVersion version) {
  if (version != ProtocolVersion::v5) {
    reader.require(bits <= 2);  // [MQTT3-3-8.3-4]
    return;
  }
  const auto qos = bits & 0x03;
  const auto no_local = (bits & 0x04) != 0;
  const auto retain_handling = bits & 0x30;
  reader.require((bits & 0xC0) == 0);  // [MQTT-3.8.3-5]
  reader.require(qos != 3 && retain_handling != 0x30, ReasonCode::protocol_error);
  // [MQTT-3.8.3-4]
  reader.require(!no_local || !filter_text.starts_with("$share/"), ReasonCode::protocol_error);
}

Bytes read_reason_codes(Reader& reader, PacketType type, ProtocolVersion version) {
  const Bytes codes = reader.rest();
  if (version != ProtocolVersion::v5 && type == PacketType::unsuback) {
    reader.require(codes.empty());
    return codes;
  }
  reader.require(!codes.empty(), ReasonCode::protocol_error);
  for (const std::uint8_t code : codes) {
    const bool is_allowed = version == ProtocolVersion::v5
                                ? is_reason_of(type, static_cast<ReasonCode>(code))
                                : code <= 2 || code == suback_failure;
    reader.require(is_allowed);  // [MQTT-3.9.3-2] [MQTT-3.11.3-2] [MQTT3-3.9.3-2]
  }
  return codes;
}

}  // namespace

Result<Connack> decode_connack(Bytes body, ProtocolVersion version) {
  Reader reader(body);
  Connack packet;
  const std::uint8_t flags = reader.byte();
  if (version != ProtocolVersion::v3_1) {                  // where this byte is reserved
    reader.require((flags & ~session_present_flag) == 0);  // [MQTT-3.2.2-1]
    packet.session_present = (flags & session_present_flag) != 0;
  }
  if (version == ProtocolVersion::v5) {
    packet.reason = read_reason(reader, PacketType::connack);  // [MQTT-3.2.2-8]
  } else {
    const std::uint8_t return_code = reader.byte();
    reader.require(return_code <= 5);
    packet.reason = reason_of_return_code(return_code);
  }
  packet.properties = read_properties(reader, PropertyPlace::connack, version);
  // [MQTT-3.2.2-6] [MQTT3-3.2.2-4]
  reader.require(!packet.session_present || packet.reason == ReasonCode::success,
                 ReasonCode::protocol_error);
  return reader.finish(packet);
}

Result<Ack> decode_ack(PacketType type, Bytes body, ProtocolVersion version) {
  Reader reader(body);
  Ack packet;
  packet.type = type;
  packet.packet_id = read_packet_id(reader);
  // [MQTT-3.4.2-1] [MQTT-3.5.2-1] [MQTT-3.6.2-1] [MQTT-3.7.2-1]
  read_reason_and_properties(reader, type, version, packet);
  return reader.finish(packet);
}

Result<Subscribe> decode_subscribe(Bytes body, ProtocolVersion version) {
  Reader reader(body);
  Subscribe packet;
  packet.packet_id = read_packet_id(reader);
  packet.properties = read_properties(reader, PropertyPlace::subscribe, version);
  const Bytes entries = body.last(reader.left());
  reader.require(!entries.empty(), ReasonCode::protocol_error);  // [MQTT-3.8.3-2] [MQTT3-3.8.3-3]
  while (reader.left() > 0) {
    const std::string_view filter_text = reader.text();  // [MQTT-3.8.3-1] [MQTT3-3.8.3-1]
    check_options(reader, reader.byte(), filter_text, version);
  }
  packet.entries = EntryList<SubscribeEntry>::trusted(entries);
  return reader.finish(packet);
}

Result<Unsubscribe> decode_unsubscribe(Bytes body, ProtocolVersion version) {
  Reader reader(body);
  Unsubscribe packet;
  packet.packet_id = read_packet_id(reader);
  packet.properties = read_properties(reader, PropertyPlace::unsubscribe, version);
  const Bytes filters = body.last(reader.left());
  reader.require(!filters.empty(), ReasonCode::protocol_error);  // [MQTT-3.10.3-2] [MQTT3-3.10.3-2]
  while (reader.left() > 0) {
    reader.text();  // [MQTT-3.10.3-1] [MQTT3-3.10.3-1]
  }
  packet.filters = EntryList<std::string_view>::trusted(filters);
  return reader.finish(packet);
}

Result<Suback> decode_suback(PacketType type, Bytes body, ProtocolVersion version) {
  Reader reader(body);
  Suback packet;
  packet.type = type;
  packet.packet_id = read_packet_id(reader);
  packet.properties = read_properties(reader, place_of(type), version);
  packet.reason_codes = read_reason_codes(reader, type, version);
  return reader.finish(packet);
}

Result<Disconnect> decode_disconnect(Bytes body, ProtocolVersion version) {
  Reader reader(body);
  Disconnect packet;
  read_reason_and_properties(reader, PacketType::disconnect, version, packet);  // [MQTT-3.14.2-1]
  return reader.finish(packet);
}

Result<Auth> decode_auth(Bytes body, ProtocolVersion version) {
  Reader reader(body);
  Auth packet;
  reader.require(version == ProtocolVersion::v5);  // before, the type is reserved
  if (!body.empty()) {
    packet.reason = read_reason(reader, PacketType::auth);  // [MQTT-3.15.2-1]
    packet.properties = read_properties(reader, PropertyPlace::auth, version);
    // (MQTT 5 §3.15.2.2.2) Leaving it out is for a bare Success.
    const bool is_bare = packet.reason == ReasonCode::success && packet.properties.empty();
    reader.require(is_bare || packet.properties.find(PropertyId::authentication_method),
                   ReasonCode::protocol_error);
  }
  return reader.finish(packet);
}

Result<PacketType> decode_ping(PacketType type, Bytes body) {
  if (!body.empty()) {
    return std::unexpected(ReasonCode::malformed_packet);
  }
  return type;
}

}  // namespace peal::mqtt
