#include "peal/mqtt/reason_code.hpp"

#include <array>

namespace peal::mqtt {
namespace {

using Packets = std::uint32_t;

constexpr Packets bit(PacketType type) { return Packets{1} << static_cast<unsigned>(type); }

constexpr Packets connack = bit(PacketType::connack);
constexpr Packets publish_acks = bit(PacketType::puback) | bit(PacketType::pubrec);
constexpr Packets release_acks = bit(PacketType::pubrel) | bit(PacketType::pubcomp);
constexpr Packets suback = bit(PacketType::suback);
constexpr Packets unsuback = bit(PacketType::unsuback);
constexpr Packets disconnect = bit(PacketType::disconnect);
constexpr Packets auth = bit(PacketType::auth);
constexpr Packets acks = connack | publish_acks | suback | unsuback;

struct Row {
  ReasonCode code;
  std::string_view name;
  std::string_view slug;
  Packets packets;               // which may carry it (MQTT 5 §2.4)
  std::uint8_t return_code = 3;  // nearest CONNACK return code of 3.1.1: 3 is Server unavailable
};

using enum ReasonCode;

constexpr std::array rows = {
    Row{success, "Success", "success", acks | release_acks | disconnect | auth, 0},
    Row{granted_qos_1, "Granted QoS 1", "granted_qos_1", suback},
    Row{granted_qos_2, "Granted QoS 2", "granted_qos_2", suback},
    Row{disconnect_with_will_message, "Disconnect with Will Message",
        "disconnect_with_will_message", disconnect},
    Row{no_matching_subscribers, "No matching subscribers", "no_matching_subscribers",
        publish_acks},
    Row{no_subscription_existed, "No subscription existed", "no_subscription_existed", unsuback},
    Row{continue_authentication, "Continue authentication", "continue_authentication", auth},
    Row{re_authenticate, "Re-authenticate", "re_authenticate", auth},
    Row{unspecified_error, "Unspecified error", "unspecified_error", acks | disconnect},
    Row{malformed_packet, "Malformed Packet", "malformed_packet", connack | disconnect},
    Row{protocol_error, "Protocol Error", "protocol_error", connack | disconnect},
    Row{implementation_specific_error, "Implementation specific error",
        "implementation_specific_error", acks | disconnect},
    Row{unsupported_protocol_version, "Unsupported Protocol Version",
        "unsupported_protocol_version", connack, 1},
    Row{client_identifier_not_valid, "Client Identifier not valid", "client_identifier_not_valid",
        connack, 2},
    Row{bad_user_name_or_password, "Bad User Name or Password", "bad_user_name_or_password",
        connack, 4},
    Row{not_authorized, "Not authorized", "not_authorized", acks | disconnect, 5},
    Row{server_unavailable, "Server unavailable", "server_unavailable", connack},
    Row{server_busy, "Server busy", "server_busy", connack | disconnect},
    Row{banned, "Banned", "banned", connack, 5},
    Row{server_shutting_down, "Server shutting down", "server_shutting_down", disconnect},
    Row{bad_authentication_method, "Bad authentication method", "bad_authentication_method",
        connack | disconnect, 5},
    Row{keep_alive_timeout, "Keep Alive timeout", "keep_alive_timeout", disconnect},
    Row{session_taken_over, "Session taken over", "session_taken_over", disconnect},
    Row{topic_filter_invalid, "Topic Filter invalid", "topic_filter_invalid",
        suback | unsuback | disconnect},
    Row{topic_name_invalid, "Topic Name invalid", "topic_name_invalid",
        connack | publish_acks | disconnect},
    Row{packet_identifier_in_use, "Packet Identifier in use", "packet_identifier_in_use",
        publish_acks | suback | unsuback},
    Row{packet_identifier_not_found, "Packet Identifier not found", "packet_identifier_not_found",
        release_acks},
    Row{receive_maximum_exceeded, "Receive Maximum exceeded", "receive_maximum_exceeded",
        disconnect},
    Row{topic_alias_invalid, "Topic Alias invalid", "topic_alias_invalid", disconnect},
    Row{packet_too_large, "Packet too large", "packet_too_large", connack | disconnect},
    Row{message_rate_too_high, "Message rate too high", "message_rate_too_high", disconnect},
    Row{quota_exceeded, "Quota exceeded", "quota_exceeded",
        connack | publish_acks | suback | disconnect},
    Row{administrative_action, "Administrative action", "administrative_action", disconnect},
    Row{payload_format_invalid, "Payload format invalid", "payload_format_invalid",
        connack | publish_acks | disconnect},
    Row{retain_not_supported, "Retain not supported", "retain_not_supported", connack | disconnect},
    Row{qos_not_supported, "QoS not supported", "qos_not_supported", connack | disconnect},
    Row{use_another_server, "Use another server", "use_another_server", connack | disconnect},
    Row{server_moved, "Server moved", "server_moved", connack | disconnect},
    Row{shared_subscriptions_not_supported, "Shared Subscriptions not supported",
        "shared_subscriptions_not_supported", suback | disconnect},
    Row{connection_rate_exceeded, "Connection rate exceeded", "connection_rate_exceeded",
        connack | disconnect},
    Row{maximum_connect_time, "Maximum connect time", "maximum_connect_time", disconnect},
    Row{subscription_identifiers_not_supported, "Subscription Identifiers not supported",
        "subscription_identifiers_not_supported", suback | disconnect},
    Row{wildcard_subscriptions_not_supported, "Wildcard Subscriptions not supported",
        "wildcard_subscriptions_not_supported", suback | disconnect},
};

constexpr std::uint8_t no_row = 0xFF;

constexpr std::array<std::uint8_t, 256> row_of_number = [] {
  std::array<std::uint8_t, 256> index{};
  index.fill(no_row);
  for (std::uint8_t i = 0; i < rows.size(); ++i) {
    index[static_cast<std::uint8_t>(rows[i].code)] = i;
  }
  return index;
}();

const Row* find_row(ReasonCode code) {
  const std::uint8_t row = row_of_number[static_cast<std::uint8_t>(code)];
  return row == no_row ? nullptr : &rows[row];
}

}  // namespace

std::string_view reason_name(ReasonCode code) {
  const Row* row = find_row(code);
  return row == nullptr ? "Unknown" : row->name;
}

std::string_view reason_slug(ReasonCode code) {
  const Row* row = find_row(code);
  return row == nullptr ? "unknown" : row->slug;
}

bool is_reason_of(PacketType type, ReasonCode code) {
  const Row* row = find_row(code);
  return row != nullptr && (row->packets & bit(type)) != 0;
}

std::uint8_t connect_return_code(ReasonCode code) {
  const Row* row = find_row(code);
  return row == nullptr ? std::uint8_t{3} : row->return_code;
}

ReasonCode reason_of_return_code(std::uint8_t return_code) {
  static constexpr std::array codes = {success,
                                       unsupported_protocol_version,
                                       client_identifier_not_valid,
                                       server_unavailable,
                                       bad_user_name_or_password,
                                       not_authorized};
  return return_code < codes.size() ? codes[return_code] : unspecified_error;
}

}  // namespace peal::mqtt
