#include "peal/cli/client.hpp"

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <random>
#include <unistd.h>
#include <utility>

#include "peal/cli/refusal.hpp"
#include "peal/mqtt/decode.hpp"
#include "peal/mqtt/encode.hpp"

namespace peal::cli {
namespace {

using mqtt::PacketId;
using mqtt::PropertyId;
using mqtt::ProtocolVersion;

constexpr std::chrono::seconds connack_timeout{30};

/// 3.1 wants a Client Identifier of 1 to 23 characters; later versions let the server choose one.
std::string made_up_client_id() {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::random_device random;
  std::string id = "peal-";
  while (id.size() < 23) {
    id += letters[random() % letters.size()];
  }
  return id;
}

std::string client_id_of(const Options& options) {
  if (options.client_id_prefix.has_value()) {
    return *options.client_id_prefix + std::to_string(getpid());
  }
  if (options.client_id.has_value()) {
    return *options.client_id;
  }
  return options.protocol == ProtocolVersion::v3_1 ? made_up_client_id() : std::string();
}

/// With fewer messages wanted than the server may send at once, the rest stays with the server.
PropertyList connect_properties(const Options& options) {
  PropertyList properties = options.properties.connect;
  if (options.message_count > 0 && options.message_count < 20 &&
      !properties.has(PropertyId::receive_maximum)) {
    properties.add_number(PropertyId::receive_maximum, options.message_count);
  }
  return properties;
}

}  // namespace

Client::Client(const Options& options)
    : options_(options),
      client_id_(client_id_of(options)),
      keep_alive_(options.keep_alive_seconds) {
  shown_id_ = client_id_.empty() ? "(null)" : client_id_;
}

bool Client::send(const auto& packet) {
  std::vector<std::uint8_t> bytes;
  std::optional<std::size_t> size;
  if constexpr (requires { mqtt::encoded_size(packet); }) {
    bytes.resize(mqtt::encoded_size(packet));
    size = mqtt::encode(packet, bytes);
  } else {
    bytes.resize(mqtt::encoded_size(packet, options_.protocol));
    size = mqtt::encode(packet, options_.protocol, bytes);
  }
  last_sent_ = Clock::now();
  return size.has_value() && connection_->send(Bytes(bytes).first(*size));
}

void Client::debug(const char* format, ...) const {
  if (!options_.debug || options_.quiet) {
    return;
  }
  std::printf("Client %s ", shown_id_.c_str());
  std::va_list arguments;
  va_start(arguments, format);
  std::vprintf(format, arguments);
  va_end(arguments);
  std::printf("\n");
  std::fflush(stdout);
}

void Client::print_publish(const char* verb, const mqtt::Publish& packet) const {
  debug("%s PUBLISH (d%d, q%d, r%d, m%d, '%.*s', ... (%zu bytes))", verb, packet.dup ? 1 : 0,
        static_cast<int>(packet.qos), packet.retain ? 1 : 0, static_cast<int>(packet.packet_id),
        static_cast<int>(packet.topic.text().size()), packet.topic.text().data(),
        packet.payload.size());
}

std::expected<void, Failure> Client::connect() {
  auto connection = ClientConnection::open(options_.endpoint);
  if (!connection.has_value()) {
    const std::string advice(connect_advice(connection.error()));
    return std::unexpected(
        Failure{"Error: " + connection.error() + "." + (advice.empty() ? "" : " " + advice),
                connect_exit_code(connection.error()), true});
  }
  connection_ = std::move(*connection);
  is_ping_open_ = false;
  debug("sending CONNECT");
  if (!send_connect()) {
    return std::unexpected(lost_before_connack(NoPacket::failed));
  }
  const auto frame = connection_->next(Clock::now() + connack_timeout);
  if (!frame.has_value()) {
    return std::unexpected(lost_before_connack(frame.error()));
  }
  return read_connack(*frame);
}

bool Client::send_connect() {
  const PropertyList properties = connect_properties(options_);
  mqtt::Connect packet;
  packet.version = options_.protocol;
  packet.clean_start = options_.clean_start;
  packet.keep_alive_seconds = options_.keep_alive_seconds;
  packet.client_id = client_id_;
  packet.properties = properties.view();
  if (options_.user_name.has_value()) {
    packet.user_name = *options_.user_name;
  }
  if (options_.password.has_value()) {
    packet.password = as_bytes(*options_.password);
  }
  if (options_.will.topic.has_value()) {
    packet.will =
        mqtt::Will{mqtt::TopicName::trusted(*options_.will.topic),
                   options_.will.payload ? as_bytes(*options_.will.payload) : Bytes(),
                   options_.properties.will.view(), options_.will.qos, options_.will.retain};
  }
  return send(packet);
}

Failure Client::lost_before_connack(NoPacket cause) const {
  switch (cause) {
    case NoPacket::interrupted:
      return {"", 0};
    case NoPacket::malformed:
      return {"Error: What answers there does not speak MQTT.",
              std::to_underlying(ExitCode::protocol_error)};
    case NoPacket::timed_out:
      return {"Error: The server did not answer CONNECT in time.",
              std::to_underlying(ExitCode::connection_lost), true};
    default:
      return {"Error: The connection was lost before the server accepted it (" +
                  connection_->error() +
                  "). Does it speak this MQTT version (-V), and TLS (--cafile) or not?",
              std::to_underlying(ExitCode::connection_lost), true};
  }
}

std::expected<void, Failure> Client::read_connack(const mqtt::Frame& frame) {
  const auto protocol_error = [](const std::string& what) {
    return std::unexpected(Failure{
        "Error: A network protocol error occurred when communicating with the server: " + what +
            ".",
        std::to_underlying(ExitCode::protocol_error)});
  };
  if (frame.header.type == mqtt::PacketType::auth) {
    return protocol_error("it asks for a step of enhanced authentication, which is not supported");
  }
  if (frame.header.type != mqtt::PacketType::connack) {
    return protocol_error("it did not answer CONNECT with CONNACK");
  }
  const auto connack = mqtt::decode_connack(frame.body, options_.protocol);
  if (!connack.has_value()) {
    return protocol_error("its CONNACK is malformed");
  }
  const int code = refusal_exit_code(connack->reason, options_.protocol);
  if (is_error(connack->reason)) {
    debug("received CONNACK (%d)", code);
    const auto text = connack->properties.text(PropertyId::reason_string).value_or("");
    return std::unexpected(Failure{refusal_text(connack->reason, options_.protocol, text), code});
  }
  take_limits(connack->properties);
  debug("received CONNACK (%d)", code);
  topic_of_alias_.clear();
  in_flight_.clear();
  if (!connack->session_present) {
    incoming_.clear();  // [MQTT-3.2.2-5]
  }
  return {};
}

void Client::take_limits(mqtt::PropertiesView properties) {
  if (const auto id = properties.text(PropertyId::assigned_client_identifier)) {
    client_id_ = *id;
    shown_id_ = *id;
  }
  window_ = std::min<std::size_t>(options_.inflight_limit,
                                  properties.number(PropertyId::receive_maximum).value_or(65'535));
  server_packet_size_limit_ =
      properties.number(PropertyId::maximum_packet_size).value_or(268'435'460);
  server_alias_maximum_ = properties.number(PropertyId::topic_alias_maximum).value_or(0);
  server_maximum_qos_ =
      static_cast<mqtt::QoS>(properties.number(PropertyId::maximum_qos).value_or(2));
  server_retains_ = properties.number(PropertyId::retain_available).value_or(1) != 0;
  keep_alive_ = std::chrono::seconds(
      properties.number(PropertyId::server_keep_alive).value_or(options_.keep_alive_seconds));
}

PacketId Client::new_packet_id() {
  do {
    ++last_packet_id_;
  } while (last_packet_id_ == 0 || in_flight_.contains(last_packet_id_));
  return PacketId{last_packet_id_};
}

std::expected<void, Failure> Client::check_publish(const mqtt::Publish& packet) const {
  const auto refuse = [](std::string text, ExitCode code) {
    return std::unexpected(Failure{std::move(text), std::to_underlying(code)});
  };
  if (packet.qos > server_maximum_qos_) {
    return refuse("Error: Message QoS not supported on the server, try a lower QoS (-q).",
                  ExitCode::qos_not_supported);
  }
  if (packet.retain && !server_retains_) {
    return refuse("Error: The server keeps no retained messages; leave -r away.",
                  ExitCode::retain_not_supported);
  }
  if (packet.properties.number(PropertyId::topic_alias).value_or(0) > server_alias_maximum_) {
    return refuse("Error: The server takes no Topic Alias above " +
                      std::to_string(server_alias_maximum_) + ".",
                  ExitCode::topic_alias_invalid);
  }
  const std::size_t size = mqtt::encoded_size(packet, options_.protocol);
  if (size > server_packet_size_limit_) {
    return refuse("Error: Message payload is too large: a packet of " + std::to_string(size) +
                      " bytes, and the server takes at most " +
                      std::to_string(server_packet_size_limit_) + ".",
                  ExitCode::oversize_packet);
  }
  return {};
}

std::expected<PacketId, Failure> Client::publish(std::string_view topic, Bytes payload,
                                                 mqtt::QoS qos, bool retain,
                                                 mqtt::PropertiesView properties) {
  mqtt::Publish packet;
  packet.topic = mqtt::TopicName::trusted(topic);
  packet.payload = payload;
  packet.properties = properties;
  packet.qos = qos;
  packet.retain = retain;
  if (auto allowed = check_publish(packet); !allowed.has_value()) {
    return std::unexpected(allowed.error());
  }
  if (qos != mqtt::QoS::at_most_once) {
    packet.packet_id = new_packet_id();
    in_flight_[std::to_underlying(packet.packet_id)] =
        qos == mqtt::QoS::at_least_once ? Outgoing::puback : Outgoing::pubrec;
  }
  print_publish("sending", packet);
  if (!send(packet)) {
    return std::unexpected(Failure{"Error: The connection was lost: " + connection_->error() + ".",
                                   std::to_underlying(ExitCode::connection_lost), true});
  }
  return packet.packet_id;
}

PacketId Client::subscribe(const std::vector<std::string>& filters,
                           const mqtt::SubscriptionOptions& subscription) {
  std::size_t size = 0;
  for (const std::string& filter : filters) {
    size += filter.size() + 3;
  }
  std::vector<std::uint8_t> entries(size);
  std::size_t used = 0;
  mqtt::Subscribe packet;
  packet.packet_id = new_packet_id();
  for (const std::string& filter : filters) {
    if (mqtt::append_entry(entries, used, mqtt::SubscribeEntry{filter, subscription})) {
      const int bits = (subscription.retain_as_published ? 8 : 0) |
                       (static_cast<int>(subscription.retain_handling) << 4);
      debug("sending SUBSCRIBE (Mid: %d, Topic: %s, QoS: %d, Options: 0x%02x)",
            static_cast<int>(packet.packet_id), filter.c_str(), static_cast<int>(subscription.qos),
            static_cast<unsigned>(bits));
    }
  }
  packet.properties = options_.properties.subscribe.view();
  packet.entries = mqtt::EntryList<mqtt::SubscribeEntry>::trusted(Bytes(entries).first(used));
  send(packet);  // a connection that is gone shows itself in `next`
  return packet.packet_id;
}

PacketId Client::unsubscribe(const std::vector<std::string>& filters) {
  std::size_t size = 0;
  for (const std::string& filter : filters) {
    size += filter.size() + 2;
  }
  std::vector<std::uint8_t> entries(size);
  std::size_t used = 0;
  mqtt::Unsubscribe packet;
  packet.packet_id = new_packet_id();
  for (const std::string& filter : filters) {
    if (mqtt::append_entry(entries, used, std::string_view(filter))) {
      debug("sending UNSUBSCRIBE (Mid: %d, Topic: %s)", static_cast<int>(packet.packet_id),
            filter.c_str());
    }
  }
  packet.properties = options_.properties.unsubscribe.view();
  packet.filters = mqtt::EntryList<std::string_view>::trusted(Bytes(entries).first(used));
  send(packet);
  return packet.packet_id;
}

void Client::disconnect(mqtt::ReasonCode reason) {
  if (connection_ == nullptr) {
    return;
  }
  debug("sending DISCONNECT");
  mqtt::Disconnect packet;
  packet.reason = reason;
  packet.properties = options_.properties.disconnect.view();
  send(packet);
  connection_->close();
  connection_.reset();
}

bool Client::send_ack(mqtt::PacketType type, PacketId id, mqtt::ReasonCode reason) {
  return send(mqtt::Ack{type, id, reason, {}});
}

bool Client::send_ping() {
  debug("sending PINGREQ");
  std::array<std::uint8_t, 2> bytes{};
  const auto size = mqtt::encode_ping(mqtt::PacketType::pingreq, bytes);
  last_sent_ = Clock::now();
  is_ping_open_ = true;
  return size.has_value() && connection_->send(bytes);
}

Clock::time_point Client::next_ping() const {
  return keep_alive_.count() == 0 ? Clock::time_point::max() : last_sent_ + keep_alive_;
}

Event Client::next(Clock::time_point deadline, int watched_fd) {
  Event event;
  while (true) {
    const auto frame = connection_->next(std::min(deadline, next_ping()), watched_fd);
    if (frame.has_value() ? handle(*frame, event)
                          : handle_silence(frame.error(), deadline, event)) {
      return event;
    }
  }
}

bool Client::handle_silence(NoPacket cause, Clock::time_point deadline, Event& event) {
  switch (cause) {
    case NoPacket::interrupted:
      event.kind = Event::Kind::interrupted;
      return true;
    case NoPacket::input_ready:
      event.kind = Event::Kind::input_ready;
      return true;
    case NoPacket::malformed:
      return fail(event, "Error: The server sent a malformed packet.", ExitCode::protocol_error);
    case NoPacket::timed_out:
      return handle_time(deadline, event);
    default:
      return fail(event, "Error: The connection was lost (" + connection_->error() + ").",
                  ExitCode::connection_lost);
  }
}

bool Client::handle_time(Clock::time_point deadline, Event& event) {
  if (Clock::now() >= deadline) {
    event.kind = Event::Kind::timed_out;
    return true;
  }
  if (Clock::now() < next_ping()) {
    return false;  // woken a little early
  }
  if (is_ping_open_) {
    return fail(event, "Error: The server does not answer any more.", ExitCode::connection_lost);
  }
  return !send_ping() && fail(event, "Error: The connection was lost.", ExitCode::connection_lost);
}

bool Client::fail(Event& event, std::string text, ExitCode code) {
  event.kind = Event::Kind::lost;
  event.text = std::move(text);
  event.exit_code = std::to_underlying(code);
  return true;
}

}  // namespace peal::cli
