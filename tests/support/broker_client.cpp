#include "support/broker_client.hpp"

#include <algorithm>

#include "support/broker_harness.hpp"

namespace peal::broker::test {

using mqtt::PacketType;
using mqtt::PropertyId;
using mqtt::QoS;
using mqtt::ReasonCode;
using mqtt::test::AnyPacket;

namespace {

constexpr std::size_t property_overhead = 8;

void append(std::vector<std::uint8_t>& bytes, std::size_t size, auto write) {
  std::vector<std::uint8_t> room(size + property_overhead);
  mqtt::PropertiesBuilder builder(room);
  write(builder);
  PEAL_ASSERT(builder.ok());
  bytes.insert(bytes.end(), room.begin(),
               room.begin() + static_cast<std::ptrdiff_t>(builder.size()));
}

}  // namespace

OwnProperties& OwnProperties::number(PropertyId id, std::uint32_t value) {
  append(bytes_, 4, [&](mqtt::PropertiesBuilder& builder) { builder.number(id, value); });
  return *this;
}

OwnProperties& OwnProperties::text(PropertyId id, std::string_view value) {
  append(bytes_, value.size(), [&](mqtt::PropertiesBuilder& builder) { builder.text(id, value); });
  return *this;
}

OwnProperties& OwnProperties::pair(std::string_view name, std::string_view value) {
  append(bytes_, name.size() + value.size(), [&](mqtt::PropertiesBuilder& builder) {
    builder.pair(PropertyId::user_property, name, value);
  });
  return *this;
}

TestClient::TestClient(BrokerHarness& harness, std::string id, mqtt::ProtocolVersion version)
    : harness_(harness), id_(std::move(id)), version_(version) {}

TestClient::~TestClient() = default;

void TestClient::open() {
  channel_.reset();
  connection_ = std::make_unique<FakeConnection>();
  input_.clear();
  due_.clear();
  channel_ = std::make_unique<Channel>(harness_.home_worker(id_), *connection_, harness_.listener);
}

void TestClient::forget_connection() {
  channel_.reset();
  input_.clear();
  received_.clear();  // what the server says while it is taken down, nobody hears either
  due_.clear();
}

void TestClient::send_connect(const ConnectSays& says) {
  mqtt::Connect packet{.version = version_,
                       .clean_start = says.clean_start,
                       .keep_alive_seconds = says.keep_alive,
                       .client_id = id_};
  OwnProperties properties = says.properties;
  if (says.expiry != 0) {
    properties.number(PropertyId::session_expiry_interval, says.expiry);
  }
  packet.properties = properties.view();
  packet.user_name = says.user_name;
  if (says.password) {
    packet.password = as_bytes(*says.password);
  }
  OwnProperties will_properties;
  if (says.will) {
    will_properties = says.will->properties;
    if (says.will->delay != 0) {
      will_properties.number(PropertyId::will_delay_interval, says.will->delay);
    }
    packet.will = mqtt::Will{.topic = mqtt::TopicName::trusted(says.will->topic),
                             .payload = as_bytes(says.will->payload),
                             .properties = will_properties.view(),
                             .qos = says.will->qos,
                             .retain = says.will->retain};
  }
  send(packet);
}

std::string TestClient::connect(const ConnectSays& says) {
  open();
  send_connect(says);
  harness_.settle();
  return read();
}

void TestClient::send_subscribe(std::string_view filter, const mqtt::SubscriptionOptions& options,
                                std::uint32_t identifier) {
  std::vector<std::uint8_t> room(filter.size() + 3);
  std::size_t used = 0;
  PEAL_ASSERT(mqtt::append_entry(room, used, {.filter_text = filter, .options = options}));
  OwnProperties properties;
  if (identifier != 0) {
    properties.number(PropertyId::subscription_identifier, identifier);
  }
  send(mqtt::Subscribe{.packet_id = static_cast<mqtt::PacketId>(++last_packet_id_),
                       .properties = properties.view(),
                       .entries = mqtt::EntryList<mqtt::SubscribeEntry>::trusted(room)});
}

std::string TestClient::subscribe(std::string_view filter, const mqtt::SubscriptionOptions& options,
                                  std::uint32_t identifier) {
  send_subscribe(filter, options, identifier);
  harness_.settle();
  return read();
}

std::string TestClient::subscribe(std::string_view filter, QoS qos, std::uint32_t identifier) {
  return subscribe(filter, mqtt::SubscriptionOptions{.qos = qos}, identifier);
}

std::string TestClient::unsubscribe(std::string_view filter) {
  std::vector<std::uint8_t> room(filter.size() + 2);
  std::size_t used = 0;
  PEAL_ASSERT(mqtt::append_entry(room, used, filter));
  send(mqtt::Unsubscribe{.packet_id = static_cast<mqtt::PacketId>(++last_packet_id_),
                         .properties = {},
                         .filters = mqtt::EntryList<std::string_view>::trusted(room)});
  harness_.settle();
  return read();
}

std::uint16_t TestClient::send_publish(std::string_view topic, std::string_view payload,
                                       const PublishSays& says) {
  std::uint16_t packet_id = says.packet_id;
  if (says.qos != QoS::at_most_once && packet_id == 0) {
    packet_id = ++last_packet_id_;
  }
  send(mqtt::Publish{.topic = mqtt::TopicName::trusted(topic),
                     .payload = as_bytes(payload),
                     .properties = says.properties.view(),
                     .packet_id = static_cast<mqtt::PacketId>(packet_id),
                     .qos = says.qos,
                     .dup = says.dup,
                     .retain = says.retain});
  return packet_id;
}

std::string TestClient::publish(std::string_view topic, std::string_view payload,
                                const PublishSays& says) {
  last_answer_ = "sent";
  send_publish(topic, payload, says);
  harness_.settle();
  return last_answer_;
}

void TestClient::send_ack(PacketType type, mqtt::PacketId packet_id, ReasonCode reason) {
  send(mqtt::Ack{.type = type, .packet_id = packet_id, .reason = reason, .properties = {}});
}

void TestClient::send_auth(ReasonCode reason, std::string_view method, std::string_view data) {
  OwnProperties properties;
  properties.text(PropertyId::authentication_method, method);
  properties.text(PropertyId::authentication_data, data);
  send(mqtt::Auth{.reason = reason, .properties = properties.view()});
}

void TestClient::disconnect(ReasonCode reason, const OwnProperties& properties) {
  send(mqtt::Disconnect{.reason = reason, .properties = properties.view()});
  harness_.settle();
}

void TestClient::break_off() {
  if (channel_ != nullptr) {
    channel_->connection_lost("lost");
    channel_.reset();
    due_.clear();
    harness_.flush(id_);
  }
}

void TestClient::lose() {
  break_off();
  harness_.settle();
}

void TestClient::send(const AnyPacket& packet) {
  send_bytes(mqtt::test::encode_any(packet, version_));
}

void TestClient::send_bytes(Bytes bytes) {
  if (channel_ == nullptr) {
    return;  // said into a connection that is closed
  }
  input_.insert(input_.end(), bytes.begin(), bytes.end());
  feed();
}

void TestClient::feed() {
  while (channel_ != nullptr && !input_.empty() && !connection_->is_paused) {
    const std::size_t consumed = channel_->feed(input_);
    input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(consumed));
    harness_.flush(id_);
    if (consumed == 0) {
      return;
    }
  }
}

void TestClient::drain() {
  connection_->is_stalled = false;
  connection_->unsent = 0;
  if (channel_ != nullptr) {
    channel_->drained();
    harness_.flush(id_);
  }
  harness_.settle();
}

void TestClient::collect() {
  if (connection_ == nullptr) {
    return;
  }
  Bytes output = connection_->output;
  while (const auto frame = *mqtt::next_frame(output, SIZE_MAX, version_)) {
    ReceivedPacket packet;
    packet.bytes.assign(output.begin(), output.begin() + static_cast<std::ptrdiff_t>(frame->size));
    auto value = mqtt::test::read_any(packet.bytes, version_);
    PEAL_ASSERT(value && *value);
    packet.value = **value;
    output = output.subspan(frame->size);
    note(std::move(packet));
  }
  PEAL_ASSERT(output.empty());  // whole packets only
  connection_->output.clear();
  if (connection_->is_closed) {
    channel_.reset();
    input_.clear();
    due_.clear();
  }
}

/// Keeps a packet for the test, or answers it.
void TestClient::note(ReceivedPacket packet) {
  using mqtt::Ack;
  if (packet.is_publish() && acknowledges && packet.publish().qos != QoS::at_most_once) {
    const bool is_once = packet.publish().qos == QoS::at_least_once;
    due_.push_back({.type = is_once ? PacketType::puback : PacketType::pubrec,
                    .packet_id = packet.publish().packet_id});
  }
  if (const Ack* ack = std::get_if<Ack>(&packet.value); ack != nullptr && acknowledges) {
    if (ack->type == PacketType::puback || ack->type == PacketType::pubrec) {
      last_answer_ = reason_slug(ack->reason);
    }
    if (ack->type == PacketType::pubrec && !is_error(ack->reason)) {
      due_.push_back({.type = PacketType::pubrel, .packet_id = ack->packet_id});
    } else if (ack->type == PacketType::pubrel) {
      due_.push_back({.type = PacketType::pubcomp, .packet_id = ack->packet_id});
    }
    return;
  }
  received_.push_back(std::move(packet));
}

bool TestClient::acknowledge() {
  const bool has_due = !due_.empty() && channel_ != nullptr;
  while (!due_.empty() && channel_ != nullptr) {
    const mqtt::Ack ack = due_.front();
    due_.pop_front();
    send(ack);
  }
  return has_due;
}

std::string TestClient::read() {
  if (received_.empty()) {
    return channel_ == nullptr ? "closed" : "nothing";
  }
  const std::string words = words_of(received_.front().value);
  received_.pop_front();
  return words;
}

ReceivedPacket TestClient::take() {
  PEAL_ASSERT(!received_.empty());
  ReceivedPacket packet = std::move(received_.front());
  received_.pop_front();
  return packet;
}

std::vector<std::string> TestClient::read_all() {
  std::vector<std::string> all;
  while (!received_.empty()) {
    all.push_back(read());
  }
  return all;
}

namespace {

std::string properties_in_words(const mqtt::PropertiesView& properties) {
  std::string words;
  for (const mqtt::Property& property : properties) {
    words += words.empty() ? " [" : ", ";
    words += property_name(property.id);
    words += "=";
    if (property.type == mqtt::PropertyType::pair) {
      words += std::string(property.text) + ":" + std::string(property.value);
    } else if (!property.text.empty()) {
      words += property.text;
    } else {
      words += std::to_string(property.number);
    }
  }
  return words.empty() ? words : words + "]";
}

std::string reason_of(PacketType type, ReasonCode reason, std::uint16_t packet_id) {
  const std::string id = packet_id == 0 ? "" : " " + std::to_string(packet_id);
  return std::string(packet_name(type)) + id + " " + std::string(reason_slug(reason));
}

std::string say(const mqtt::Publish& packet) {
  std::string words = "PUBLISH " + std::string(packet.topic.text());
  words += packet.payload.empty() ? "" : " " + std::string(as_text(packet.payload));
  words += packet.qos == QoS::at_most_once
               ? ""
               : " qos=" + std::to_string(static_cast<unsigned>(packet.qos));
  words += packet.retain ? " retain" : "";
  words += packet.dup ? " dup" : "";
  return words + properties_in_words(packet.properties);
}

/// Without its properties, which most tests do not mean; those read `take().connack()`.
std::string say(const mqtt::Connack& packet) {
  return reason_of(PacketType::connack, packet.reason, 0) +
         (packet.session_present ? " session_present" : "");
}

std::string say(const mqtt::Ack& packet) {
  return reason_of(packet.type, packet.reason, static_cast<std::uint16_t>(packet.packet_id));
}

std::string say(const mqtt::Suback& packet) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string words(packet_name(packet.type));
  for (const std::uint8_t code : packet.reason_codes) {
    words += std::string(" ") + digits[code >> 4] + digits[code & 15];
  }
  return words;
}

std::string say(const mqtt::Disconnect& packet) {
  return reason_of(PacketType::disconnect, packet.reason, 0);
}

std::string say(const mqtt::Auth& packet) {
  return reason_of(PacketType::auth, packet.reason, 0) + properties_in_words(packet.properties);
}

std::string say(PacketType type) { return std::string(packet_name(type)); }

std::string say(const auto& packet) { return mqtt::test::describe(packet); }

}  // namespace

std::string words_of(const AnyPacket& packet) {
  return std::visit([](const auto& one) { return say(one); }, packet);
}

}  // namespace peal::broker::test
