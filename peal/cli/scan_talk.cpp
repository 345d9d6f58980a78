#include "peal/cli/scan_talk.hpp"

#include <algorithm>
#include <array>
#include <random>
#include <unordered_set>
#include <utility>

#include "peal/cli/scan_options.hpp"
#include "peal/mqtt/decode.hpp"
#include "peal/mqtt/encode.hpp"
#include "peal/net/stream.hpp"

namespace peal::cli {
namespace {

using mqtt::PacketId;
using mqtt::PacketType;
using mqtt::PropertyId;
using mqtt::ProtocolVersion;

constexpr std::size_t read_bytes = std::size_t{16} * 1024;
constexpr std::uint16_t keep_alive_seconds = 30;
constexpr PacketId subscribe_id{1};
constexpr PacketId publish_id{2};
constexpr PacketId echo_id{3};
constexpr std::chrono::milliseconds goodbye_timeout{300};
constexpr std::chrono::milliseconds echo_timeout{1000};

/// The texts that a server fills as it likes, besides User Properties.
constexpr std::array telling_properties{PropertyId::reason_string,
                                        PropertyId::response_information};

}  // namespace

/// A subscription as it is counted: of each Topic Name only a hash is kept.
struct ScanTalk::Counter {
  Reading reading = {};
  std::unordered_set<std::size_t> names = {};
  std::string_view echo_topic = {};
  bool is_over = false;
};

bool ScanTalk::send(const auto& packet) {
  std::vector<std::uint8_t> bytes;
  std::optional<std::size_t> size;
  if constexpr (requires { mqtt::encoded_size(packet); }) {
    bytes.resize(mqtt::encoded_size(packet));
    size = mqtt::encode(packet, bytes);
  } else {
    bytes.resize(mqtt::encoded_size(packet, version_));
    size = mqtt::encode(packet, version_, bytes);
  }
  return size.has_value() && stream_.write_all(Bytes(bytes).first(*size), timeout_).has_value();
}

std::expected<mqtt::Frame, ScanTalk::NoFrame> ScanTalk::next(Clock::time_point deadline) {
  while (true) {
    const auto frame = mqtt::next_frame(Bytes(input_).subspan(begin_), scan_bytes_limit);
    if (!frame.has_value()) {
      const bool is_large = frame.error() == mqtt::ReasonCode::packet_too_large;
      return std::unexpected(is_large ? NoFrame::too_much : NoFrame::no_mqtt);
    }
    if (frame->has_value()) {
      begin_ += (*frame)->size;
      return **frame;
    }
    const auto now = Clock::now();
    if (now >= deadline || received_ >= scan_bytes_limit) {
      return std::unexpected(now >= deadline ? NoFrame::timed_out : NoFrame::too_much);
    }
    input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(begin_));
    begin_ = 0;
    const std::size_t before = input_.size();
    input_.resize(before + read_bytes);
    const auto size = stream_.read(MutableBytes(input_).subspan(before),
                                   std::chrono::ceil<Milliseconds>(deadline - now));
    const std::size_t got = size.has_value() ? *size : 0;
    input_.resize(before + got);
    received_ += got;
    has_heard_ = has_heard_ || got > 0 || !size.has_value();
    if (!size.has_value()) {
      return std::unexpected(NoFrame::closed);
    }
  }
}

Login ScanTalk::log_in(const LoginRequest& request) {
  using enum Login::End;
  const std::string client_id = with_random_letters("peal-scan-");
  mqtt::Connect packet;
  packet.version = version_;
  packet.keep_alive_seconds = keep_alive_seconds;
  packet.client_id = client_id;
  if (request.user_name.has_value()) {
    packet.user_name = *request.user_name;
  }
  if (request.password.has_value()) {
    packet.password = as_bytes(*request.password);
  }
  if (request.will_topic.has_value()) {
    packet.will = mqtt::Will{.topic = mqtt::TopicName::trusted(*request.will_topic),
                             .payload = {},
                             .properties = {},
                             .qos = mqtt::QoS::at_most_once,
                             .retain = false};
  }
  if (!send(packet)) {
    has_heard_ = true;
    return {.end = closed, .reason = {}};
  }
  const auto frame = next(Clock::now() + timeout_);
  if (frame.has_value()) {
    return read_connack(*frame);
  }
  constexpr std::array ends{silent, closed, no_mqtt, no_mqtt};
  return {.end = ends[std::to_underlying(frame.error())], .reason = {}};
}

Login ScanTalk::read_connack(const mqtt::Frame& frame) {
  Login login{.end = Login::End::no_mqtt, .reason = {}};
  if (frame.header.type != PacketType::connack) {
    return login;
  }
  // A server that does not know MQTT 5 answers in the form of its own version.
  constexpr std::size_t old_connack_bytes = 2;
  const auto version = frame.body.size() == old_connack_bytes ? ProtocolVersion::v3_1_1 : version_;
  const auto connack = mqtt::decode_connack(frame.body, version);
  if (!connack.has_value()) {
    return login;
  }
  note_leaks(PacketType::connack, connack->properties);
  login.reason = connack->reason;
  login.end = is_error(login.reason) ? Login::End::refused : Login::End::accepted;
  return login;
}

void ScanTalk::note_leaks(PacketType type, mqtt::PropertiesView properties) {
  for (const mqtt::Property& property : properties) {
    const bool is_pair = property.id == PropertyId::user_property;
    if (!is_pair &&
        std::ranges::find(telling_properties, property.id) == telling_properties.end()) {
      continue;
    }
    std::string text(property.text);
    if (is_pair) {
      text.append("=").append(property.value);
    }
    if (tells_version(text)) {
      leaks_.push_back({.where = std::string(mqtt::packet_name(type)) + ", " +
                                 std::string(property_name(property.id)),
                        .text = printable(text)});
    }
  }
}

bool ScanTalk::send_publish(const std::string& topic, PacketId packet_id) {
  mqtt::Publish packet;
  packet.topic = mqtt::TopicName::trusted(topic);
  packet.packet_id = packet_id;
  packet.qos = mqtt::QoS::at_least_once;
  return send(packet);
}

Publishing ScanTalk::publish(const std::string& topic) {
  using enum Publishing::End;
  const auto deadline = Clock::now() + timeout_;
  if (!send_publish(topic, publish_id)) {
    return {.end = no_answer, .reason = {}};
  }
  while (const auto frame = next(deadline)) {
    if (frame->header.type == PacketType::puback) {
      const auto ack = mqtt::decode_ack(PacketType::puback, frame->body, version_);
      if (!ack.has_value()) {
        break;
      }
      note_leaks(PacketType::puback, ack->properties);
      return {.end = is_error(ack->reason) ? refused : accepted, .reason = ack->reason};
    }
    if (frame->header.type == PacketType::disconnect) {
      const auto last = mqtt::decode_disconnect(frame->body, version_);
      return {.end = refused,
              .reason = last.has_value() ? last->reason : mqtt::ReasonCode::unspecified_error};
    }
  }
  return {.end = no_answer, .reason = {}};
}

Reading ScanTalk::read(std::string_view filter, Milliseconds window,
                       const std::string& echo_topic) {
  Counter counter;
  counter.echo_topic = echo_topic;
  counter.reading.window = window;
  std::array<std::uint8_t, 64> entries{};
  std::size_t used = 0;
  mqtt::Subscribe packet;
  packet.packet_id = subscribe_id;
  const bool fits = mqtt::append_entry(entries, used, {.filter_text = filter, .options = {}});
  packet.entries = mqtt::EntryList<mqtt::SubscribeEntry>::trusted(Bytes(entries).first(used));
  if (!fits || !send(packet) || !await_suback(counter, Clock::now() + timeout_)) {
    return counter.reading;
  }
  count_until(counter, Clock::now() + window);
  if (counter.reading.messages == 0 && !echo_topic.empty() && !counter.is_over) {
    await_echo(counter, echo_topic);
  }
  counter.reading.topics = counter.names.size();
  return counter.reading;
}

bool ScanTalk::await_suback(Counter& counter, Clock::time_point deadline) {
  using enum Reading::Grant;
  counter.reading.grant = no_answer;
  while (const auto frame = next(deadline)) {
    if (frame->header.type == PacketType::publish) {
      count(counter, *frame);  // may come before the acknowledgement (MQTT 5 §3.8.4)
    } else if (frame->header.type == PacketType::disconnect) {
      counter.reading.grant = refused;
      return false;
    } else if (frame->header.type == PacketType::suback) {
      const auto ack = mqtt::decode_suback(PacketType::suback, frame->body, version_);
      if (!ack.has_value() || ack->reason_codes.empty()) {
        return false;
      }
      note_leaks(PacketType::suback, ack->properties);
      counter.reading.reason = static_cast<mqtt::ReasonCode>(ack->reason_codes.front());
      counter.reading.grant = is_error(counter.reading.reason) ? refused : granted;
      return counter.reading.grant == granted;
    }
  }
  return false;
}

void ScanTalk::count_until(Counter& counter, Clock::time_point deadline) {
  while (!counter.is_over) {
    const auto frame = next(deadline);
    if (frame.has_value()) {
      count(counter, *frame);
      continue;
    }
    counter.reading.is_cut = counter.reading.is_cut || frame.error() == NoFrame::too_much;
    counter.is_over = frame.error() != NoFrame::timed_out;
    return;
  }
}

void ScanTalk::count(Counter& counter, const mqtt::Frame& frame) {
  if (frame.header.type != PacketType::publish) {
    return;
  }
  const auto message = mqtt::decode_publish(frame.header, frame.body, version_);
  if (!message.has_value()) {
    counter.is_over = true;
    return;
  }
  const std::string_view topic = message->topic.text();
  if (!topic.empty() && topic == counter.echo_topic) {
    counter.reading.is_echoed = true;
    return;
  }
  ++counter.reading.messages;
  counter.reading.bytes += message->payload.size();
  counter.names.insert(std::hash<std::string_view>{}(topic));
  if (topic.starts_with("$SYS/") && topic.ends_with("/version")) {
    leaks_.push_back({.where = printable(topic), .text = printable(as_text(message->payload))});
  }
  if (counter.reading.messages >= scan_messages_limit) {
    counter.reading.is_cut = true;
    counter.is_over = true;
  }
}

void ScanTalk::await_echo(Counter& counter, const std::string& topic) {
  if (!send_publish(topic, echo_id)) {
    return;
  }
  const auto deadline = Clock::now() + echo_timeout;
  while (!counter.reading.is_echoed && counter.reading.messages == 0 && !counter.is_over) {
    const auto frame = next(deadline);
    if (!frame.has_value()) {
      return;
    }
    count(counter, *frame);
  }
}

void ScanTalk::say_goodbye() {
  if (!send(mqtt::Disconnect{})) {
    return;
  }
  const auto deadline = Clock::now() + goodbye_timeout;
  while (next(deadline).has_value()) {
  }
}

std::string with_random_letters(std::string_view prefix) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789";
  constexpr int count = 12;
  std::random_device random;
  std::uniform_int_distribution<std::size_t> choose(0, letters.size() - 1);
  std::string text(prefix);
  for (int i = 0; i < count; ++i) {
    text += letters[choose(random)];
  }
  return text;
}

std::string printable(std::string_view text, std::size_t limit) {
  std::string result;
  for (const char c : text.substr(0, limit)) {
    const auto byte = static_cast<unsigned char>(c);
    result += byte >= 0x20 && byte < 0x7F ? c : '?';
  }
  return text.size() > limit ? result + "..." : result;
}

bool tells_version(std::string_view text) {
  constexpr std::array products{"mosquitto", "emqx",     "hivemq",  "vernemq",       "rabbitmq",
                                "peal",      "activemq", "artemis", "nanomq",        "flashmq",
                                "aedes",     "mochi",    "rumqtt",  "libwebsockets", "verne"};
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  for (std::size_t i = 0; i + 2 < lower.size(); ++i) {
    if (is_digit(lower[i]) && lower[i + 1] == '.' && is_digit(lower[i + 2])) {
      return true;
    }
  }
  return std::ranges::any_of(
      products, [&lower](const char* product) { return lower.find(product) != std::string::npos; });
}

}  // namespace peal::cli
