// Cuts a byte stream into packets: the fixed header (MQTT 5 §2.1) and the body behind it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "peal/base/bytes.hpp"
#include "peal/mqtt/packet_type.hpp"
#include "peal/mqtt/protocol_version.hpp"
#include "peal/mqtt/reason_code.hpp"

namespace peal::mqtt {

/// The first two to five bytes of a packet.
struct FixedHeader {
  PacketType type = PacketType::connect;
  std::uint8_t flags = 0;  // the low four bits of the first byte
  std::uint32_t remaining_length = 0;
  std::uint8_t size = 0;          // bytes of the fixed header itself, 2 to 5
  bool is_minimal_length = true;  // Remaining Length used the fewest bytes [MQTT-1.5.5-1]
};

/// One whole packet inside the buffer it was found in.
struct Frame {
  FixedHeader header;
  Bytes body;            // `remaining_length` bytes; a view into the input
  std::size_t size = 0;  // header and body together: how far the next packet is away
};

/// Finds the first packet in `input`.
///
/// `packet_size_limit`   bytes, header included, that a packet may have.
/// `version`   what the connection speaks; leave it out before CONNECT was seen. v5 refuses a
///             length that is not the shortest, 3.1 allows DUP on SUBSCRIBE, UNSUBSCRIBE and
///             PUBREL.
/// returns     the packet, or nothing when more bytes are needed.
/// errors      malformed_packet: reserved type 0, flags that the type does not allow
/// [MQTT-2.1.3-1], a length of
///             more than four bytes. packet_too_large: beyond the limit, said as soon as the header
///             is there, so that memory grows with bytes received and never with bytes claimed.
/// cost        O(1), no allocation.      threads   pure.
[[nodiscard]] Result<std::optional<Frame>> next_frame(
    Bytes input, std::size_t packet_size_limit, ProtocolVersion version = ProtocolVersion::v3_1_1);

}  // namespace peal::mqtt
