#include "peal/mqtt/decode.hpp"
#include "peal/mqtt/properties_reader.hpp"

namespace peal::mqtt {
namespace {

constexpr std::uint8_t bridge_bit = 0x80;

/// The Connect Flags byte. (MQTT 5 §3.1.2.3)
struct ConnectFlags {
  std::uint8_t bits;

  [[nodiscard]] bool is_reserved_set() const { return (bits & 0x01) != 0; }
  [[nodiscard]] bool clean_start() const { return (bits & 0x02) != 0; }
  [[nodiscard]] bool has_will() const { return (bits & 0x04) != 0; }
  [[nodiscard]] std::uint8_t will_qos() const { return (bits >> 3) & 3; }
  [[nodiscard]] bool will_retain() const { return (bits & 0x20) != 0; }
  [[nodiscard]] bool has_password() const { return (bits & 0x40) != 0; }
  [[nodiscard]] bool has_user_name() const { return (bits & 0x80) != 0; }
};

/// Protocol Name and Protocol Level, as they stand.
struct Protocol {
  std::string_view name;
  std::uint8_t level = 0;
};

Protocol read_protocol(Reader& reader) {
  Protocol protocol;
  protocol.name = reader.unchecked_text();
  protocol.level = reader.byte();
  return protocol;
}

/// [MQTT-3.1.2-1] [MQTT-3.1.2-2] [MQTT3-3.1.2-1] [MQTT3-3.1.2-2]
std::optional<ProtocolVersion> version_of(const Protocol& protocol) {
  // Bridges of 3.x mark themselves with the top bit; nobody does in v5.
  const auto level = static_cast<std::uint8_t>(protocol.level & ~bridge_bit);
  if (protocol.name == "MQIsdp" && level == 3) {
    return ProtocolVersion::v3_1;
  }
  if (protocol.name == "MQTT" && level == 4) {
    return ProtocolVersion::v3_1_1;
  }
  if (protocol.name == "MQTT" && protocol.level == 5) {
    return ProtocolVersion::v5;
  }
  return std::nullopt;
}

void check_flags(Reader& reader, ConnectFlags flags, ProtocolVersion version) {
  if (flags.has_will()) {
    reader.require(flags.will_qos() != 3);  // [MQTT-3.1.2-12] [MQTT3-3.1.2-14]
  }
  if (version == ProtocolVersion::v3_1) {
    return;  // takes no notice of the bits that it does not use
  }
  reader.require(!flags.is_reserved_set());  // [MQTT-3.1.2-3] [MQTT3-3.1.2-3]
  if (!flags.has_will()) {
    // [MQTT-3.1.2-11] [MQTT-3.1.2-13] [MQTT3-3.1.2-11] [MQTT3-3.1.2-13] [MQTT3-3.1.2-15]
    reader.require(flags.will_qos() == 0 && !flags.will_retain());
  }
  if (version == ProtocolVersion::v3_1_1) {  // [MQTT3-3.1.2-22]; v5 allows it
    reader.require(flags.has_user_name() || !flags.has_password());
  }
}

Will read_will(Reader& reader, ConnectFlags flags, ProtocolVersion version) {
  Will will;
  will.properties = read_properties(reader, PropertyPlace::will, version);
  const Result<TopicName> topic =
      TopicName::parse(reader.unchecked_text());  // [MQTT-3.1.3-11] [MQTT3-3.1.3-10]
  will.payload = reader.binary();
  will.qos = static_cast<QoS>(flags.will_qos());
  will.retain = flags.will_retain();
  if (topic) {
    will.topic = *topic;
  } else {
    // A CONNACK of 3.x has no word for it.
    reader.fail(version == ProtocolVersion::v5 ? topic.error() : ReasonCode::malformed_packet);
  }
  return will;
}

/// User Name and Password where the flags announce them, and only there [MQTT-3.1.2-16]
/// [MQTT-3.1.2-17] [MQTT-3.1.2-18] [MQTT-3.1.2-19] [MQTT3-3.1.2-18] [MQTT3-3.1.2-19]
/// [MQTT3-3.1.2-20] [MQTT3-3.1.2-21].
void read_credentials(Reader& reader, ConnectFlags flags, Connect& packet) {
  // In 3.1 the Remaining Length goes before the flags: what is not there was not sent.
  const bool may_be_missing = packet.version == ProtocolVersion::v3_1;
  if (flags.has_user_name() && !(may_be_missing && reader.left() == 0)) {
    packet.user_name = reader.text();  // [MQTT-3.1.3-12] [MQTT3-3.1.3-11]
  }
  if (flags.has_password() && !(may_be_missing && reader.left() == 0)) {
    packet.password = reader.binary();
  }
}

}  // namespace

Result<Connect> decode_connect(const FixedHeader& header, Bytes body) {
  Reader reader(body);
  const Protocol protocol = read_protocol(reader);
  const std::optional<ProtocolVersion> version = version_of(protocol);
  reader.require(version.has_value(), ReasonCode::unsupported_protocol_version);
  if (!reader.ok()) {
    return std::unexpected(reader.error());
  }
  Connect packet;
  packet.version = *version;
  packet.is_bridge = (protocol.level & bridge_bit) != 0;
  reader.require(header.is_minimal_length || *version != ProtocolVersion::v5);  // [MQTT-1.5.5-1]
  const ConnectFlags flags{reader.byte()};
  check_flags(reader, flags, *version);
  packet.clean_start = flags.clean_start();
  packet.keep_alive_seconds = reader.two_bytes();
  packet.properties = read_properties(reader, PropertyPlace::connect, *version);
  // [MQTT-3.1.3-1] [MQTT-3.1.3-3] [MQTT-3.1.3-4] [MQTT3-3.1.3-1] [MQTT3-3.1.3-3] [MQTT3-3.1.3-4]
  packet.client_id = reader.text();
  if (flags.has_will()) {  // [MQTT-3.1.2-9] [MQTT3-3.1.2-9] [MQTT3-3.1.2-12]
    packet.will = read_will(reader, flags, *version);
  }
  read_credentials(reader, flags, packet);
  return reader.finish(packet);  // [MQTT-3.1.4-1] [MQTT3-3.1.4-1]
}

std::optional<ProtocolVersion> version_of_connect(Bytes body) {
  Reader reader(body);
  const Protocol protocol = read_protocol(reader);
  if (!reader.ok()) {
    return std::nullopt;
  }
  if (protocol.name == "MQIsdp") {
    return ProtocolVersion::v3_1;
  }
  if (protocol.name == "MQTT") {
    return (protocol.level & ~bridge_bit) < 5 ? ProtocolVersion::v3_1_1 : ProtocolVersion::v5;
  }
  return std::nullopt;
}

}  // namespace peal::mqtt
