#include "peal/store/record.hpp"

#include <algorithm>
#include <limits>

namespace peal::store {

namespace {

enum class RecordKind : std::uint8_t { message = 1, attach = 2, done = 3 };

constexpr unsigned retain_bit = 1U << 2;
constexpr unsigned away_bit = 1U << 0;
constexpr unsigned will_bit = 1U << 1;
constexpr unsigned will_expiry_bit = 1U << 2;
constexpr unsigned grants_bit = 1U << 3;

std::uint8_t delivery_byte(mqtt::QoS qos, bool retain) {
  return static_cast<std::uint8_t>(static_cast<unsigned>(qos) | (retain ? retain_bit : 0U));
}

struct Delivery {
  mqtt::QoS qos{};
  bool retain = false;
};
Delivery read_delivery(ByteReader& reader) {
  const auto byte = reader.little<std::uint8_t>();
  reader.require(byte < 2 * retain_bit && (byte & 3U) != 3);
  return {static_cast<mqtt::QoS>(byte & 3U), (byte & retain_bit) != 0};
}

template <typename Size>
void put_sized(std::string& out, std::string_view text) {
  put_little(out, static_cast<Size>(text.size()));
  out.append(text);
}
template <typename Size>
std::string_view read_sized(ByteReader& reader) {
  return reader.text(reader.little<Size>());
}

void put_body(std::string& out, const broker::MessageFields& message, const WallClock& clock) {
  out.push_back(static_cast<char>(delivery_byte(message.qos, message.retain)));
  put_little(out, clock.to_disk(message.expires));
  put_little(out, static_cast<std::uint64_t>(message.publisher));
  put_sized<std::uint32_t>(out, as_text(message.properties));
  put_sized<std::uint32_t>(out, as_text(message.payload));
}

broker::MessageFields read_body(ByteReader& reader, std::string_view topic,
                                const WallClock& clock) {
  broker::MessageFields message;
  const Delivery delivery = read_delivery(reader);
  message.qos = delivery.qos;
  message.retain = delivery.retain;
  message.expires = clock.from_disk(reader.little<std::uint64_t>());
  message.publisher = broker::PublisherId{reader.little<std::uint64_t>()};
  message.properties = as_bytes(read_sized<std::uint32_t>(reader));
  message.payload = as_bytes(read_sized<std::uint32_t>(reader));
  const auto name = mqtt::TopicName::parse(topic);
  reader.require(name.has_value());
  message.topic = name ? *name : mqtt::TopicName{};
  return message;
}

void put_message(std::string& out, const broker::MessageFields& message, const WallClock& clock) {
  put_sized<std::uint16_t>(out, message.topic.text());
  put_body(out, message, clock);
}
broker::MessageFields read_message(ByteReader& reader, const WallClock& clock) {
  const std::string_view topic = read_sized<std::uint16_t>(reader);
  return read_body(reader, topic, clock);
}

void put_copy(std::string& out, const broker::StoredCopy& copy) {
  out.push_back(static_cast<char>(delivery_byte(copy.qos, copy.retain)));
  put_little(out, static_cast<std::uint16_t>(copy.identifiers.size()));
  for (const std::uint32_t identifier : copy.identifiers) {
    put_little(out, identifier);
  }
}

broker::StoredCopy read_copy(ByteReader& reader) {
  broker::StoredCopy copy;
  const Delivery delivery = read_delivery(reader);
  copy.qos = delivery.qos;
  copy.retain = delivery.retain;
  const std::size_t count = reader.little<std::uint16_t>();
  reader.require(count * sizeof(std::uint32_t) <= reader.left());
  if (reader.ok() && count > 0) {
    copy.identifiers.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      copy.identifiers.push_back(reader.little<std::uint32_t>());
    }
  }
  return copy;
}

void put_version(std::string& out) { out.push_back(static_cast<char>(format_version)); }
void read_version(ByteReader& reader) {
  reader.require(reader.little<std::uint8_t>() == format_version);
}

/// The value was read to its end and nothing was wrong.
[[nodiscard]] bool is_whole(const ByteReader& reader) { return reader.ok() && reader.is_at_end(); }

std::uint32_t seconds_on_disk(std::chrono::seconds seconds) {
  return static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(seconds.count(), 0, std::numeric_limits<std::uint32_t>::max()));
}

void put_will(std::string& out, const broker::StoredWill& will, const WallClock& clock) {
  put_little(out, seconds_on_disk(will.delay));
  put_little(out, seconds_on_disk(will.expiry));
  put_message(out,
              {.topic = will.topic,
               .payload = will.payload,
               .properties = will.properties,
               .qos = will.qos,
               .retain = will.retain},
              clock);
}

void read_will(ByteReader& reader, broker::RestoredSession& session, const WallClock& clock) {
  session.will_delay = std::chrono::seconds{reader.little<std::uint32_t>()};
  session.will_expiry = std::chrono::seconds{reader.little<std::uint32_t>()};
  const broker::MessageFields message = read_message(reader, clock);
  if (reader.ok()) {
    session.will = broker::Message::make(message);
  }
}

}  // namespace

void encode_session(std::string& out, const broker::StoredSession& session,
                    const WallClock& clock) {
  put_version(out);
  put_little(out, static_cast<std::uint16_t>(session.space));
  put_little(out, session.expiry_interval.count());
  const unsigned flags = (session.is_away ? away_bit : 0U) | (session.has_will ? will_bit : 0U) |
                         (session.will.has_expiry ? will_expiry_bit : 0U) |
                         (session.grants.empty() ? 0U : grants_bit);
  out.push_back(static_cast<char>(flags));
  put_little(out, session.is_away ? clock.to_disk(session.away_since) : std::uint64_t{0});
  put_sized<std::uint32_t>(out, session.client_id);
  put_sized<std::uint32_t>(out, session.user);
  if (!session.grants.empty()) {
    put_sized<std::uint32_t>(out, session.grants);
  }
  if (session.has_will) {
    put_will(out, session.will, clock);
  }
}

std::optional<broker::RestoredSession> decode_session(Bytes value, const WallClock& clock) {
  ByteReader reader(value);
  broker::RestoredSession session;
  read_version(reader);
  session.space = NamespaceId{reader.little<std::uint16_t>()};
  session.expiry_interval = std::chrono::duration<std::uint32_t>{reader.little<std::uint32_t>()};
  const auto flags = reader.little<std::uint8_t>();
  reader.require(flags <= (away_bit | will_bit | will_expiry_bit | grants_bit));
  session.is_away = (flags & away_bit) != 0;
  session.has_will = (flags & will_bit) != 0;
  session.will_has_expiry = (flags & will_expiry_bit) != 0;
  const auto away_since = reader.little<std::uint64_t>();
  session.away_since = session.is_away ? clock.from_disk(away_since) : Time{};
  session.client_id = read_sized<std::uint32_t>(reader);
  session.user = read_sized<std::uint32_t>(reader);
  if ((flags & grants_bit) != 0) {
    session.grants = read_sized<std::uint32_t>(reader);
  }
  if (session.has_will) {
    read_will(reader, session, clock);
  }
  return is_whole(reader) ? std::optional(std::move(session)) : std::nullopt;
}

void encode_subscription(std::string& out, const broker::StoredSubscription& subscription) {
  const mqtt::SubscriptionOptions& options = subscription.options;
  put_version(out);
  out.push_back(static_cast<char>(static_cast<unsigned>(options.qos) |
                                  (options.no_local ? 1U << 2 : 0U) |
                                  (options.retain_as_published ? 1U << 3 : 0U) |
                                  (static_cast<unsigned>(options.retain_handling) << 4)));
  put_little(out, subscription.identifier);
}

std::optional<broker::StoredSubscription> decode_subscription(std::string_view filter,
                                                              Bytes value) {
  ByteReader reader(value);
  read_version(reader);
  const auto byte = reader.little<std::uint8_t>();
  reader.require((byte & 3U) != 3 && (byte >> 4) < 3);
  reader.require(mqtt::TopicFilter::parse(filter).has_value());
  const auto identifier = reader.little<std::uint32_t>();
  if (!is_whole(reader)) {
    return std::nullopt;
  }
  return broker::StoredSubscription{
      .filter = std::string(filter),
      .options = {.qos = static_cast<mqtt::QoS>(byte & 3U),
                  .no_local = (byte & (1U << 2)) != 0,
                  .retain_as_published = (byte & (1U << 3)) != 0,
                  .retain_handling = static_cast<mqtt::RetainHandling>(byte >> 4)},
      .identifier = identifier};
}

void encode_pending(std::string& out, const broker::StoredCopy& copy,
                    const broker::MessageFields& message, const WallClock& clock) {
  put_version(out);
  put_copy(out, copy);
  put_message(out, message, clock);
}

std::optional<PendingView> decode_pending(Bytes value, const WallClock& clock) {
  ByteReader reader(value);
  read_version(reader);
  PendingView pending;
  pending.copy = read_copy(reader);
  pending.message = read_message(reader, clock);
  const broker::MessageFields& message = pending.message;
  pending.copy.bytes = static_cast<std::uint32_t>(
      message.topic.text().size() + message.properties.size() + message.payload.size());
  return is_whole(reader) ? std::optional(std::move(pending)) : std::nullopt;
}

void encode_retained(std::string& out, const broker::MessageFields& message,
                     const broker::ClientIdentity& publisher, const WallClock& clock) {
  out.push_back(static_cast<char>(retained_format_version));
  put_body(out, message, clock);
  put_sized<std::uint16_t>(out, publisher.client_id);
  put_sized<std::uint16_t>(out, publisher.user);
  put_sized<std::uint32_t>(out, publisher.grants);
}

std::optional<RetainedView> decode_retained(std::string_view topic, Bytes value,
                                            const WallClock& clock) {
  ByteReader reader(value);
  const auto version = reader.little<std::uint8_t>();
  reader.require(version == format_version || version == retained_format_version);
  RetainedView retained;
  retained.message = read_body(reader, topic, clock);
  if (version == retained_format_version) {
    retained.publisher.client_id = read_sized<std::uint16_t>(reader);
    retained.publisher.user = read_sized<std::uint16_t>(reader);
    retained.publisher.grants = read_sized<std::uint32_t>(reader);
  }
  return is_whole(reader) ? std::optional(retained) : std::nullopt;
}

void encode_flight(std::string& out, Flight flight) {
  put_version(out);
  put_little(out, static_cast<std::uint16_t>(flight.packet_id));
  out.push_back(flight.is_released ? '\1' : '\0');
}

std::optional<Flight> decode_flight(Bytes value) {
  ByteReader reader(value);
  read_version(reader);
  const auto packet_id = reader.little<std::uint16_t>();
  const auto is_released = reader.little<std::uint8_t>();
  reader.require(is_released <= 1 && packet_id != 0);
  if (!is_whole(reader)) {
    return std::nullopt;
  }
  return Flight{mqtt::PacketId{packet_id}, is_released == 1};
}

void encode_number(std::string& out, std::uint64_t number) {
  put_version(out);
  put_little(out, number);
}

std::optional<std::uint64_t> decode_number(Bytes value) {
  ByteReader reader(value);
  read_version(reader);
  const auto number = reader.little<std::uint64_t>();
  return is_whole(reader) ? std::optional(number) : std::nullopt;
}

void append_message(std::string& out, KeptId id, const broker::MessageFields& message,
                    const WallClock& clock) {
  out.push_back(static_cast<char>(RecordKind::message));
  put_little(out, static_cast<std::uint64_t>(id));
  put_message(out, message, clock);
}

void append_attach(std::string& out, StoredId session, const broker::StoredCopy& copy) {
  out.push_back(static_cast<char>(RecordKind::attach));
  put_little(out, static_cast<std::uint64_t>(session));
  put_little(out, static_cast<std::uint64_t>(copy.message));
  put_copy(out, copy);
}

void append_done(std::string& out, StoredId session, KeptId message) {
  out.push_back(static_cast<char>(RecordKind::done));
  put_little(out, static_cast<std::uint64_t>(session));
  put_little(out, static_cast<std::uint64_t>(message));
}

Record read_record(ByteReader& reader, const WallClock& clock) {
  const auto kind = RecordKind{reader.little<std::uint8_t>()};
  if (kind == RecordKind::message) {
    const auto id = KeptId{reader.little<std::uint64_t>()};
    return MessageRecord{id, read_message(reader, clock)};
  }
  const auto session = StoredId{reader.little<std::uint64_t>()};
  const auto message = KeptId{reader.little<std::uint64_t>()};
  if (kind == RecordKind::attach) {
    AttachRecord attach{session, read_copy(reader)};
    attach.copy.message = message;
    return attach;
  }
  reader.require(kind == RecordKind::done);
  return DoneRecord{session, message};
}

}  // namespace peal::store
