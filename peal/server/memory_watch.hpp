// How much memory the process has of what it may have, looked at ten times a second (near its
// limit, a hundred times) by a thread of its own; whoever has to do something about it is told when
// that changes. (docs/decisions/0012)
//
// What counts is resident memory, as the system would count it before it ends the process. Freed
// memory that the allocator keeps is given back while it is wanted: once a second from 70 % on.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <thread>

#include "peal/broker/memory_level.hpp"

namespace peal::server {

/// The level after `used` of `limit` bytes were seen at `level`: up at 80 and 95 %, down again
/// below 75 and 90 %, so that it does not flutter.    threads   pure.
[[nodiscard]] broker::MemoryLevel next_level(broker::MemoryLevel level, std::size_t used,
                                             std::size_t limit);

/// What a process may have here: the least of the machine's memory and the limits of its cgroup and
/// those around it, version 1 or 2.
///
/// `root`   "/", or where a test has made a /proc and a /sys.
[[nodiscard]] std::size_t memory_of_machine(const std::filesystem::path& root = "/");

/// Bytes of the process in memory now.
[[nodiscard]] std::size_t resident_bytes();

class MemoryWatch {
 public:
  /// `changed`   is called on the watch's thread: the level now, what is used, the limit.
  using Changed = std::function<void(broker::MemoryLevel, std::size_t used, std::size_t limit)>;
  /// `still_short`   is called there about once a second while the level is `exhausted`.
  using StillShort = std::function<void()>;

  /// Starts the thread.
  MemoryWatch(std::size_t limit_bytes, Changed changed, StillShort still_short);
  ~MemoryWatch();  // ends it
  MemoryWatch(const MemoryWatch&) = delete;
  MemoryWatch& operator=(const MemoryWatch&) = delete;

  [[nodiscard]] std::size_t limit() const { return limit_.load(std::memory_order_relaxed); }
  /// From the next look on.    threads   any.
  void use(std::size_t limit_bytes) { limit_.store(limit_bytes, std::memory_order_relaxed); }
  /// As they were seen last.    threads   any.
  [[nodiscard]] std::size_t used() const { return used_.load(std::memory_order_relaxed); }
  [[nodiscard]] broker::MemoryLevel level() const { return level_.load(std::memory_order_relaxed); }

 private:
  using Clock = std::chrono::steady_clock;
  void run();
  void look();
  [[nodiscard]] std::size_t give_back(std::size_t used, Clock::time_point now);

  std::atomic<std::size_t> limit_;
  Changed changed_;
  StillShort still_short_;
  std::atomic<std::size_t> used_{0};
  std::atomic<broker::MemoryLevel> level_{broker::MemoryLevel::enough};
  // Of the thread alone.
  Clock::time_point give_back_at_{};
  Clock::time_point still_short_at_{};
  std::chrono::seconds pause_{1};
  std::mutex mutex_;
  std::condition_variable wake_;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace peal::server
