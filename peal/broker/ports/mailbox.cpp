#include "peal/broker/ports/mailbox.hpp"

#include "peal/broker/publication.hpp"

namespace peal::broker {

void Mailbox::forward(WorkerIndex to, const Forward& how, Publication& publication) {
  send(to, mail::Publish{.message = publication.message(), .how = how});
}

}  // namespace peal::broker
