// An Application Message as the server owns it: immutable, counted, its bytes in one block whatever
// the number of queues, workers and output buffers that refer to it.
#pragma once

#include <cstdint>

#include "peal/base/shared_buffer.hpp"
#include "peal/base/timer_wheel.hpp"
#include "peal/mqtt/packets.hpp"

namespace peal::broker {

/// Stands for "never": no Message Expiry Interval, no Session Expiry.
inline constexpr Time never = Time::max();

/// Who published a message: a hash of namespace and Client Identifier. 0 is the server itself.
enum class PublisherId : std::uint64_t { server = 0 };

/// Names a message that a worker keeps in its journal, for ever. Of one worker and run of the
/// server, a later message has the greater one. The highest bit is never set.
enum class KeptId : std::uint64_t { none = 0 };

/// What a Message is made from; views into somebody's bytes.
struct MessageFields {
  mqtt::TopicName topic;
  Bytes payload;
  /// Only what is forwarded as it came: no Topic Alias, no Message Expiry Interval, no Subscription
  /// Identifier.
  Bytes properties;
  mqtt::QoS qos = mqtt::QoS::at_most_once;
  bool retain = false;
  Time expires = never;
  PublisherId publisher = PublisherId::server;
};

class Message final : public SharedBuffer {
 public:
  /// Copies `fields` into one new block.    cost   one allocation.
  [[nodiscard]] static SharedRef<Message> make(const MessageFields& fields);

  [[nodiscard]] mqtt::TopicName topic() const {
    return mqtt::TopicName::trusted({text(), topic_size_});
  }
  [[nodiscard]] Bytes properties() const {
    return as_bytes({text() + topic_size_, properties_size_});
  }
  [[nodiscard]] Bytes payload() const {
    return as_bytes({text() + topic_size_ + properties_size_, payload_size_});
  }
  [[nodiscard]] mqtt::QoS qos() const { return qos_; }
  [[nodiscard]] bool retain_flag() const { return retain_; }
  [[nodiscard]] Time expires() const { return expires_; }
  [[nodiscard]] bool is_expired(Time now) const { return expires_ <= now; }
  [[nodiscard]] PublisherId publisher() const { return publisher_; }
  /// What the worker that made it calls it in its journal. Written once, by that worker, which
  /// alone reads it.
  [[nodiscard]] KeptId kept() const { return kept_; }
  void set_kept(KeptId kept) const { kept_ = kept; }
  /// Bytes that count against queue limits: topic, properties and payload.
  [[nodiscard]] std::size_t bytes() const {
    return std::size_t{topic_size_} + properties_size_ + payload_size_;
  }
  /// About what a message of so many `bytes()` takes in memory, the allocator's share included.
  [[nodiscard]] static constexpr std::size_t memory_bytes(std::size_t bytes) {
    return sizeof(Message) + 2 * sizeof(void*) + bytes;
  }
  [[nodiscard]] MessageFields fields() const {
    return {topic(), payload(), properties(), qos_, retain_, expires_, publisher_};
  }

 private:
  explicit Message(const MessageFields& fields);
  [[nodiscard]] const char* text() const { return reinterpret_cast<const char*>(this + 1); }

  std::uint32_t payload_size_;
  std::uint32_t properties_size_;
  std::uint16_t topic_size_;
  mqtt::QoS qos_;
  bool retain_;
  Time expires_;
  PublisherId publisher_;
  mutable KeptId kept_ = KeptId::none;
};

using MessageRef = SharedRef<Message>;

}  // namespace peal::broker
