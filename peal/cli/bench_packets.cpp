#include "peal/cli/bench_packets.hpp"

#include <array>
#include <stdexcept>

#include "peal/base/assert.hpp"
#include "peal/mqtt/encode.hpp"

namespace peal::cli {
namespace {

/// Bytes written by an `encode` that was given as many as it asked for.
Packet exactly(Packet packet, std::optional<std::size_t> written) {
  PEAL_ASSERT(written == packet.size());
  return packet;
}

}  // namespace

Packet connect_packet(mqtt::ProtocolVersion version, std::string_view client_id,
                      bool keeps_session) {
  std::array<std::uint8_t, 16> room{};
  mqtt::PropertiesBuilder properties(room);
  if (keeps_session && version == mqtt::ProtocolVersion::v5) {
    properties.number(mqtt::PropertyId::session_expiry_interval, 3600);
  }
  mqtt::Connect connect;
  connect.version = version;
  connect.clean_start = !keeps_session;
  connect.client_id = client_id;
  connect.properties = properties.view();
  Packet packet(mqtt::encoded_size(connect));
  const auto written = mqtt::encode(connect, packet);
  return exactly(std::move(packet), written);
}

Packet subscribe_packet(mqtt::ProtocolVersion version, std::span<const std::string> filters,
                        mqtt::QoS qos) {
  std::size_t bytes = 0;
  for (const std::string& filter : filters) {
    bytes += filter.size() + 3;
  }
  Packet entries(bytes);
  std::size_t used = 0;
  for (const std::string& filter : filters) {
    PEAL_ASSERT(mqtt::append_entry(
        entries, used, {.filter_text = filter, .options = mqtt::SubscriptionOptions{.qos = qos}}));
  }
  mqtt::Subscribe subscribe;
  subscribe.packet_id = mqtt::PacketId{1};
  subscribe.entries = mqtt::EntryList<mqtt::SubscribeEntry>::trusted(entries);
  Packet packet(mqtt::encoded_size(subscribe, version));
  const auto written = mqtt::encode(subscribe, version, packet);
  return exactly(std::move(packet), written);
}

Packet disconnect_packet(mqtt::ProtocolVersion version) {
  const mqtt::Disconnect disconnect;
  Packet packet(mqtt::encoded_size(disconnect, version));
  const auto written = mqtt::encode(disconnect, version, packet);
  return exactly(std::move(packet), written);
}

Packet ping_packet() {
  Packet packet(2);
  const auto written = mqtt::encode_ping(mqtt::PacketType::pingreq, packet);
  return exactly(std::move(packet), written);
}

PublishTemplate::PublishTemplate(mqtt::ProtocolVersion version, std::string_view topic,
                                 mqtt::QoS qos, std::size_t payload_bytes, bool retain) {
  PEAL_ASSERT(payload_bytes >= sizeof(Stamp));
  const Packet payload(payload_bytes, std::uint8_t{'x'});
  mqtt::Publish publish;
  publish.topic = mqtt::TopicName::trusted(topic);
  publish.payload = payload;
  publish.qos = qos;
  publish.retain = retain;
  if (qos != mqtt::QoS::at_most_once) {
    publish.packet_id = mqtt::PacketId{1};
  }
  bytes_.resize(mqtt::encoded_size(publish, version));
  PEAL_ASSERT(mqtt::encode(publish, version, bytes_) == bytes_.size());
  stamp_at_ = bytes_.size() - payload_bytes;
  if (qos != mqtt::QoS::at_most_once) {
    packet_id_at_ = stamp_at_ - 2 - (version == mqtt::ProtocolVersion::v5 ? 1U : 0U);
  }
}

AckWriter::AckWriter() {
  for (std::size_t index = 0; index < 4; ++index) {
    const mqtt::Ack ack{.type = static_cast<mqtt::PacketType>(index + 4),
                        .packet_id = mqtt::PacketId{1},
                        .reason = mqtt::ReasonCode::success,
                        .properties = {}};
    const MutableBytes out = MutableBytes(bytes_).subspan(index * 4, 4);
    PEAL_ASSERT(mqtt::encode(ack, mqtt::ProtocolVersion::v3_1_1, out) == 4);
  }
}

}  // namespace peal::cli
