// Values in, bytes out: each packet whole, fixed header included, into the caller's buffer.
//
// `encoded_size` says how many bytes `encode` will write. `encode` returns that number, or nothing
// when `out` is too small or MQTT has no way to say it: a string over 65535 bytes, a packet over
// 268435455 (then `out` holds rubbish). The caller keeps the packets' rules; nothing is checked but
// sizes. All are pure.
#pragma once

#include <cstddef>
#include <optional>

#include "peal/mqtt/packets.hpp"

namespace peal::mqtt {

/// The most bytes an acknowledgement without properties takes, in any version.
inline constexpr std::size_t short_ack_bytes = 5;

[[nodiscard]] std::size_t encoded_size(const Connect& packet);
[[nodiscard]] std::size_t encoded_size(const Connack& packet, ProtocolVersion version);
[[nodiscard]] std::size_t encoded_size(const Publish& packet, ProtocolVersion version);
[[nodiscard]] std::size_t encoded_size(const Ack& packet, ProtocolVersion version);
[[nodiscard]] std::size_t encoded_size(const Subscribe& packet, ProtocolVersion version);
[[nodiscard]] std::size_t encoded_size(const Unsubscribe& packet, ProtocolVersion version);
[[nodiscard]] std::size_t encoded_size(const Suback& packet, ProtocolVersion version);
[[nodiscard]] std::size_t encoded_size(const Disconnect& packet, ProtocolVersion version);
[[nodiscard]] std::size_t encoded_size(const Auth& packet, ProtocolVersion version);

[[nodiscard]] std::optional<std::size_t> encode(const Connect& packet, MutableBytes out);
[[nodiscard]] std::optional<std::size_t> encode(const Connack& packet, ProtocolVersion version,
                                                MutableBytes out);
[[nodiscard]] std::optional<std::size_t> encode(const Publish& packet, ProtocolVersion version,
                                                MutableBytes out);
[[nodiscard]] std::optional<std::size_t> encode(const Ack& packet, ProtocolVersion version,
                                                MutableBytes out);
[[nodiscard]] std::optional<std::size_t> encode(const Subscribe& packet, ProtocolVersion version,
                                                MutableBytes out);
[[nodiscard]] std::optional<std::size_t> encode(const Unsubscribe& packet, ProtocolVersion version,
                                                MutableBytes out);
[[nodiscard]] std::optional<std::size_t> encode(const Suback& packet, ProtocolVersion version,
                                                MutableBytes out);
[[nodiscard]] std::optional<std::size_t> encode(const Disconnect& packet, ProtocolVersion version,
                                                MutableBytes out);
[[nodiscard]] std::optional<std::size_t> encode(const Auth& packet, ProtocolVersion version,
                                                MutableBytes out);

/// PINGREQ or PINGRESP: always these two bytes.
[[nodiscard]] std::optional<std::size_t> encode_ping(PacketType type, MutableBytes out);

/// Appends one entry of a SUBSCRIBE payload to `out` at `used`; false when it does not fit.
[[nodiscard]] bool append_entry(MutableBytes out, std::size_t& used, const SubscribeEntry& entry);
/// The same for UNSUBSCRIBE.
[[nodiscard]] bool append_entry(MutableBytes out, std::size_t& used, std::string_view filter_text);

}  // namespace peal::mqtt
