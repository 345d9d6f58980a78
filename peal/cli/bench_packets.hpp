// Packets made once, before measuring; in the measuring loop only numbers in them are overwritten.
//
// The first 16 bytes of every payload say where a message is from: publisher and sequence number
// (32 bits each) and when it was due (64 bits, nanoseconds of the steady clock), as this machine
// stores them.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "peal/mqtt/frame.hpp"
#include "peal/mqtt/packets.hpp"

namespace peal::cli {

using Packet = std::vector<std::uint8_t>;

/// Nanoseconds of the steady clock.
[[nodiscard]] inline std::int64_t steady_now() {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

/// The head of a payload.
struct Stamp {
  std::uint32_t publisher = 0;
  std::uint32_t sequence = 0;
  std::int64_t due = 0;
};
static_assert(sizeof(Stamp) == 16);

/// `keeps_session`   the broker is asked to remember the session for an hour after it went away.
[[nodiscard]] Packet connect_packet(mqtt::ProtocolVersion version, std::string_view client_id,
                                    bool keeps_session = false);
[[nodiscard]] Packet subscribe_packet(mqtt::ProtocolVersion version,
                                      std::span<const std::string> filters, mqtt::QoS qos);
[[nodiscard]] Packet disconnect_packet(mqtt::ProtocolVersion version);
[[nodiscard]] Packet ping_packet();

/// One publisher's PUBLISH, to be stamped and copied.
class PublishTemplate {
 public:
  /// `payload_bytes`   at least the 16 of a Stamp.
  PublishTemplate(mqtt::ProtocolVersion version, std::string_view topic, mqtt::QoS qos,
                  std::size_t payload_bytes, bool retain = false);

  [[nodiscard]] std::size_t size() const { return bytes_.size(); }

  /// Appends one packet. Packet Identifiers follow the sequence number, 1 to 65535.
  void append_to(Packet& out, const Stamp& stamp) const {
    const std::size_t start = out.size();
    out.insert(out.end(), bytes_.begin(), bytes_.end());
    if (packet_id_at_ != 0) {
      const std::uint32_t packet_id = stamp.sequence % 65535 + 1;
      out[start + packet_id_at_] = static_cast<std::uint8_t>(packet_id >> 8);
      out[start + packet_id_at_ + 1] = static_cast<std::uint8_t>(packet_id);
    }
    std::memcpy(&out[start + stamp_at_], &stamp, sizeof stamp);
  }

 private:
  Packet bytes_;
  std::size_t packet_id_at_ = 0;  // 0: QoS 0 has none
  std::size_t stamp_at_ = 0;
};

/// What the load generator needs of a PUBLISH that it made itself and got back.
struct ReceivedPublish {
  mqtt::QoS qos = mqtt::QoS::at_most_once;
  std::uint16_t packet_id = 0;
  Stamp stamp;
};

/// Looks at the few bytes that matter, with no check but for their presence: the broker is measured
/// here and not judged, and a full decode would make the generator the slower of the two.
/// returns   nothing when `frame` is too short.
[[nodiscard]] inline std::optional<ReceivedPublish> read_stamp(const mqtt::Frame& frame,
                                                               std::size_t payload_bytes) {
  const Bytes body = frame.body;
  if (body.size() < payload_bytes + 4) {
    return std::nullopt;
  }
  ReceivedPublish publish{
      .qos = static_cast<mqtt::QoS>((frame.header.flags >> 1) & 3), .packet_id = 0, .stamp = {}};
  if (publish.qos != mqtt::QoS::at_most_once) {
    const std::size_t at = std::size_t{2} + (std::size_t{body[0]} << 8 | body[1]);
    if (at + 2 > body.size() - payload_bytes) {
      return std::nullopt;
    }
    publish.packet_id = static_cast<std::uint16_t>(body[at] << 8 | body[at + 1]);
  }
  std::memcpy(&publish.stamp, &body[body.size() - payload_bytes], sizeof publish.stamp);
  return publish;
}

/// PUBACK, PUBREC, PUBREL and PUBCOMP of success: four bytes, made by the encoder once for each
/// type, the same in all versions.
class AckWriter {
 public:
  AckWriter();

  void append_to(Packet& out, mqtt::PacketType type, std::uint16_t packet_id) const {
    const std::uint8_t* bytes = &bytes_[4 * (static_cast<std::size_t>(type) - 4)];
    out.insert(out.end(), {bytes[0], bytes[1], static_cast<std::uint8_t>(packet_id >> 8),
                           static_cast<std::uint8_t>(packet_id)});
  }

 private:
  std::uint8_t bytes_[16] = {};
};

}  // namespace peal::cli
