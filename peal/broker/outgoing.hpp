// What a Session still has to bring to its client: messages in flight (QoS 1 and 2, in the order
// they were first sent) and behind them the messages that wait for a place in the window. Sixteen
// bytes a message.
//
// The states of the sender's side of QoS 1 and 2 (MQTT 5 §4.3, §4.4) live here and nowhere else;
// nothing here sends. Owned by its Session, used on its worker.
#pragma once

#include <bit>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "peal/base/ring.hpp"
#include "peal/broker/mail.hpp"
#include "peal/broker/message.hpp"
#include "peal/broker/ports/journal.hpp"

namespace peal::broker {

/// Where a message stands on its way to the client.
enum class FlowState : std::uint8_t {
  waiting,   // not sent yet
  sent,      // PUBLISH sent; PUBACK or PUBREC is awaited [MQTT-4.3.2-3] [MQTT-4.3.3-3]
  released,  // PUBREL sent; PUBCOMP is awaited [MQTT-4.3.3-5]
  done,      // finished, but something before it is not
};

/// One message for one client. A message that the journal keeps may be on disk alone: then only its
/// name and about its size are here.
struct OutgoingMessage {
  mqtt::PacketId packet_id = mqtt::PacketId::none;
  FlowState state : 3 = FlowState::waiting;
  mqtt::QoS qos : 3 = mqtt::QoS::at_most_once;
  bool retain : 1 = false;          // the RETAIN flag it goes out with
  bool has_details : 1 = false;     // `identifier` is an index into the details
  bool is_sent_here : 1 = false;    // on this Network Connection
  bool is_kept : 1 = false;         // the journal has it
  std::uint8_t size_class : 6 = 0;  // of a kept one; see `class_of_bytes`
  std::uint32_t identifier = 0;     // the Subscription Identifier, or where more is

  /// null: released, or on disk.
  [[nodiscard]] const Message* message() const {
    return is_on_disk() ? nullptr : std::bit_cast<const Message*>(held_);
  }
  [[nodiscard]] bool is_on_disk() const { return (held_ & 1) != 0; }
  /// Its name in the journal.
  [[nodiscard]] KeptId kept() const {
    return !is_kept       ? KeptId::none
           : is_on_disk() ? static_cast<KeptId>(held_ >> 1)
                          : message()->kept();
  }
  /// What it counts against the queue's limit. Of a kept one up to half more than it is, so that
  /// it is the same wherever its bytes are.
  [[nodiscard]] std::size_t bytes() const;

  /// Takes over a hold.
  void hold(const Message* message) { held_ = reinterpret_cast<std::uintptr_t>(message); }
  /// Lets go of the message; a kept one's name stays.
  void let_go();
  void name(KeptId kept) { held_ = static_cast<std::uintptr_t>(kept) << 1 | 1; }

 private:
  std::uintptr_t held_ = 0;  // a hold on a Message, or a KeptId with the lowest bit set
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

  /// Where the bytes of kept messages that wait here in memory are counted, together with others'.
  void count_into(std::size_t& kept_in_memory_bytes) { in_memory_bytes_ = &kept_in_memory_bytes; }

  /// Queues a message behind all others; takes a hold on it.
  void push(const MessageRef& message, mqtt::QoS qos, bool retain,
            std::span<const std::uint32_t> identifiers, const GroupRef* group);
  /// The last one pushed is in the journal; with `is_on_disk` its bytes are left to it.
  void keep_last(bool is_on_disk);
  /// Puts back what a start found, in order. Its bytes are on disk.
  void restore(const StoredCopy& copy);

  /// What has to be brought from disk before more can be sent, at most `limit` of it.
  [[nodiscard]] std::vector<KeptId> wanted_from_disk(std::size_t limit) const;
  /// Brings one back; false: nobody waits for it.
  bool load(KeptId kept, const MessageRef& message);
  /// Whether it was sent before, and its bytes are still on disk alone; null when not.
  [[nodiscard]] OutgoingMessage* in_flight_on_disk(KeptId kept);
  /// Calls `visit` with everything unfinished that the journal keeps.
  template <typename Visit>
  void for_each_kept(Visit visit) const {
    for (const Ring<OutgoingMessage>* ring : {&in_flight_, &waiting_}) {
      for (std::uint32_t i = 0; i < ring->size(); ++i) {
        const OutgoingMessage& entry = (*ring)[i];
        if (entry.is_kept && entry.state != FlowState::done) {
          visit(entry);
        }
      }
    }
  }

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
  void set_identifiers(OutgoingMessage& entry, std::span<const std::uint32_t> identifiers,
                       const GroupRef* group);
  void pop_done();
  void compact();
  void begin_waiting(const OutgoingMessage& entry);
  void end_waiting(const OutgoingMessage& entry);

  Ring<OutgoingMessage> in_flight_;
  Ring<OutgoingMessage> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::size_t* in_memory_bytes_ = nullptr;
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
