#include "peal/broker/publish_run.hpp"

#include <cstring>

#include "peal/base/assert.hpp"
#include "peal/mqtt/encode.hpp"
#include "peal/mqtt/varint.hpp"

namespace peal::broker {

namespace {

constexpr std::uint8_t first_byte = static_cast<std::uint8_t>(mqtt::PacketType::publish) << 4;

/// Takes the variable header and payload of the first packet off `packets`.
Bytes take_body(Bytes& packets) {
  const mqtt::Varint length = mqtt::read_varint(packets.subspan(1));
  const Bytes body = packets.subspan(std::size_t{1} + length.size, length.value);
  packets = packets.subspan(std::size_t{1} + length.size + length.value);
  return body;
}

mqtt::TopicName topic_of(Bytes body) {
  const std::size_t size = std::size_t{body[0]} << 8 | body[1];
  return mqtt::TopicName::trusted(as_text(body.subspan(2, size)));
}

MessageFields fields_of(Bytes body, bool is_v5) {
  const mqtt::TopicName topic = topic_of(body);
  const std::size_t properties_size = is_v5 ? 1 : 0;  // the length alone: zero
  return {.topic = topic,
          .payload = body.subspan(2 + topic.text().size() + properties_size),
          .properties = {}};
}

}  // namespace

std::size_t PlainPublish::size() const {
  return 1 + mqtt::varint_size(static_cast<std::uint32_t>(body.size())) + body.size();
}

void PlainPublish::write(std::uint8_t* at) const {
  *at = first_byte;
  at = mqtt::write_varint(at + 1, static_cast<std::uint32_t>(body.size()));
  std::memcpy(at, body.data(), body.size());
}

mqtt::TopicName PublishRun::topic() const {
  Bytes rest = packets;
  return topic_of(take_body(rest));
}

std::optional<MessageFields> RunReader::next() {
  if (rest_.empty()) {
    return std::nullopt;
  }
  return fields_of(take_body(rest_), is_v5_);
}

Bytes RunEncodings::translated() {
  if (!translated_.empty()) {
    return translated_;
  }
  const auto version = run_.is_v5 ? mqtt::ProtocolVersion::v3_1_1 : mqtt::ProtocolVersion::v5;
  const MutableBytes room =
      arena_.take(run_.packets.size() + PublishRun::translation_growth * run_.count);
  std::size_t used = 0;
  RunReader reader(run_);
  while (const auto fields = reader.next()) {
    const mqtt::Publish packet{.topic = fields->topic, .payload = fields->payload};
    const auto written = mqtt::encode(packet, version, room.subspan(used));
    PEAL_ASSERT(written);
    used += *written;
  }
  arena_.shrink_last(room, used);
  translated_ = room.first(used);
  return translated_;
}

}  // namespace peal::broker
