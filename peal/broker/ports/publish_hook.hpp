// Port: sees every message that a client publishes, after it was authorised and before it is
// routed. For programs that embed the server.
#pragma once

#include "peal/broker/message.hpp"
#include "peal/broker/ports/authorizer.hpp"

namespace peal::broker {

class PublishHook {
 public:
  virtual ~PublishHook() = default;
  /// false keeps the message from being routed; the publisher is told that it is not authorised.
  [[nodiscard]] virtual bool on_publish(const ClientIdentity& client,
                                        const MessageFields& message) = 0;
};

}  // namespace peal::broker
