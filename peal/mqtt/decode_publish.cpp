#include "peal/mqtt/decode.hpp"
#include "peal/mqtt/properties_reader.hpp"

namespace peal::mqtt {
namespace {

constexpr std::uint8_t retain_flag = 0x01;
constexpr std::uint8_t dup_flag = 0x08;

/// An empty topic is for v5 alone, where an alias may stand for it.
TopicName read_topic(Reader& reader, ProtocolVersion version) {
  const std::string_view text = reader.unchecked_text();  // [MQTT-3.3.2-1] [MQTT3-3.3.2-1]
  if (text.empty() && version == ProtocolVersion::v5) {
    return {};
  }
  const Result<TopicName> topic = TopicName::parse(text);  // [MQTT-3.3.2-2] [MQTT3-3.3.2-2]
  if (!topic) {
    reader.fail(topic.error());
    return {};
  }
  return *topic;
}

}  // namespace

Result<Publish> decode_publish(const FixedHeader& header, Bytes body, ProtocolVersion version) {
  const auto qos = static_cast<std::uint8_t>((header.flags >> 1) & 3);
  Publish packet;
  packet.qos = static_cast<QoS>(qos);
  packet.dup = (header.flags & dup_flag) != 0;
  packet.retain = (header.flags & retain_flag) != 0;

  Reader reader(body);
  reader.require(qos != 3);                 // [MQTT-3.3.1-4] [MQTT3-3.3.1-4]
  reader.require(!packet.dup || qos != 0);  // [MQTT-3.3.1-2] [MQTT3-3.3.1-2]
  reader.require(header.is_minimal_length || version != ProtocolVersion::v5);  // [MQTT-1.5.5-1]
  packet.topic = read_topic(reader, version);
  if (qos != 0) {  // [MQTT-2.2.1-2] [MQTT-2.2.1-3] [MQTT3-2.3.1-1] [MQTT3-2.3.1-5]
    packet.packet_id = static_cast<PacketId>(reader.two_bytes());
    reader.require(packet.packet_id != PacketId::none, ReasonCode::protocol_error);
  }
  packet.properties = read_properties(reader, PropertyPlace::publish, version);
  if (packet.topic.empty()) {
    reader.require(packet.properties.number(PropertyId::topic_alias).has_value(),
                   ReasonCode::protocol_error);
  }
  packet.payload = reader.rest();
  return reader.finish(packet);
}

}  // namespace peal::mqtt
