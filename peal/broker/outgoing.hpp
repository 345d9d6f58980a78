// What a Session still has to bring to its client: messages in flight (QoS 1 and 2, in the order
// they were first sent) and behind them the messages that wait for a place in the window. Sixteen
// bytes a message.
//
// The states of the sender's side of QoS 1 and 2 (MQTT 5 §4.3, §4.4) live here and nowhere else;
// nothing here sends. Owned by its Session, used on its worker.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "peal/base/ring.hpp"
#include "peal/broker/mail.hpp"
#include "peal/broker/message.hpp"

namespace peal::broker {

/// Where a message stands on its way to the client.
enum class FlowState : std::uint8_t {
  waiting,   // not sent yet
  sent,      // PUBLISH sent; PUBACK or PUBREC is awaited [MQTT-4.3.2-3] [MQTT-4.3.3-3]
  released,  // PUBREL sent; PUBCOMP is awaited [MQTT-4.3.3-5]
  done,      // finished, but something before it is not
};

/// One message for one client.
struct OutgoingMessage {
  const Message* message = nullptr;  // a hold; null once released
  mqtt::PacketId packet_id = mqtt::PacketId::none;
  FlowState state : 3 = FlowState::waiting;
  mqtt::QoS qos : 3 = mqtt::QoS::at_most_once;
  bool retain : 1 = false;        // the RETAIN flag it goes out with
  bool has_details : 1 = false;   // `identifier` is an index into the details
  bool is_sent_here : 1 = false;  // on this Network Connection
  std::uint32_t identifier = 0;   // the Subscription Identifier, or where more is
};
static_assert(sizeof(OutgoingMessage) == 16);

/// What few messages have: several Subscription Identifiers, or a shared subscription they were
/// dealt out by.
struct OutgoingDetails {
  std::vector<std::uint32_t> identifiers;
  GroupRef group;
  bool is_shared = false;
};

class Outgoing {
 public:
  Outgoing() = default;
  ~Outgoing() { clear(); }
  Outgoing(const Outgoing&) = delete;
  Outgoing& operator=(const Outgoing&) = delete;

  /// Queues a message behind all others; takes a hold on it.
  void push(const MessageRef& message, mqtt::QoS qos, bool retain,
            std::span<const std::uint32_t> identifiers, const GroupRef* group);

  /// The next message that waits, null when none does.
  [[nodiscard]] OutgoingMessage* next_waiting() {
    return waiting_.empty() ? nullptr : &waiting_[0];
  }
  /// Takes the next waiting message off; its hold and details stay for the caller to `drop`.
  OutgoingMessage take_waiting();
  /// Moves the next waiting message into flight with an unused Packet Identifier. [MQTT-2.2.1-4]
  /// [MQTT-4.3.2-1]
  /// [MQTT-4.3.3-1] [MQTT3-2.3.1-4] [MQTT3-4.3.2-1] [MQTT3-4.3.3-1]
  OutgoingMessage& begin_flight();

  /// The message in flight with that Packet Identifier, null when there is none.    cost   O(1)
  /// nearly always.
  [[nodiscard]] OutgoingMessage* in_flight(mqtt::PacketId packet_id);
  /// PUBREC came: the message itself is needed no more. [MQTT-4.3.3-6]
  void release(OutgoingMessage& entry);
  /// The handshake is over; the identifier is free again.
  void finish(OutgoingMessage& entry);

  /// A new Network Connection: everything in flight is to be sent again, in order. [MQTT-4.4.0-1]
  /// [MQTT-4.6.0-1]
  void rewind();
  /// The next message in flight to send again, null when all were.
  [[nodiscard]] OutgoingMessage* next_resend();
  /// `next_resend` was sent.
  void resent();

  /// Unfinished messages that were sent on this connection: what the client's Receive Maximum
  /// limits.
  [[nodiscard]] std::uint32_t outstanding() const { return outstanding_; }
  [[nodiscard]] std::uint32_t waiting_count() const { return waiting_.size(); }
  [[nodiscard]] std::size_t waiting_bytes() const { return waiting_bytes_; }
  /// Everything unfinished, waiting or in flight.
  [[nodiscard]] std::uint32_t count() const {
    return waiting_.size() + in_flight_.size() - done_count_;
  }
  [[nodiscard]] bool has_flight() const { return !in_flight_.empty(); }

  [[nodiscard]] std::span<const std::uint32_t> identifiers_of(const OutgoingMessage& entry) const;
  [[nodiscard]] const OutgoingDetails* details_of(const OutgoingMessage& entry) const;

  /// Gives up hold and details of an entry that was taken off.
  void drop(const OutgoingMessage& entry);
  /// Takes off waiting messages that expired by `now`; hold and details stay for the caller to
  /// `drop`.
  [[nodiscard]] std::vector<OutgoingMessage> take_expired(Time now);
  /// Takes off everything of shared subscriptions that may still go to another member: not sent
  /// yet, or QoS 1 not acknowledged. QoS 2 that was begun stays. [MQTT-4.8.2-4]
  [[nodiscard]] std::vector<OutgoingMessage> take_shared();
  void clear();

 private:
  [[nodiscard]] std::uint32_t index_of(mqtt::PacketId packet_id) const;
  [[nodiscard]] mqtt::PacketId next_packet_id();
  [[nodiscard]] bool is_descent(std::uint32_t index) const;
  [[nodiscard]] std::uint32_t add_details(OutgoingDetails details);
  void pop_done();
  void compact();

  Ring<OutgoingMessage> in_flight_;
  Ring<OutgoingMessage> waiting_;
  std::size_t waiting_bytes_ = 0;
  struct DetailTable {
    std::vector<OutgoingDetails> items;
    std::vector<std::uint32_t> free;
  };
  std::unique_ptr<DetailTable> details_;
  std::uint32_t resend_at_ = 0;
  std::uint32_t done_count_ = 0;
  std::uint16_t outstanding_ = 0;
  std::uint16_t last_packet_id_ = 0;
  std::uint16_t descents_ = 0;  // places in flight where the next identifier is a smaller one
};

}  // namespace peal::broker
