// Any packet as one value: to run the same test over all of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "peal/mqtt/decode.hpp"
#include "peal/mqtt/encode.hpp"

namespace peal::mqtt::test {

/// PINGREQ and PINGRESP are their type.
using AnyPacket = std::variant<Connect, Connack, Publish, Ack, Subscribe, Unsubscribe, Suback,
                               Disconnect, Auth, PacketType>;

/// Calls the decoder that the type asks for.
[[nodiscard]] Result<AnyPacket> decode_any(const FixedHeader& header, Bytes body,
                                           ProtocolVersion version);

/// The first packet of `input`, read as a connection of `version` would: CONNECT before the version
/// is known. Nothing when there is no whole packet.
[[nodiscard]] Result<std::optional<AnyPacket>> read_any(Bytes input, ProtocolVersion version);

/// Bytes that `encode` will write.
[[nodiscard]] std::size_t encoded_size_of(const AnyPacket& packet, ProtocolVersion version);

/// Into `out`, as `encode`.
[[nodiscard]] std::optional<std::size_t> encode_any(const AnyPacket& packet,
                                                    ProtocolVersion version, MutableBytes out);

/// Into bytes of the right size; empty when `encode` gives nothing.
[[nodiscard]] std::vector<std::uint8_t> encode_any(const AnyPacket& packet,
                                                   ProtocolVersion version);

/// All that the packet says, in one line; packets with equal lines are equal.
[[nodiscard]] std::string describe(const AnyPacket& packet);

}  // namespace peal::mqtt::test
