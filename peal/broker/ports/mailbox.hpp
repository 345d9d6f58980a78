// Port: the way to the other workers. Never blocks and never loses anything; each pair of workers
// keeps its order.
#pragma once

#include "peal/broker/mail.hpp"

namespace peal::broker {

class Publication;

class Mailbox {
 public:
  virtual ~Mailbox() = default;
  /// Mail for `to`, which is another worker. Delivered with the end of the sender's iteration.
  virtual void send(WorkerIndex to, Mail mail) = 0;
  /// The same mail for each of `worker_count` workers but `self`.
  void send_to_others(WorkerIndex self, unsigned worker_count, const Mail& mail);
  /// A message for `to`, in order with all other mail. May copy it, so that nothing has to be
  /// shared between two threads; as it stands here it is shared and sent as `mail::Publish`.
  virtual void forward(WorkerIndex to, const Forward& how, Publication& publication);
};

}  // namespace peal::broker
