// The one thread that writes: it takes what all workers have handed over, writes it as one batch,
// syncs once, and tells the workers how far they are committed. While it waits for the disk the
// next batch fills, so batching follows the load and needs no timer.
//
// A write that failed is never taken for one that went through. A full disk is tried again every
// second with the same batch; after any other error, or when more waits than the limit, nothing is
// committed until the server has been started anew.
//
// Between commits it reads back what sessions ask for, a bounded number at a time, and spills pages
// that are too old or too many: their live copies move into the table `pend`.
//
// A commit that only says which copies are done with is not synced: losing it means sending those
// again, which clients expect. It survives the end of the process like all others.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "peal/broker/ports/journal.hpp"
#include "peal/broker/ports/log.hpp"
#include "peal/store/counters.hpp"
#include "peal/store/database.hpp"
#include "peal/store/inbox.hpp"
#include "peal/store/page_ledger.hpp"
#include "peal/store/page_shelf.hpp"
#include "peal/store/sync_mode.hpp"
#include "peal/store/wall_clock.hpp"

namespace rocksdb {
class WriteBatch;
}

namespace peal::store {

struct Commit;

/// Whom the writer tells. Called on its thread.
struct WriterCallbacks {
  /// `committed(worker)` has moved, or `has_failed`.
  std::function<void(unsigned worker)> wake;
  /// The answer to one `fetch`, in its order.
  std::function<void(unsigned worker, broker::SessionHandle, std::vector<broker::Fetched>)> fetched;
  std::function<void(broker::LogLevel, std::string_view)> log;
};

struct WriterOptions {
  unsigned workers = 1;
  SyncMode sync = SyncMode::always;
  Duration sync_interval{1000};
  std::uint64_t log_bytes_limit = std::uint64_t{256} << 20;  // pages of one worker
  Duration page_age_limit{60'000};
  std::uint64_t backlog_bytes_limit = std::uint64_t{64} << 20;  // while the disk does not work
  /// Less free than this, and nothing is taken in until there is a quarter more.
  std::uint64_t min_free_bytes = 0;
  std::function<std::uint64_t()> free_bytes = {};  // asked once a second; none: nobody looks
  WallClock clock = WallClock::now();
  WriterCallbacks callbacks = {};
};

class Writer {
 public:
  /// Starts the thread. The log is empty: `recover` was called before.
  ///
  /// errors   StoreError: no streams can be allotted.
  Writer(Database& database, WriterOptions options);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// Commits everything that was handed over, as far as that is possible, and ends the thread.
  void stop();

  // --- For journals, on their workers' threads ---------------------------------------------------
  [[nodiscard]] StreamId stream(unsigned worker) const {
    return StreamId{static_cast<std::uint32_t>(first_) + worker};
  }
  [[nodiscard]] const WallClock& clock() const { return options_.clock; }
  /// Takes the bundle and leaves an empty one.
  void hand_over(unsigned worker, Bundle& bundle);
  void fetch(FetchRequest request);
  [[nodiscard]] broker::JournalPosition committed(unsigned worker) const {
    return broker::JournalPosition{positions_[worker].value.load(std::memory_order_seq_cst)};
  }
  [[nodiscard]] bool has_failed() const { return has_failed_.load(std::memory_order_acquire); }
  /// There is less room than the operator wants kept: what was taken in is still committed.
  [[nodiscard]] bool is_short_of_room() const {
    return is_short_of_room_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] bool is_behind() const { return inbox_.bytes() > options_.backlog_bytes_limit; }

  // --- For whoever wants to know -----------------------------------------------------------------
  [[nodiscard]] const StoreCounters& counters() const { return counters_; }

 private:
  enum class Health : std::uint8_t { good, out_of_space, broken };
  enum class Wrote : bool { yes, no };
  using Instant = std::chrono::steady_clock::time_point;
  static constexpr std::size_t cache_line = 64;
  struct alignas(cache_line) Position {
    std::atomic<std::uint64_t> value{0};
  };

  void run();
  [[nodiscard]] bool turn();
  [[nodiscard]] Instant due() const;

  // writer.cpp: committing
  void commit_next();
  void try_commit();
  [[nodiscard]] Wrote write(rocksdb::WriteBatch& batch, bool is_synced);
  void begin(rocksdb::WriteBatch& batch) const;
  void finish_commit();
  void advance(const std::vector<HandedOver>& bundles);
  void sync_if_due(bool is_stopping);
  void count_log();
  void write_last_mark();

  // writer_failure.cpp: what is done when the disk does not work
  void fail(const rocksdb::Status& status, std::string_view what);
  void fail_for_good(const std::string& text);
  void retry_if_due(bool is_stopping);
  void recovered();
  void look_at_room();
  void wake_all();

  // writer_reading.cpp: fetching and spilling
  void serve_fetches();
  [[nodiscard]] bool serve(FetchRequest& request);
  void spill_some();
  [[nodiscard]] bool spill(StreamId stream, const PageLedger::Page& page);

  Database& database_;
  WriterOptions options_;
  StreamId first_;
  Inbox inbox_;
  std::vector<Position> positions_;
  std::atomic<bool> has_failed_{false};
  std::atomic<bool> is_short_of_room_{false};
  StoreCounters counters_;

  // Of the thread alone.
  PageLedger ledger_;
  PageShelf shelf_;
  std::uint64_t safe_sequence_;     // up to where everything is known to be synced
  std::unique_ptr<Commit> commit_;  // not written yet
  Health health_ = Health::good;
  Instant retry_at_{};
  Instant room_due_{};
  bool is_unsynced_ = false;
  Instant sync_at_{};
  std::deque<FetchRequest> fetches_;
  std::deque<FetchRequest> held_;  // until what they ask for has been committed
  std::uint64_t bundles_committed_ = 0;

  std::thread thread_;
};

}  // namespace peal::store
