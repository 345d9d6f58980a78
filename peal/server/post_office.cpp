#include "peal/server/post_office.hpp"

#include "peal/net/loop.hpp"

namespace peal::server {

namespace {

constexpr std::size_t ring_capacity = 2048;

}  // namespace

PostOffice::PostOffice(unsigned workers) : workers_(workers), loops_(workers) {
  for (unsigned i = 0; i < workers * workers; ++i) {
    const bool is_own = i / workers == i % workers;
    rings_.push_back(std::make_unique<SpscRing<Letter>>(is_own ? 1 : ring_capacity));
  }
}

PostOffice::~PostOffice() = default;

void PostOffice::wake(unsigned worker) { loops_[worker]->wake(); }

Mailbox::Mailbox(PostOffice& office, unsigned self)
    : office_(office), self_(self), outboxes_(office.workers()) {}

Mailbox::~Mailbox() = default;

void Mailbox::post(unsigned to, Letter letter) {
  outboxes_[to].letters.push_back(std::move(letter));
  ++waiting_;
}

void Mailbox::send(broker::WorkerIndex to, broker::Mail mail) {
  post(static_cast<unsigned>(to), std::move(mail));
}

void Mailbox::hand_over(broker::WorkerIndex to, HandedOver client) {
  post(static_cast<unsigned>(to), std::move(client));
}

void Mailbox::dispatch() {
  for (unsigned to = 0; waiting_ > 0 && to < outboxes_.size(); ++to) {
    Outbox& outbox = outboxes_[to];
    const std::size_t before = outbox.sent;
    while (outbox.sent < outbox.letters.size() &&
           office_.ring(self_, to).push(outbox.letters[outbox.sent])) {
      ++outbox.sent;
    }
    const std::size_t moved = outbox.sent - before;
    waiting_ -= moved;
    if (outbox.sent == outbox.letters.size()) {
      outbox.letters.clear();
      outbox.sent = 0;
    } else if (outbox.sent > ring_capacity) {
      outbox.letters.erase(outbox.letters.begin(),
                           outbox.letters.begin() + static_cast<std::ptrdiff_t>(outbox.sent));
      outbox.sent = 0;
    }
    if (moved > 0) {
      office_.wake(to);
    }
  }
}

bool Mailbox::is_pending() const {
  if (waiting_ > 0) {
    return true;
  }
  for (unsigned from = 0; from < office_.workers(); ++from) {
    if (from != self_ && office_.ring(from, self_).has_items()) {
      return true;
    }
  }
  return false;
}

}  // namespace peal::server
