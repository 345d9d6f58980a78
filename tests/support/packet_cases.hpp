// One table of packets, valid and not: it feeds the tests of decoder and encoder, the round trip,
// the packets fed byte by byte and cut short, and the first corpus of the fuzzers.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "peal/mqtt/protocol_version.hpp"
#include "peal/mqtt/reason_code.hpp"

namespace peal::mqtt::test {

/// Who sends such a packet.
enum class Direction : std::uint8_t { to_server, to_client, either_way };

struct PacketCase {
  std::string_view name;
  std::string_view clause;  // of the version's own standard
  ProtocolVersion version = ProtocolVersion::v5;
  Direction direction = Direction::either_way;
  std::string_view hex;                  // the whole packet
  std::string_view description = {};     // what `describe` says of its value, when it has one
  std::optional<ReasonCode> error = {};  // what reading it ends in otherwise
  bool is_canonical = true;              // encoding the value gives these bytes again
};

[[nodiscard]] std::span<const PacketCase> packet_cases();

}  // namespace peal::mqtt::test
