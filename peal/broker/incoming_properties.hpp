// What the server reads of a PUBLISH's or a will's properties, and what it hands on as it came.
#pragma once

#include <chrono>
#include <cstdint>

#include "peal/base/arena.hpp"
#include "peal/broker/channel.hpp"
#include "peal/broker/settings.hpp"

namespace peal::broker {

struct IncomingProperties {
  /// Everything a receiver is to get: as it came, in its order, without what is this hop's own.
  /// Lies in the packet, or in the arena where something had to be left out. [MQTT-3.3.2-4]
  /// [MQTT-3.3.2-15] to [MQTT-3.3.2-20]
  Bytes forwarded;
  std::chrono::seconds expiry{0};
  std::chrono::seconds will_delay{0};
  std::uint16_t topic_alias = 0;  // 0: none
  bool has_expiry = false;
  bool is_utf8_claimed = false;  // Payload Format Indicator 1
};

/// errors   protocol_error: a Subscription Identifier from a client [MQTT-3.3.4-6], a Response
/// Topic with wildcards
///          [MQTT-3.3.2-14]. quota_exceeded: more properties than `limits` allow.
/// cost     nothing for a packet without properties.
[[nodiscard]] std::expected<IncomingProperties, Failure> read_incoming(
    const mqtt::PropertiesView& properties, const Settings::Limits& limits, Arena& arena);

}  // namespace peal::broker
