// A burst of one topic on its way to another worker: QoS 0 messages as the PUBLISH packets that
// their receivers get, one behind the other.
//
// Most bursts come as plain packets: without RETAIN and properties there is nothing in them that
// would differ for a receiver of the same protocol version. So what came is what is sent on: the
// publisher's worker copies the packets once, and the subscriber's finds out once for all of them
// who wants them and lets each connection refer to the bytes as they lie.
//
// A view: whoever receives a run keeps its bytes until the flush.
#pragma once

#include <optional>

#include "peal/base/arena.hpp"
#include "peal/broker/mail.hpp"
#include "peal/mqtt/packets.hpp"

namespace peal::broker {

/// A PUBLISH that may stand in a run: QoS 0, no RETAIN, and in v5 a Property Length of zero.
struct PlainPublish {
  Bytes body;  // variable header and payload, as they came
  bool is_v5 = false;

  /// The whole packet's size.
  [[nodiscard]] std::size_t size() const;
  /// Writes the packet to `at`, where there is room for `size()` bytes.
  void write(std::uint8_t* at) const;
};

struct PublishRun {
  NamespaceId space{};
  bool is_v5 = false;
  std::uint32_t count = 0;
  std::uint32_t largest_bytes = 0;  // of its packets
  Bytes packets;

  /// More than any of its packets has, in any protocol version: a Property Length, and a byte more
  /// to say the length of the whole.
  [[nodiscard]] std::uint32_t packet_bytes_bound() const {
    return largest_bytes + translation_growth;
  }
  static constexpr std::uint32_t translation_growth = 2;

  /// Of all its messages.
  [[nodiscard]] mqtt::TopicName topic() const;
};

/// Takes the run's messages off, one after the other; views into the run.
class RunReader {
 public:
  explicit RunReader(const PublishRun& run) : rest_(run.packets), is_v5_(run.is_v5) {}
  [[nodiscard]] std::optional<MessageFields> next();

 private:
  Bytes rest_;
  bool is_v5_;
};

/// One run in both encodings, the one it did not come in written into the arena when first asked
/// for.
class RunEncodings {
 public:
  RunEncodings(const PublishRun& run, Arena& arena) : run_(run), arena_(arena) {}

  [[nodiscard]] const PublishRun& as_it_came() const { return run_; }
  [[nodiscard]] Bytes packets(mqtt::ProtocolVersion version) {
    return (version == mqtt::ProtocolVersion::v5) == run_.is_v5 ? run_.packets : translated();
  }

 private:
  [[nodiscard]] Bytes translated();

  const PublishRun& run_;
  Arena& arena_;
  Bytes translated_;
};

}  // namespace peal::broker
