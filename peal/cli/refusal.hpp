// Reason Codes in words for a person: what happened, and what to do about it.
#pragma once

#include <string>
#include <string_view>

#include "peal/mqtt/protocol_version.hpp"
#include "peal/mqtt/reason_code.hpp"

namespace peal::cli {

/// What a person can do when a server refuses a connection with `reason`; empty when nothing is
/// known.
[[nodiscard]] std::string_view refusal_advice(mqtt::ReasonCode reason);

/// What a person can do about a connection that did not come about; empty when nothing is known.
/// `error`   what the network said.
[[nodiscard]] std::string_view connect_advice(std::string_view error);

/// The exit code then: 8 when TLS failed, else 1.
[[nodiscard]] int connect_exit_code(std::string_view error);

/// "Connection refused: Not authorized. ..." with the server's own words, if it gave some.
[[nodiscard]] std::string refusal_text(mqtt::ReasonCode reason, mqtt::ProtocolVersion version,
                                       std::string_view reason_string);

/// The code that CONNACK carried on the wire, which is the program's exit code.
[[nodiscard]] int refusal_exit_code(mqtt::ReasonCode reason, mqtt::ProtocolVersion version);

}  // namespace peal::cli
