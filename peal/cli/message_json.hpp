// %j and %J: a received message as JSON, in the keys and the order of mosquitto_sub.
#pragma once

#include <optional>
#include <string>

#include "peal/cli/format.hpp"

namespace peal::cli {

/// The payload becomes a string; bytes that are no UTF-8 stay as they are.
[[nodiscard]] std::string message_as_json(const mqtt::Publish& message, PrintTime time,
                                          bool pretty);

/// The payload is JSON and becomes a part of it; nothing when it is no JSON.
[[nodiscard]] std::optional<std::string> message_with_json_payload(const mqtt::Publish& message,
                                                                   PrintTime time, bool pretty);

}  // namespace peal::cli
