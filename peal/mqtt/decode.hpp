// Bytes in, values out: one function per packet. `body` is what follows the fixed header, complete,
// and every result is a view into it. No function allocates, throws or keeps anything; all are
// pure.
//
// Errors, for all of them: malformed_packet when the bytes do not have the shape the standard gives
// (too short, bytes left over, bad UTF-8, reserved bits, a property of another packet, a Reason
// Code that the packet may not carry); protocol_error when they have the shape but say what may not
// be said. Rules that depend on who sends or on state are the broker's and the client's.
#pragma once

#include "peal/mqtt/frame.hpp"
#include "peal/mqtt/packets.hpp"

namespace peal::mqtt {

/// (MQTT 5 §3.1; 3.1.1 §3.1)
/// errors   unsupported_protocol_version: right name, unknown level, or another name [MQTT-3.1.2-1]
/// [MQTT-3.1.2-2].
///          malformed_packet also: reserved flag [MQTT-3.1.2-3], Will QoS 3 [MQTT-3.1.2-12], will
///          bits without a will [MQTT-3.1.2-11] [MQTT-3.1.2-13], a password without a user name
///          in 3.1.1 [MQTT3-3.1.2-22], a v5 length that is not the shortest, a Will Topic that is
///          no Topic Name (topic_name_invalid in v5). 3.1 takes no notice of flags that it does not
///          use, and of a user name or password that is announced but not there.
[[nodiscard]] Result<Connect> decode_connect(const FixedHeader& header, Bytes body);

/// The version a CONNECT asks for as far as it can be read, to answer one that could not be
/// decoded: which CONNACK form its sender understands.
[[nodiscard]] std::optional<ProtocolVersion> version_of_connect(Bytes body);

[[nodiscard]] Result<Connack> decode_connack(Bytes body, ProtocolVersion version);

/// (MQTT 5 §3.3; 3.1.1 §3.3)
/// errors   malformed_packet: DUP with QoS 0 [MQTT-3.3.1-2], QoS 3 [MQTT-3.3.1-4].
/// topic_name_invalid: wildcards
///          [MQTT-3.3.2-2]. protocol_error: Packet Identifier 0 [MQTT-2.2.1-3], no topic and no
///          alias. topic_alias_invalid: alias 0 [MQTT-3.3.2-8]. payload is not looked at.
[[nodiscard]] Result<Publish> decode_publish(const FixedHeader& header, Bytes body,
                                             ProtocolVersion version);

/// `type` is one of puback, pubrec, pubrel, pubcomp.
[[nodiscard]] Result<Ack> decode_ack(PacketType type, Bytes body, ProtocolVersion version);

[[nodiscard]] Result<Subscribe> decode_subscribe(Bytes body, ProtocolVersion version);
[[nodiscard]] Result<Unsubscribe> decode_unsubscribe(Bytes body, ProtocolVersion version);

/// `type` is suback or unsuback.
[[nodiscard]] Result<Suback> decode_suback(PacketType type, Bytes body, ProtocolVersion version);

[[nodiscard]] Result<Disconnect> decode_disconnect(Bytes body, ProtocolVersion version);
[[nodiscard]] Result<Auth> decode_auth(Bytes body, ProtocolVersion version);

/// PINGREQ and PINGRESP: no body.
[[nodiscard]] Result<PacketType> decode_ping(PacketType type, Bytes body);

}  // namespace peal::mqtt
