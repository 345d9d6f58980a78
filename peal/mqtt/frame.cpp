#include "peal/mqtt/frame.hpp"

#include <array>

#include "peal/mqtt/varint.hpp"

namespace peal::mqtt {
namespace {

constexpr std::uint8_t any_flags = 0xFF;

// The low four bits of the first byte that each type has to have. (MQTT 5 §2.1.3)
constexpr std::array<std::uint8_t, 16> flags_of_type = {
    0, 0, 0, any_flags, 0, 0, 2 /* PUBREL */, 0, 2 /* SUBSCRIBE */, 0, 2 /* UNSUBSCRIBE */,
    0, 0, 0, 0,         0};

/// [MQTT-2.1.3-1] [MQTT-3.6.1-1] [MQTT-3.8.1-1] [MQTT-3.10.1-1] [MQTT-3.14.1-1] [MQTT-3.15.1-1]
/// [MQTT3-2.2.2-1] [MQTT3-2.2.2-2] [MQTT3-3.6.1-1] [MQTT3-3.8.1-1] [MQTT3-3.10.1-1]
/// [MQTT3-3.14.1-1]
bool are_allowed(std::uint8_t type, std::uint8_t flags, ProtocolVersion version) {
  const std::uint8_t expected = flags_of_type[type];
  if (flags == expected || expected == any_flags) {
    return true;
  }
  // In 3.1 these three may be sent again, with DUP.
  return version == ProtocolVersion::v3_1 && expected == 2 && flags == (2 | 8);
}

}  // namespace

Result<std::optional<Frame>> next_frame(Bytes input, std::size_t packet_size_limit,
                                        ProtocolVersion version) {
  if (input.empty()) {
    return std::nullopt;
  }
  const std::uint8_t type = input[0] >> 4;
  const std::uint8_t flags = input[0] & 0x0F;
  if (type == 0 || !are_allowed(type, flags, version)) {
    return std::unexpected(ReasonCode::malformed_packet);
  }
  const Varint length = read_varint(input.subspan(1));
  if (length.state == Varint::State::cut_short) {
    return std::nullopt;
  }
  if (length.state == Varint::State::too_long ||
      (version == ProtocolVersion::v5 && !length.is_minimal)) {
    return std::unexpected(ReasonCode::malformed_packet);
  }
  const std::size_t header_size = std::size_t{1} + length.size;
  const std::size_t size = header_size + length.value;
  if (size > packet_size_limit) {
    return std::unexpected(ReasonCode::packet_too_large);
  }
  if (size > input.size()) {
    return std::nullopt;
  }
  return Frame{.header = {.type = static_cast<PacketType>(type),
                          .flags = flags,
                          .remaining_length = length.value,
                          .size = static_cast<std::uint8_t>(header_size),
                          .is_minimal_length = length.is_minimal},
               .body = input.subspan(header_size, length.value),
               .size = size};
}

}  // namespace peal::mqtt
