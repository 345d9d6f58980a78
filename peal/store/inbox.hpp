// Where workers leave what is to be written, and what they want to read, until the writer thread
// takes it. One queue for all of them: what was handed over first is committed first, whoever it
// came from.
//
// Any worker adds, the writer takes; one mutex, held for a few moves. Not bounded while the disk
// works (`bytes` tells how far behind it is); once it does not, up to a limit, and then closed.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include "peal/base/timer_wheel.hpp"
#include "peal/store/bundle.hpp"

namespace peal::store {

struct HandedOver {
  unsigned worker = 0;
  Bundle bundle;
};

struct FetchRequest {
  unsigned worker = 0;
  broker::SessionHandle session;
  StoredId stored{};
  std::vector<KeptId> messages;
  std::uint64_t after = 0;  // bundles that were handed over before
};

class Inbox {
 public:
  explicit Inbox(std::uint64_t bytes_limit) : bytes_limit_(bytes_limit) {}

  /// Takes the bundle and leaves an empty one.
  ///
  /// returns   false: it was dropped, and so will be all that come.
  bool add(unsigned worker, Bundle& bundle);
  void add(FetchRequest request);
  /// Bytes that wait.    threads   any.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

  /// From now on not more than the limit; or as much as comes.
  void set_bounded(bool is_bounded);
  /// Drops all that come from now on, and what waits; returns how many bundles waited.
  std::size_t close();
  [[nodiscard]] bool is_closed();
  /// No more will come: `wait` returns at once.
  void stop();

  /// Waits for something to take, or until `due`. Bundles count only when `wants_bundles`.
  ///
  /// returns   whether it was stopped.
  bool wait_until(std::chrono::steady_clock::time_point due, bool wants_bundles);
  /// The oldest bundles, about `bytes_limit` of them, in order.
  [[nodiscard]] std::vector<HandedOver> take(std::uint64_t bytes_limit);
  [[nodiscard]] std::vector<FetchRequest> take_fetches();
  [[nodiscard]] bool is_empty();
  [[nodiscard]] bool is_empty_of_bundles();
  /// Gives the room of bundles that are done with back to the workers.
  void recycle(std::vector<HandedOver> bundles);

 private:
  static constexpr std::size_t spares_limit = 64;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<HandedOver> bundles_;
  std::vector<FetchRequest> fetches_;
  std::vector<Bundle> spares_;
  std::uint64_t bytes_limit_;
  std::uint64_t added_ = 0;
  std::atomic<std::uint64_t> bytes_{0};
  bool is_bounded_ = false;
  bool is_closed_ = false;
  bool is_stopped_ = false;
};

}  // namespace peal::store
