#include "peal/mqtt/packet_type.hpp"

#include <array>

namespace peal::mqtt {

std::string_view packet_name(PacketType type) {
  static constexpr std::array<std::string_view, 16> names = {
      "RESERVED", "CONNECT",  "CONNACK",    "PUBLISH", "PUBACK",      "PUBREC",
      "PUBREL",   "PUBCOMP",  "SUBSCRIBE",  "SUBACK",  "UNSUBSCRIBE", "UNSUBACK",
      "PINGREQ",  "PINGRESP", "DISCONNECT", "AUTH"};
  return names[static_cast<std::uint8_t>(type) & 0x0F];
}

}  // namespace peal::mqtt
