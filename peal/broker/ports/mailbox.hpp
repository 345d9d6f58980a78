// Port: the way to the other workers. Never blocks and never loses anything; each pair of workers
// keeps its order.
#pragma once

#include "peal/broker/mail.hpp"

namespace peal::broker {

class Mailbox {
 public:
  virtual ~Mailbox() = default;
  /// Mail for `to`, which is another worker. Delivered with the end of the sender's iteration.
  virtual void send(WorkerIndex to, Mail mail) = 0;
};

}  // namespace peal::broker
