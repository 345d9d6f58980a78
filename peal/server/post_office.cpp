#include "peal/server/post_office.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "peal/broker/publication.hpp"
#include "peal/net/loop.hpp"

namespace peal::server {

namespace {

/// Up to here copying a message's bytes is cheaper than a block of its own that two threads count.
constexpr std::size_t packed_up_to_bytes = 2048;
/// In the middle of an iteration: while it is still in the cache, and the receiver can begin.
constexpr std::size_t dispatch_from_bytes = std::size_t{64} * 1024;
constexpr std::size_t room_kept_bytes = std::size_t{1} << 20;

}  // namespace

std::uint8_t* PackedBytes::extend(std::size_t size) {
  if (size_ + size > capacity_) {
    const std::size_t capacity = std::max(2 * capacity_, size_ + size + 4096);
    auto room = std::make_unique_for_overwrite<std::uint8_t[]>(capacity);
    if (size_ > 0) {
      std::memcpy(room.get(), room_.get(), size_);
    }
    room_ = std::move(room);
    capacity_ = capacity;
  }
  return room_.get() + std::exchange(size_, size_ + size);
}

void PackedBytes::clear() {
  size_ = 0;
  if (capacity_ > room_kept_bytes) {
    room_.reset();
    capacity_ = 0;
  }
}

void Batch::clear() {
  letters.clear();
  heads.clear();
  packed.clear();
}

PostOffice::PostOffice(unsigned workers) : workers_(workers), loops_(workers) {
  for (unsigned i = 0; i < workers * workers; ++i) {
    ways_.push_back(std::make_unique<Way>());
  }
}

void PostOffice::wake(unsigned worker) { loops_[worker]->wake(); }

Mailbox::Mailbox(PostOffice& office, unsigned self, std::function<bool()> may_go)
    : office_(office), self_(self), may_go_(std::move(may_go)), outboxes_(office.workers()) {}

void Mailbox::send(broker::WorkerIndex to, broker::Mail mail) {
  Batch& batch = outboxes_[static_cast<unsigned>(to)].batch;
  batch.messages += broker::weight_of(mail);
  batch.letters.emplace_back(std::move(mail));
}

void Mailbox::forward(broker::WorkerIndex to, const broker::Forward& how,
                      broker::Publication& publication) {
  const broker::MessageFields& message = publication.fields();
  const std::size_t size =
      message.topic.text().size() + message.properties.size() + message.payload.size();
  // A message that has its block already, or is large, or is kept for long, is better shared.
  if (how.for_retained || size > packed_up_to_bytes || publication.has_message()) {
    broker::Mailbox::forward(to, how, publication);
    return;
  }
  Batch& batch = outboxes_[static_cast<unsigned>(to)].batch;
  if (publication.plain() && !how.for_groups) {
    pack(batch, how.space, message.topic, *publication.plain());
  } else {
    pack(batch, how, message);
  }
  ++batch.messages;
  if (batch.packed.size() >= dispatch_from_bytes && (!may_go_ || may_go_())) {
    dispatch(static_cast<unsigned>(to));
  }
}

void Mailbox::hand_over(broker::WorkerIndex to, HandedOver client) {
  Batch& batch = outboxes_[static_cast<unsigned>(to)].batch;
  batch.letters.emplace_back(std::move(client));
  ++batch.messages;
}

void Mailbox::dispatch() {
  has_backlog_ = false;
  for (unsigned to = 0; to < outboxes_.size(); ++to) {
    dispatch(to);
  }
}

void Mailbox::dispatch(unsigned to) {
  Outbox& outbox = outboxes_[to];
  if (outbox.batch.is_empty()) {
    return;
  }
  PostOffice::Way& way = office_.way(self_, to);
  const std::size_t messages = outbox.batch.messages;
  if (!way.ring.push(outbox.batch)) {
    has_backlog_ = true;
    return;
  }
  outbox.sent += messages;
  outbox.batch = {};
  (void)way.emptied.pop(outbox.batch);
  office_.wake(to);
}

void Mailbox::give_back() {
  for (Collected& collected : collected_) {
    collected.batch.clear();
    (void)office_.way(collected.from, self_).emptied.push(collected.batch);
  }
  collected_.clear();
  collected_bytes_ = 0;
}

bool Mailbox::has_mail() const {
  for (unsigned from = 0; from < office_.workers(); ++from) {
    if (from != self_ && office_.way(from, self_).ring.has_items()) {
      return true;
    }
  }
  return false;
}

bool Mailbox::is_congested() const {
  for (unsigned to = 0; to < outboxes_.size(); ++to) {
    const std::size_t taken = office_.way(self_, to).taken.load(std::memory_order_acquire);
    if (outboxes_[to].sent + outboxes_[to].batch.messages - taken > congested_from) {
      return true;
    }
  }
  return false;
}

}  // namespace peal::server
