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
#include <span>
#include <utility>
#include <vector>

#include "peal/base/bytes.hpp"

struct epoll_event;

namespace peal::net {

class Connection;
class Output;

/// Something with a descriptor. It stays where it is for as long as a loop knows it.
class EventSource {
 public:
  EventSource() = default;
  EventSource(const EventSource&) = delete;
  EventSource& operator=(const EventSource&) = delete;
  virtual ~EventSource() = default;
  /// `events`   EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLHUP, EPOLLERR as epoll gave them.
  virtual void on_event(std::uint32_t events) = 0;

 private:
  friend class Loop;
  std::uint32_t turn_events_ = 0;  // came from epoll while a turn of `again` is due
  bool has_turn_ = false;          // stands in a list of `again`
};

class Loop {
 public:
  /// Bytes one read may bring; also the fairness budget of one connection in one iteration. Where
  /// many are ready each has less: see `turn_buffer`.
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
  /// Forgets `source`: no event that is under way reaches it. The descriptor stays open.
  void remove(int fd, EventSource& source);

  /// Waits for at most `timeout` (zero: looks only; negative: for ever) and serves what is ready. A
  /// source that asked for another turn with `again` is served in the next iteration, which then
  /// does not wait.
  void poll(std::chrono::milliseconds timeout);

  /// Runs `action` in every `poll`, behind the wait and before the first source: to look at the
  /// clock.
  void after_wait(std::move_only_function<void()> action) { after_wait_ = std::move(action); }

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
  /// Ends the iteration: closed connections are told (`on_closed`), then the actions of `later`
  /// run, those that they add included.
  void sweep();

  /// The worker's one read buffer: `headroom_bytes` + `read_bytes`.
  [[nodiscard]] MutableBytes read_buffer() {
    return {read_buffer_.get(), headroom_bytes + read_bytes};
  }
  /// The part of it, behind the headroom, that a connection may fill in this iteration.
  [[nodiscard]] MutableBytes turn_buffer() {
    return read_buffer().subspan(headroom_bytes, turn_bytes_);
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
  friend class Connection;
  static constexpr std::size_t handshakes_per_iteration = 16;

  void serve(EventSource& source, std::uint32_t events);
  void serve_again();
  /// True while this iteration may still afford a step of a TLS handshake (about a millisecond).
  [[nodiscard]] bool take_handshake_turn();
  /// `connection` ended: its `finish` is called by the sweep.
  void mark_closed(Connection& connection) { closed_.push_back(&connection); }
  /// `connection` is written and finished no more.
  void forget_connection(Connection& connection);
  [[nodiscard]] std::unique_ptr<Output> lend_output();
  void give_back(std::unique_ptr<Output> output);

  int epoll_fd_ = -1;
  int wake_fd_ = -1;
  std::atomic<bool> asleep_{false};
  std::size_t handshakes_left_ = handshakes_per_iteration;
  std::size_t turn_bytes_ = read_bytes;
  // Null entries are sources that were removed meanwhile.
  std::vector<Connection*> dirty_;
  std::vector<Connection*> closed_;
  std::vector<EventSource*> again_;
  std::vector<EventSource*> ready_again_;
  std::span<epoll_event> batch_;  // events of this iteration not served yet
  std::move_only_function<void()> after_wait_;
  std::vector<std::move_only_function<void()>> later_;
  std::vector<std::unique_ptr<Output>> outputs_;
  std::unique_ptr<std::uint8_t[]> read_buffer_;
  std::unique_ptr<std::uint8_t[]> write_buffer_;
};

}  // namespace peal::net
