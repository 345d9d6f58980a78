#include "peal/cli/refusal.hpp"

#include <array>
#include <utility>

namespace peal::cli {

using mqtt::ReasonCode;

std::string_view refusal_advice(ReasonCode reason) {
  switch (reason) {
    case ReasonCode::unsupported_protocol_version:
      return "Try another MQTT version: -V 5, -V 311 or -V 31.";
    case ReasonCode::client_identifier_not_valid:
      return "Give another Client Identifier with -i.";
    case ReasonCode::bad_user_name_or_password:
      return "Check the user name (-u) and the password (-P).";
    case ReasonCode::not_authorized:
      return "Name a user that may connect with -u and -P, or ask the server's operator.";
    case ReasonCode::bad_authentication_method:
      return "The server does not know the method of `-D connect authentication-method`.";
    case ReasonCode::server_unavailable:
    case ReasonCode::server_busy:
    case ReasonCode::connection_rate_exceeded:
      return "Try again later.";
    case ReasonCode::banned:
      return "The server refuses this client for now; ask its operator.";
    case ReasonCode::topic_name_invalid:
      return "Check --will-topic.";
    case ReasonCode::packet_too_large:
      return "Send a smaller --will-payload.";
    case ReasonCode::retain_not_supported:
      return "Leave --will-retain away.";
    case ReasonCode::qos_not_supported:
      return "Give a lower --will-qos.";
    case ReasonCode::use_another_server:
    case ReasonCode::server_moved:
      return "Connect to the server it names.";
    default:
      return "";
  }
}

std::string_view connect_advice(std::string_view error) {
  struct Advice {
    std::string_view part;
    std::string_view text;
  };
  static constexpr std::array advices{
      Advice{"cannot use", ""},
      Advice{"cannot connect from", "Check -A."},
      Advice{"Connection refused", "Is a server running there? `peal serve` starts one."},
      Advice{"Name or service not known", "Check the host's name (-h)."},
      Advice{"No such file", "Check the path of the socket (--unix)."},
      Advice{"hostname mismatch", "Use the host name that the certificate has, or --insecure."},
      Advice{"IP address mismatch", "Use the host name that the certificate has, or --insecure."},
      Advice{"does not verify", "Name the certificate that signed it with --cafile."},
      Advice{"TLS", "Does this port speak TLS?"},
      Advice{"WebSocket", "Does this port speak WebSocket? Check --ws-path."},
  };
  for (const Advice& advice : advices) {
    if (error.find(advice.part) != std::string_view::npos) {
      return advice.text;
    }
  }
  return "";
}

int connect_exit_code(std::string_view error) {
  return error.find(": TLS: ") == std::string_view::npos ? 1 : 8;
}

std::string refusal_text(ReasonCode reason, mqtt::ProtocolVersion version,
                         std::string_view reason_string) {
  std::string text = "Connection refused: " + std::string(mqtt::reason_name(reason));
  if (version == mqtt::ProtocolVersion::v5 && !reason_string.empty()) {
    text.append(" (").append(reason_string).append(")");
  }
  text += ".";
  if (const std::string_view advice = refusal_advice(reason); !advice.empty()) {
    text.append(" ").append(advice);
  }
  return text;
}

int refusal_exit_code(ReasonCode reason, mqtt::ProtocolVersion version) {
  return version == mqtt::ProtocolVersion::v5 ? std::to_underlying(reason)
                                              : mqtt::connect_return_code(reason);
}

}  // namespace peal::cli
