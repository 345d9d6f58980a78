// Port: may this client publish, subscribe, receive? Every path of a message asks here and nowhere
// else.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "peal/base/shared_buffer.hpp"
#include "peal/mqtt/packets.hpp"

namespace peal::broker {

/// Whose right is asked for. Views that are valid during the call.
struct ClientIdentity {
  std::string_view client_id;
  std::string_view user;         // empty: anonymous
  std::string_view grants = "";  // what came with it when it proved who it is (AuthAnswer)
};

enum class SubscribeRight : std::uint8_t {
  none,
  some,  // may subscribe; whether a message may be received is asked for each
  all,   // everything that the filter matches may be received
};

/// How fast a client may publish; 0: as fast as it can.
struct PublishRate {
  std::uint64_t messages_per_second = 0;
  std::uint64_t messages_burst = 0;
  std::uint64_t bytes_per_second = 0;
  std::uint64_t bytes_burst = 0;

  [[nodiscard]] bool is_limited() const { return messages_per_second + bytes_per_second > 0; }
  friend bool operator==(const PublishRate&, const PublishRate&) = default;
};

/// The rules that hold for a client, often for many. They never change: new rules are new Rights.
///
/// threads   any, several at once.    cost   asked on the way of every message: quick.
class Rights {
 public:
  Rights() = default;
  Rights(const Rights&) = delete;
  Rights& operator=(const Rights&) = delete;

  // For SharedRef: made with `new`, gone with the last holder, on whatever thread that is.
  void retain() const { holders_.fetch_add(1, std::memory_order_relaxed); }
  void release() const {
    if (holders_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      delete this;
    }
  }

  /// `topic` with its alias resolved; asked for PUBLISH, for wills at CONNECT and again when they
  /// are sent. The answer for one client, topic and RETAIN is always the same.
  [[nodiscard]] virtual bool may_publish(const ClientIdentity& client, mqtt::TopicName topic,
                                         bool retain) const = 0;
  /// `filter` of a SUBSCRIBE; a share's name is for the port to leave aside.
  [[nodiscard]] virtual SubscribeRight may_subscribe(const ClientIdentity& client,
                                                     const mqtt::TopicFilter& filter) const = 0;
  /// Asked at delivery, with the concrete topic, where `may_subscribe` said `some`.
  [[nodiscard]] virtual bool may_receive(const ClientIdentity& client,
                                         mqtt::TopicName topic) const = 0;

  /// For each connection by itself.
  [[nodiscard]] virtual PublishRate publish_rate() const { return {}; }

 protected:
  virtual ~Rights() = default;

 private:
  mutable std::atomic<std::uint32_t> holders_{1};
};
using RightsRef = SharedRef<Rights>;

class Authorizer {
 public:
  virtual ~Authorizer() = default;
  /// Null: everything is allowed. Asked once for a connection, and again after
  /// `Worker::rights_changed`.
  [[nodiscard]] virtual RightsRef rights_of(const ClientIdentity& client) = 0;
};

}  // namespace peal::broker
