// The fifteen MQTT Control Packet types. (MQTT 5 §2.1.2)
#pragma once

#include <cstdint>
#include <string_view>

namespace peal::mqtt {

enum class PacketType : std::uint8_t {
  connect = 1,
  connack = 2,
  publish = 3,
  puback = 4,
  pubrec = 5,
  pubrel = 6,
  pubcomp = 7,
  subscribe = 8,
  suback = 9,
  unsubscribe = 10,
  unsuback = 11,
  pingreq = 12,
  pingresp = 13,
  disconnect = 14,
  auth = 15,
};

/// "CONNECT", "PUBLISH", ...
[[nodiscard]] std::string_view packet_name(PacketType type);

}  // namespace peal::mqtt
