// The ways between workers: one ring for each ordered pair, so that every pair keeps its order
// without a lock.
//
// A worker's mail waits on its own side until the end of its iteration and then goes over as one
// batch, which costs one push whatever it holds; the receiver is woken only if it sleeps. Small
// messages are packed into the batch's own bytes, one behind the other, so that handing one over
// allocates nothing and the receiver reads them in a row. Bursts of plain QoS 0 messages go as runs
// (`broker::PublishRun`), whose packets the receiver's connections refer to where they lie: a batch
// belongs to its receiver until the flush.
//
// Nothing blocks: a full ring leaves the batch where it is for the next iteration, and a worker
// whose mail piles up stops reading from its clients until the others have caught up
// (`is_congested`).
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <variant>
#include <vector>

#include "peal/base/spsc_ring.hpp"
#include "peal/broker/ports/mailbox.hpp"
#include "peal/broker/publish_run.hpp"
#include "peal/server/client.hpp"

namespace peal::net {
class Loop;
}

namespace peal::server {

/// A connection on its way to its home worker.
using HandedOver = std::unique_ptr<Client>;

/// What the batch's bytes hold of a packed message. Every byte of it crosses from one core's cache
/// to another's, so it is small: the time of expiry stands with the bytes, where there is one, and
/// who published matters to nobody elsewhere (No Local is about the publisher's own session, which
/// is at home where it publishes).
struct MessageHead {
  std::uint16_t payload_size = 0;
  std::uint16_t properties_size = 0;
  std::uint16_t topic_size = 0;
  broker::NamespaceId space{};
  mqtt::QoS qos{};
  bool retain : 1 = false;
  bool expires : 1 = false;
  bool for_sessions : 1 = false;
  bool for_groups : 1 = false;
  bool is_logged : 1 = false;  // the name in the sender's journal stands with the bytes
};

/// The same of a run, apart from its packets so that those of several runs lie side by side.
struct RunHead {
  std::uint32_t bytes = 0;
  std::uint16_t count = 0;
  std::uint16_t largest_bytes = 0;
  broker::NamespaceId space{};
  bool is_v5 = false;
};

using PackedHead = std::variant<MessageHead, RunHead>;
static_assert(sizeof(PackedHead) == 16);

/// So many packed heads come next.
struct Packed {
  std::uint32_t count = 0;
};

using Letter = std::variant<Packed, broker::Mail, HandedOver>;

/// A growing run of bytes that keeps its room, and never writes it before its user does.
class PackedBytes {
 public:
  /// Room for `size` more bytes.
  [[nodiscard]] std::uint8_t* extend(std::size_t size);
  [[nodiscard]] Bytes bytes() const { return {room_.get(), size_}; }
  [[nodiscard]] std::size_t size() const { return size_; }
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
  std::vector<PackedHead> heads;
  PackedBytes packed;
  std::size_t messages = 0;  // letters, and messages that are packed

  [[nodiscard]] bool is_empty() const { return letters.empty(); }
  /// As new, but with its room.
  void clear();
};

/// Appends one message to what is packed. Its parts are short. (post_office_packing.cpp)
void pack(Batch& batch, const broker::Forward& how, const broker::MessageFields& message);
/// Appends one packet, of that topic and for sessions only: to the last run, if it is of the same
/// kind.
void pack(Batch& batch, broker::NamespaceId space, mqtt::TopicName topic,
          const broker::PlainPublish& packet);

/// A packed message; views into the batch.
struct Unpacked {
  broker::Forward how;
  broker::MessageFields message;
};

/// Reads what was packed, in its order.
class Unpacking {
 public:
  explicit Unpacking(const Batch& batch, broker::WorkerIndex from = {})
      : heads_(batch.heads), bytes_(batch.packed.bytes()), from_(from) {}
  /// What comes next; views into the batch.    precondition   there is something.
  [[nodiscard]] std::variant<Unpacked, broker::PublishRun> next();

 private:
  [[nodiscard]] Unpacked read(const MessageHead& head);
  [[nodiscard]] broker::PublishRun read(const RunHead& head);
  Bytes take(std::size_t size);

  std::span<const PackedHead> heads_;
  Bytes bytes_;
  broker::WorkerIndex from_;
};

class PostOffice {
 public:
  /// One direction between two workers.
  struct Way {
    SpscRing<Batch> ring{64};
    SpscRing<Batch> emptied{16};        // back to the sender, with their room
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
  /// `may_go`   whether mail may go out before the end of an iteration; asked when much waits.
  Mailbox(PostOffice& office, unsigned self, std::function<bool()> may_go = {});

  void send(broker::WorkerIndex to, broker::Mail mail) override;
  void forward(broker::WorkerIndex to, const broker::Forward& how,
               broker::Publication& publication) override;
  void hand_over(broker::WorkerIndex to, HandedOver client);

  /// End of the iteration: what was sent goes over as far as there is room.
  void dispatch();
  /// Takes one batch of each worker; calls `receive(letter)`, `receive(unpacked)` and
  /// `receive(run)` in their order. The runs' bytes stay until `give_back`.
  /// returns   whether there was any.
  template <typename Receive>
  bool collect(const Receive& receive);
  /// Behind the flush: the batches that were collected may be filled again.
  void give_back();
  /// What the batches hold that are to be given back.
  [[nodiscard]] std::size_t collected_bytes() const { return collected_bytes_; }
  /// Whether mail is ready to be collected.
  [[nodiscard]] bool has_mail() const;
  /// Whether mail waits here for room at the receiver's.
  [[nodiscard]] bool has_backlog() const { return has_backlog_; }
  /// Whether a receiver is so far behind that it should get nothing new.
  [[nodiscard]] bool is_congested() const;

 private:
  static constexpr std::size_t congested_from = std::size_t{64} * 1024;

  void dispatch(unsigned to);
  template <typename Receive>
  void open(Batch& batch, broker::WorkerIndex from, const Receive& receive);

  /// A batch that was taken, until it goes back.
  struct Collected {
    unsigned from = 0;
    Batch batch;
  };

  struct Outbox {
    Batch batch;
    std::size_t sent = 0;  // messages in all
  };

  PostOffice& office_;
  unsigned self_;
  std::function<bool()> may_go_;
  bool has_backlog_ = false;
  std::vector<Outbox> outboxes_;
  std::vector<Collected> collected_;  // opened, each to its end
  std::size_t collected_bytes_ = 0;
};

template <typename Receive>
bool Mailbox::collect(const Receive& receive) {
  bool is_any = false;
  for (unsigned from = 0; from < office_.workers(); ++from) {
    PostOffice::Way& way = office_.way(from, self_);
    Batch batch;
    if (from == self_ || !way.ring.pop(batch)) {
      continue;
    }
    is_any = true;
    open(batch, static_cast<broker::WorkerIndex>(from), receive);
    way.taken.fetch_add(std::exchange(batch.messages, 0), std::memory_order_release);
    collected_bytes_ += batch.packed.size();
    collected_.push_back({from, std::move(batch)});
  }
  return is_any;
}

template <typename Receive>
void Mailbox::open(Batch& batch, broker::WorkerIndex from, const Receive& receive) {
  Unpacking unpacking(batch, from);
  for (Letter& letter : batch.letters) {
    if (const auto* packed = std::get_if<Packed>(&letter)) {
      for (std::uint32_t i = 0; i < packed->count; ++i) {
        std::visit(receive, unpacking.next());
      }
    } else {
      receive(letter);
    }
  }
}

}  // namespace peal::server
