// One message on its way through this worker: what it says, and its encodings, each made once
// however many receive it.
//
// Lives on the stack of whoever routes it. A QoS 0 message to connected clients needs nothing else;
// a Message (the shared, lasting form) is made when a queue or another worker has to keep it.
#pragma once

#include <array>
#include <optional>
#include <utility>

#include "peal/base/arena.hpp"
#include "peal/broker/message.hpp"
#include "peal/broker/publish_run.hpp"
#include "peal/broker/publisher.hpp"
#include "peal/mqtt/packets.hpp"

namespace peal::broker {

class Journal;

class Publication {
 public:
  explicit Publication(const MessageFields& fields) : fields_(fields) {}
  explicit Publication(MessageRef message)
      : fields_(message->fields()), message_(message), source_(std::move(message)) {}
  Publication(const Publication&) = delete;
  Publication& operator=(const Publication&) = delete;

  [[nodiscard]] const MessageFields& fields() const { return fields_; }

  /// The lasting form, made at the first call.
  [[nodiscard]] const MessageRef& message() {
    if (!message_) {
      message_ = Message::make(fields_);
    }
    return message_;
  }

  [[nodiscard]] bool has_message() const { return static_cast<bool>(message_); }

  /// The lasting form, written into `journal` at the first call: of this worker, and of this one
  /// message on its way, so a message that came from elsewhere is copied.
  [[nodiscard]] const MessageRef& kept_message(Journal& journal);

  /// What it is called in `journal`, written there at the first call, too; makes no lasting form.
  [[nodiscard]] KeptId kept_id(Journal& journal);

  /// It came as that packet, whose bytes live as long as the fields'.
  void came_as(const PlainPublish& packet) { plain_ = packet; }
  [[nodiscard]] const std::optional<PlainPublish>& plain() const { return plain_; }

  /// Who published it, where that counts: of one that is to be retained. The names live as long as
  /// the fields.
  void came_from(const ClientIdentity& publisher) { identity_ = publisher; }
  void came_from(PublisherRef publisher) { publisher_ = std::move(publisher); }
  /// The lasting form, made at the first call; null: nobody said.
  [[nodiscard]] const PublisherRef& publisher() {
    if (!publisher_ && identity_) {
      publisher_ = Publisher::make(*identity_);
    }
    return publisher_;
  }

  /// A whole PUBLISH packet, and who owns its bytes (null: the arena of this iteration).
  struct Encoded {
    Bytes bytes;
    const SharedBuffer* owner = nullptr;
  };
  /// The QoS 0 packet of that version and RETAIN flag, without alias and identifiers; encoded once.
  [[nodiscard]] Encoded encoded(mqtt::ProtocolVersion version, bool retain, Time now, Arena& arena);

 private:
  MessageFields fields_;
  MessageRef message_;
  MessageRef source_;      // `fields_` are views into it
  bool is_named_ = false;  // `message_` has its name in the journal
  KeptId kept_ = KeptId::none;
  std::optional<PlainPublish> plain_;
  std::optional<ClientIdentity> identity_;
  PublisherRef publisher_;
  std::array<Encoded, 4> encoded_{};
  std::array<SharedRef<SharedBuffer>, 4> owners_{};  // holds on what does not lie in the arena
};

/// What of a PUBLISH differs between its receivers.
struct PublishHeader {
  mqtt::PacketId packet_id = mqtt::PacketId::none;
  mqtt::QoS qos = mqtt::QoS::at_most_once;
  bool retain = false;
  bool dup = false;  // a first sending never has it [MQTT-4.3.2-2] [MQTT-4.3.3-2] [MQTT3-3.3.1-3]
  std::span<const std::uint32_t> identifiers = {};
  std::uint16_t topic_alias = 0;
  bool is_topic_left_out = false;  // the alias says it
};

/// Encodes a PUBLISH of `fields` into `arena`. In v5 with the Message Expiry Interval that is left
/// at `now` [MQTT-3.3.2-6], all properties as they came and in their order [MQTT-3.3.2-17]
/// [MQTT-3.3.2-18].
[[nodiscard]] Bytes encode_publish(const MessageFields& fields, const PublishHeader& header,
                                   mqtt::ProtocolVersion version, Time now, Arena& arena);

}  // namespace peal::broker
