// The ways between workers: one ring for each ordered pair, so that every pair keeps its order
// without a lock.
//
// A worker's mail waits on its own side until the end of its iteration and then goes over as one
// batch, which costs one push whatever it holds; the receiver is woken only if it sleeps. Small
// messages are packed into the batch's own bytes, one behind the other, so that handing one over
// allocates nothing and the receiver reads them in a row.
//
// Nothing blocks: a full ring leaves the batch where it is for the next iteration, and a worker
// whose mail piles up stops reading from its clients until the others have caught up
// (`is_congested`).
#pragma once

#include <atomic>
#include <memory>
#include <variant>
#include <vector>

#include "peal/base/spsc_ring.hpp"
#include "peal/broker/ports/mailbox.hpp"
#include "peal/server/client.hpp"

namespace peal::net {
class Loop;
}

namespace peal::server {

/// A connection on its way to its home worker.
using HandedOver = std::unique_ptr<Client>;

/// So many messages stand next in the batch's bytes.
struct PackedRun {
  std::uint32_t count = 0;
};

using Letter = std::variant<PackedRun, broker::Mail, HandedOver>;

/// A growing run of bytes that keeps its room, and never writes it before its user does.
class PackedBytes {
 public:
  /// Room for `size` more bytes.
  [[nodiscard]] std::uint8_t* extend(std::size_t size);
  [[nodiscard]] Bytes bytes() const { return {room_.get(), size_}; }
  /// A room that grew very large is given up.
  void clear();

 private:
  std::unique_ptr<std::uint8_t[]> room_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

/// What goes over at once.
struct Batch {
  std::vector<Letter> letters;
  PackedBytes packed;
  std::size_t messages = 0;  // letters, and messages that are packed

  [[nodiscard]] bool is_empty() const { return letters.empty(); }
  /// As new, but with its room.
  void clear();
};

/// Appends one message to `batch.packed`. (post_office_packing.cpp)
void pack(Batch& batch, const broker::Forward& how, const broker::MessageFields& message);

/// A packed message; views into the batch.
struct Unpacked {
  broker::Forward how;
  broker::MessageFields message;
};
/// Reads the message at `position` and moves it behind.
[[nodiscard]] Unpacked unpack(const Batch& batch, std::size_t& position);

class PostOffice {
 public:
  /// One direction between two workers.
  struct Way {
    SpscRing<Batch> ring{64};
    SpscRing<Batch> emptied{4};         // back to the sender, with their room
    std::atomic<std::size_t> taken{0};  // messages the receiver is done with
  };

  explicit PostOffice(unsigned workers);

  /// Whose loop to wake when mail for `worker` has come. Before any mail is sent.
  void set_loop(unsigned worker, net::Loop& loop) { loops_[worker] = &loop; }
  [[nodiscard]] Way& way(unsigned from, unsigned to) { return *ways_[from * workers_ + to]; }
  [[nodiscard]] unsigned workers() const { return workers_; }
  void wake(unsigned worker);

 private:
  unsigned workers_;
  std::vector<std::unique_ptr<Way>> ways_;
  std::vector<net::Loop*> loops_;
};

/// One worker's counter at the post office. Used on its thread only.
class Mailbox final : public broker::Mailbox {
 public:
  Mailbox(PostOffice& office, unsigned self);

  void send(broker::WorkerIndex to, broker::Mail mail) override;
  void forward(broker::WorkerIndex to, const broker::Forward& how,
               broker::Publication& publication) override;
  void hand_over(broker::WorkerIndex to, HandedOver client);

  /// End of the iteration: what was sent goes over as far as there is room.
  void dispatch();
  /// Takes one batch of each worker; calls `receive(letter)` and `receive(unpacked)` in their
  /// order. returns   whether there was any.
  template <typename Receive>
  bool collect(Receive receive);
  /// Whether mail is ready to be collected.
  [[nodiscard]] bool has_mail() const;
  /// Whether mail waits here for room at the receiver's.
  [[nodiscard]] bool has_backlog() const { return has_backlog_; }
  /// Whether a receiver is so far behind that it should get nothing new.
  [[nodiscard]] bool is_congested() const;

 private:
  static constexpr std::size_t congested_from = std::size_t{64} * 1024;

  void dispatch(unsigned to);

  struct Outbox {
    Batch batch;
    std::size_t sent = 0;  // messages in all
  };

  PostOffice& office_;
  unsigned self_;
  bool has_backlog_ = false;
  std::vector<Outbox> outboxes_;
};

template <typename Receive>
bool Mailbox::collect(Receive receive) {
  bool is_any = false;
  Batch batch;
  for (unsigned from = 0; from < office_.workers(); ++from) {
    if (from == self_ || !office_.way(from, self_).ring.pop(batch)) {
      continue;
    }
    is_any = true;
    std::size_t position = 0;
    for (Letter& letter : batch.letters) {
      if (const auto* run = std::get_if<PackedRun>(&letter)) {
        for (std::uint32_t i = 0; i < run->count; ++i) {
          Unpacked unpacked = unpack(batch, position);
          unpacked.how.from = static_cast<broker::WorkerIndex>(from);
          receive(unpacked);
        }
      } else {
        receive(letter);
      }
    }
    batch.clear();
    PostOffice::Way& way = office_.way(from, self_);
    const std::size_t messages = std::exchange(batch.messages, 0);
    (void)way.emptied.push(batch);
    way.taken.fetch_add(messages, std::memory_order_release);
  }
  return is_any;
}

}  // namespace peal::server
