// The ways between workers: one ring for each ordered pair, so that every pair keeps its order
// without a lock.
//
// A worker's mail waits on its own side until the end of its iteration, goes over in one batch, and
// wakes the receiver only if it sleeps. A full ring never blocks: the rest waits for the next
// iteration, and a worker whose mail piles up stops reading from its clients until the others have
// caught up (`is_congested`).
#pragma once

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
using Letter = std::variant<std::monostate, broker::Mail, HandedOver>;

class PostOffice {
 public:
  explicit PostOffice(unsigned workers);
  ~PostOffice();

  /// Whose loop to wake when mail for `worker` has come. Before any mail is sent.
  void set_loop(unsigned worker, net::Loop& loop) { loops_[worker] = &loop; }

  [[nodiscard]] SpscRing<Letter>& ring(unsigned from, unsigned to) {
    return *rings_[from * workers_ + to];
  }
  [[nodiscard]] unsigned workers() const { return workers_; }
  void wake(unsigned worker);

 private:
  unsigned workers_;
  std::vector<std::unique_ptr<SpscRing<Letter>>> rings_;
  std::vector<net::Loop*> loops_;
};

/// One worker's counter at the post office. Used on its thread only.
class Mailbox final : public broker::Mailbox {
 public:
  Mailbox(PostOffice& office, unsigned self);
  ~Mailbox() override;

  void send(broker::WorkerIndex to, broker::Mail mail) override;
  void hand_over(broker::WorkerIndex to, HandedOver client);

  /// End of the iteration: what was sent goes over as far as there is room.
  void dispatch();
  /// Takes up to `budget` letters of each worker; `receive` is called with each.
  template <typename Receive>
  void collect(std::size_t budget, Receive receive);
  /// Whether mail waits here or is ready to be collected.
  [[nodiscard]] bool is_pending() const;
  [[nodiscard]] bool is_congested() const { return waiting_ > congested_from; }

 private:
  static constexpr std::size_t congested_from = 16 * 1024;

  struct Outbox {
    std::vector<Letter> letters;
    std::size_t sent = 0;
  };
  void post(unsigned to, Letter letter);

  PostOffice& office_;
  unsigned self_;
  std::vector<Outbox> outboxes_;
  std::size_t waiting_ = 0;
};

template <typename Receive>
void Mailbox::collect(std::size_t budget, Receive receive) {
  Letter letter;
  for (unsigned from = 0; from < office_.workers(); ++from) {
    for (std::size_t i = 0; from != self_ && i < budget && office_.ring(from, self_).pop(letter);
         ++i) {
      receive(letter);
    }
  }
}

}  // namespace peal::server
