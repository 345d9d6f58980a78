// The event loop of one worker: epoll, edge-triggered, each descriptor registered once and never
// re-armed.
//
// Owned by one thread; only `wake` may be called from another. An iteration is driven by the owner,
// in fixed order:
//
//     loop.poll(timeout);   // wait, then each ready source's on_event
//     ... mail, timers ...
//     loop.flush();         // every connection with output is written once
//     loop.sweep();         // what was closed in this iteration is destroyed now
//
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "peal/base/bytes.hpp"

namespace peal::net {

class Connection;

/// Something with a descriptor.
class EventSource {
 public:
  virtual ~EventSource() = default;
  /// `events`   EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLHUP, EPOLLERR as epoll gave them.
  virtual void on_event(std::uint32_t events) = 0;
};

class Loop {
 public:
  /// Bytes one read may bring; also the fairness budget of one connection in one iteration.
  static constexpr std::size_t read_bytes = std::size_t{64} * 1024;
  /// Room in front of it, for the start of a packet that came earlier.
  static constexpr std::size_t headroom_bytes = std::size_t{64} * 1024;

  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Registers `source` for reading and writing, edge-triggered, until `remove`. False: the system
  /// refused (errno).
  [[nodiscard]] bool add(int fd, EventSource& source);
  void remove(int fd, EventSource& source);

  /// Waits for at most `timeout` (zero: looks only; negative: for ever) and serves what is ready. A
  /// source that asked for another turn with `again` is served in the next iteration, which then
  /// does not wait.
  void poll(std::chrono::milliseconds timeout);

  /// Serves `source` once more in the next iteration, as if it were readable.
  void again(EventSource& source);

  /// Told before the owner looks at its mailboxes for the last time and polls; `wake` only costs a
  /// system call after it. `poll` ends the announcement.
  void announce_sleep() { asleep_.store(true, std::memory_order_seq_cst); }
  /// Ends a wait.    threads   any.    cost   one system call if the loop sleeps or is about to,
  /// else none.
  void wake();

  /// `connection` has output for this iteration's flush.
  void mark_dirty(Connection& connection) { dirty_.push_back(&connection); }
  /// Writes every dirty connection once. May be called more than once in an iteration.
  void flush();

  /// Runs `action` at the end of this iteration, outside of all callbacks: where things are
  /// destroyed.
  void later(std::move_only_function<void()> action) { later_.push_back(std::move(action)); }
  void sweep();

  /// The worker's one read buffer: `headroom_bytes` + `read_bytes`.
  [[nodiscard]] MutableBytes read_buffer() {
    return {read_buffer_.get(), headroom_bytes + read_bytes};
  }
  /// Scratch for output that must be in one piece (TLS records): 16 KiB and more.
  [[nodiscard]] MutableBytes write_buffer() { return {write_buffer_.get(), read_bytes}; }

  /// System calls made so far by this loop and its connections, for measurements: waits, reads,
  /// writes.
  struct Calls {
    std::uint64_t waits = 0;
    std::uint64_t reads = 0;
    std::uint64_t writes = 0;
  };
  Calls calls;

 private:
  int epoll_fd_ = -1;
  int wake_fd_ = -1;
  std::atomic<bool> asleep_{false};
  std::vector<Connection*> dirty_;
  std::vector<EventSource*> again_;
  std::vector<EventSource*> ready_again_;
  std::vector<std::move_only_function<void()>> later_;
  std::unique_ptr<std::uint8_t[]> read_buffer_;
  std::unique_ptr<std::uint8_t[]> write_buffer_;
};

}  // namespace peal::net
