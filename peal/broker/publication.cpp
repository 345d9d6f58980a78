#include "peal/broker/publication.hpp"

#include <algorithm>
#include <new>

#include "peal/base/assert.hpp"
#include "peal/broker/ports/journal.hpp"
#include "peal/mqtt/encode.hpp"

namespace peal::broker {

namespace {

/// From here on a packet gets a block of its own, which slow receivers hold instead of copying it.
constexpr std::size_t own_block_from_bytes = std::size_t{8} * 1024;

/// An encoded packet that outlives the iteration.
class PacketBlock final : public SharedBuffer {
 public:
  static SharedRef<SharedBuffer> make(std::size_t size, MutableBytes& room) {
    auto* block = ::new (::operator new(sizeof(PacketBlock) + size)) PacketBlock;
    room = {reinterpret_cast<std::uint8_t*>(block + 1), size};
    return SharedRef<SharedBuffer>::adopt(block);
  }

 private:
  PacketBlock() = default;
};

std::uint32_t seconds_left(Time expires, Time now) {
  const auto left = std::chrono::ceil<std::chrono::seconds>(expires - now).count();
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(left, 0, 0xFFFFFFFF));
}

bool has_own_properties(const MessageFields& fields, const PublishHeader& header) {
  return fields.expires != never || !header.identifiers.empty() || header.topic_alias != 0;
}

/// The properties a receiver gets: those that came, and behind them the ones that are only its own.
mqtt::PropertiesView properties_for(const MessageFields& fields, const PublishHeader& header,
                                    Time now, Arena& arena) {
  if (!has_own_properties(fields, header)) {
    return mqtt::PropertiesView::trusted(fields.properties);
  }
  using mqtt::PropertyId;
  mqtt::PropertiesBuilder builder(
      arena.take(fields.properties.size() + 5 + 3 + 5 * header.identifiers.size()));
  if (fields.expires != never) {
    builder.number(PropertyId::message_expiry_interval, seconds_left(fields.expires, now));
  }
  if (header.topic_alias != 0) {
    builder.number(PropertyId::topic_alias, header.topic_alias);
  }
  for (const std::uint32_t identifier : header.identifiers) {
    builder.number(PropertyId::subscription_identifier, identifier);  // [MQTT-3.3.4-3]
  }
  builder.raw(fields.properties);
  PEAL_ASSERT(builder.ok());
  return builder.view();
}

mqtt::Publish packet_of(const MessageFields& fields, const PublishHeader& header,
                        mqtt::ProtocolVersion version, Time now, Arena& arena) {
  mqtt::Publish packet;
  packet.topic = header.is_topic_left_out ? mqtt::TopicName{} : fields.topic;
  packet.payload = fields.payload;
  packet.packet_id = header.packet_id;
  packet.qos = header.qos;
  packet.dup = header.dup;
  packet.retain = header.retain;
  if (version == mqtt::ProtocolVersion::v5) {
    packet.properties = properties_for(fields, header, now, arena);
  }
  return packet;
}

void encode_into(const mqtt::Publish& packet, mqtt::ProtocolVersion version, MutableBytes room) {
  const auto written = mqtt::encode(packet, version, room);
  PEAL_ASSERT(written && *written == room.size());
}

}  // namespace

const MessageRef& Publication::kept_message(Journal& journal) {
  if (!is_named_) {
    if (source_) {
      message_ = Message::make(fields_);
    }
    message()->set_kept(kept_id(journal));
    is_named_ = true;
  }
  return message_;
}

KeptId Publication::kept_id(Journal& journal) {
  if (kept_ == KeptId::none) {
    kept_ = journal.keep(fields_);
  }
  return kept_;
}

Publication::Encoded Publication::encoded(mqtt::ProtocolVersion version, bool retain, Time now,
                                          Arena& arena) {
  const std::size_t variant = (version == mqtt::ProtocolVersion::v5 ? 2U : 0U) + (retain ? 1U : 0U);
  Encoded& known = encoded_[variant];
  if (!known.bytes.empty()) {
    return known;
  }
  const mqtt::Publish packet = packet_of(fields_, {.retain = retain}, version, now, arena);
  const std::size_t size = mqtt::encoded_size(packet, version);
  MutableBytes room;
  if (size < own_block_from_bytes) {
    room = arena.take(size);
  } else {
    owners_[variant] = PacketBlock::make(size, room);
    known.owner = owners_[variant].get();
  }
  encode_into(packet, version, room);
  known.bytes = room;
  return known;
}

Bytes encode_publish(const MessageFields& fields, const PublishHeader& header,
                     mqtt::ProtocolVersion version, Time now, Arena& arena) {
  const mqtt::Publish packet = packet_of(fields, header, version, now, arena);
  const MutableBytes room = arena.take(mqtt::encoded_size(packet, version));
  encode_into(packet, version, room);
  return room;
}

}  // namespace peal::broker
