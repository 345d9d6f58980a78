#include "support/any_packet.hpp"

namespace peal::mqtt::test {
namespace {

template <typename Packet>
Result<AnyPacket> widen(const Result<Packet>& packet) {
  if (!packet) {
    return std::unexpected(packet.error());
  }
  return AnyPacket(*packet);
}

template <typename... Function>
struct Overload : Function... {
  using Function::operator()...;
};

}  // namespace

Result<AnyPacket> decode_any(const FixedHeader& header, Bytes body, ProtocolVersion version) {
  switch (header.type) {
    case PacketType::connect:
      return widen(decode_connect(header, body));
    case PacketType::connack:
      return widen(decode_connack(body, version));
    case PacketType::publish:
      return widen(decode_publish(header, body, version));
    case PacketType::puback:
    case PacketType::pubrec:
    case PacketType::pubrel:
    case PacketType::pubcomp:
      return widen(decode_ack(header.type, body, version));
    case PacketType::subscribe:
      return widen(decode_subscribe(body, version));
    case PacketType::unsubscribe:
      return widen(decode_unsubscribe(body, version));
    case PacketType::suback:
    case PacketType::unsuback:
      return widen(decode_suback(header.type, body, version));
    case PacketType::pingreq:
    case PacketType::pingresp:
      return widen(decode_ping(header.type, body));
    case PacketType::disconnect:
      return widen(decode_disconnect(body, version));
    case PacketType::auth:
      return widen(decode_auth(body, version));
  }
  return std::unexpected(ReasonCode::malformed_packet);
}

Result<std::optional<AnyPacket>> read_any(Bytes input, ProtocolVersion version) {
  const bool is_connect =
      !input.empty() && input[0] >> 4 == static_cast<std::uint8_t>(PacketType::connect);
  const Result<std::optional<Frame>> frame =
      is_connect ? next_frame(input, SIZE_MAX) : next_frame(input, SIZE_MAX, version);
  if (!frame) {
    return std::unexpected(frame.error());
  }
  if (!frame->has_value()) {
    return std::nullopt;
  }
  Result<AnyPacket> packet = decode_any((*frame)->header, (*frame)->body, version);
  if (!packet) {
    return std::unexpected(packet.error());
  }
  return *packet;
}

std::size_t encoded_size_of(const AnyPacket& packet, ProtocolVersion version) {
  return std::visit(Overload{[](const Connect& connect) { return encoded_size(connect); },
                             [](PacketType) { return std::size_t{2}; },
                             [&](const auto& other) { return encoded_size(other, version); }},
                    packet);
}

std::optional<std::size_t> encode_any(const AnyPacket& packet, ProtocolVersion version,
                                      MutableBytes out) {
  return std::visit(Overload{[&](const Connect& connect) { return encode(connect, out); },
                             [&](PacketType type) { return encode_ping(type, out); },
                             [&](const auto& other) { return encode(other, version, out); }},
                    packet);
}

std::vector<std::uint8_t> encode_any(const AnyPacket& packet, ProtocolVersion version) {
  std::vector<std::uint8_t> bytes(encoded_size_of(packet, version));
  bytes.resize(encode_any(packet, version, bytes).value_or(0));
  return bytes;
}

}  // namespace peal::mqtt::test
