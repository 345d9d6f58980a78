// Port: may this client publish, subscribe, receive? Every path of a message asks here and nowhere
// else.
#pragma once

#include <cstdint>
#include <string_view>

#include "peal/mqtt/packets.hpp"

namespace peal::broker {

/// Whose right is asked for. Views that are valid during the call.
struct ClientIdentity {
  std::string_view client_id;
  std::string_view user;  // empty: anonymous
};

class Authorizer {
 public:
  virtual ~Authorizer() = default;
  /// `topic` with its alias resolved; asked for every PUBLISH, for wills at CONNECT and again when
  /// they are sent.
  [[nodiscard]] virtual bool may_publish(const ClientIdentity& client, mqtt::TopicName topic,
                                         mqtt::QoS qos, bool retain) = 0;
  /// `filter` of a SUBSCRIBE; a share's name is for the port to leave aside.
  [[nodiscard]] virtual bool may_subscribe(const ClientIdentity& client,
                                           const mqtt::TopicFilter& filter) = 0;
  /// Asked at delivery, with the concrete topic, so that a withdrawn right takes effect at once.
  [[nodiscard]] virtual bool may_receive(const ClientIdentity& client, mqtt::TopicName topic) = 0;
  /// False promises that `may_receive` says yes to everything: spares a call per delivery.
  [[nodiscard]] virtual bool restricts_receiving() const = 0;
};

}  // namespace peal::broker
