#include "peal/broker/ports/mailbox.hpp"

#include "peal/broker/publication.hpp"

namespace peal::broker {

void Mailbox::send_to_others(WorkerIndex self, unsigned worker_count, const Mail& mail) {
  for (unsigned i = 0; i < worker_count; ++i) {
    if (static_cast<WorkerIndex>(i) != self) {
      send(static_cast<WorkerIndex>(i), mail);
    }
  }
}

void Mailbox::forward(WorkerIndex to, const Forward& how, Publication& publication) {
  send(to, mail::Publish{.message = publication.message(), .how = how});
}

}  // namespace peal::broker
