#include "peal/store/writer.hpp"

#include <algorithm>
#include <rocksdb/db.h>
#include <utility>

#include "peal/base/assert.hpp"
#include "peal/store/commit.hpp"
#include "peal/store/record.hpp"
#include "peal/store/wal_scan.hpp"

namespace peal::store {

namespace {

constexpr std::uint64_t commit_bytes_limit = std::uint64_t{8} << 20;
constexpr std::chrono::hours nothing_due{1};

using SteadyClock = std::chrono::steady_clock;

}  // namespace

Writer::Writer(Database& database, WriterOptions options)
    : database_(database),
      options_(std::move(options)),
      first_(database.allot_streams(options_.workers)),
      inbox_(options_.backlog_bytes_limit),
      positions_(options_.workers),
      ledger_(first_, options_.workers),
      shelf_(database, options_.clock),
      safe_sequence_(database.db().GetLatestSequenceNumber()),  // allotting was synced
      thread_([this] { run(); }) {}

Writer::~Writer() { stop(); }

void Writer::stop() {
  if (thread_.joinable()) {
    inbox_.stop();
    thread_.join();
  }
}

void Writer::hand_over(unsigned worker, Bundle& bundle) {
  if (!inbox_.add(worker, bundle)) {
    counters_.dropped_bundles.fetch_add(1, std::memory_order_relaxed);
    has_failed_.store(true, std::memory_order_release);
  }
}

void Writer::fetch(FetchRequest request) { inbox_.add(std::move(request)); }

void Writer::run() {
  while (turn()) {
  }
  write_last_mark();
}

bool Writer::turn() {
  const bool is_stopping = inbox_.wait_until(due(), health_ != Health::out_of_space);
  if (health_ == Health::out_of_space) {
    retry_if_due(is_stopping);
  }
  if (health_ == Health::good) {
    commit_next();
  }
  serve_fetches();
  if (health_ == Health::good) {
    spill_some();
  }
  if (health_ == Health::good) {
    sync_if_due(is_stopping && inbox_.is_empty());
  }
  count_log();
  look_at_room();
  return !is_stopping || (health_ == Health::good && !inbox_.is_empty());
}

Writer::Instant Writer::due() const {
  const Instant now = SteadyClock::now();
  if (!fetches_.empty()) {
    return now;
  }
  Instant due = options_.free_bytes ? room_due_ : now + nothing_due;
  if (health_ == Health::out_of_space) {
    return std::min(due, retry_at_);
  }
  if (health_ == Health::broken) {
    return due;
  }
  if (is_unsynced_ && options_.sync == SyncMode::interval) {
    due = std::min(due, sync_at_);
  }
  if (const auto oldest = ledger_.oldest_written()) {
    due = std::min<Instant>(due, *oldest + options_.page_age_limit + Duration{1});
  }
  for (unsigned worker = 0; worker < options_.workers; ++worker) {
    if (ledger_.bytes(stream(worker)) > options_.log_bytes_limit) {
      return now;
    }
  }
  return due;
}

void Writer::commit_next() {
  PEAL_ASSERT(commit_ == nullptr);
  auto next = std::make_unique<Commit>();
  begin(next->batch);
  next->bundles = inbox_.take(commit_bytes_limit);
  if (next->bundles.empty()) {
    return;
  }
  prepare(*next, database_, ledger_, first_, options_.workers,
          std::chrono::time_point_cast<Duration>(SteadyClock::now()));
  commit_ = std::move(next);
  try_commit();
}

void Writer::try_commit() {
  const Instant begin = SteadyClock::now();
  // Nothing to write: marks, or messages that everybody had got before they were written.
  if (commit_->batch.Count() > 0) {
    const bool is_synced = options_.sync == SyncMode::always && commit_->needs_sync;
    if (write(commit_->batch, is_synced) == Wrote::no) {
      return;
    }
    counters_.commits.fetch_add(1, std::memory_order_relaxed);
  }
  const auto took =
      std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - begin);
  counters_.last_commit_microseconds.store(static_cast<std::uint64_t>(took.count()),
                                           std::memory_order_relaxed);
  finish_commit();
}

Writer::Wrote Writer::write(rocksdb::WriteBatch& batch, bool is_synced) {
  rocksdb::WriteOptions how;
  how.sync = is_synced;
  const rocksdb::Status status = database_.db().Write(how, &batch);
  if (!status.ok()) {
    fail(status, "cannot be written to");
    return Wrote::no;
  }
  counters_.bytes_written.fetch_add(batch.GetDataSize(), std::memory_order_relaxed);
  if (is_synced) {
    counters_.syncs.fetch_add(1, std::memory_order_relaxed);
    is_unsynced_ = false;
    safe_sequence_ = database_.db().GetLatestSequenceNumber();
  } else if (!std::exchange(is_unsynced_, true)) {
    sync_at_ = SteadyClock::now() + options_.sync_interval;
  }
  return Wrote::yes;
}

void Writer::finish_commit() {
  const std::unique_ptr<Commit> done = std::move(commit_);
  counters_.records.fetch_add(done->records, std::memory_order_relaxed);
  counters_.bytes_of_payload.fetch_add(done->payload_bytes, std::memory_order_relaxed);
  for (const PageName& page : done->removed) {
    shelf_.forget(page);
  }
  bundles_committed_ += done->bundles.size();
  fetches_.insert(fetches_.begin(), std::make_move_iterator(held_.begin()),
                  std::make_move_iterator(held_.end()));
  held_.clear();
  advance(done->bundles);
  inbox_.recycle(std::move(done->bundles));
}

void Writer::advance(const std::vector<HandedOver>& bundles) {
  std::uint64_t workers = 0;
  for (const HandedOver& each : bundles) {
    // In one order with the worker's announcement that it goes to sleep: it sees the one or is
    // woken after the other.
    positions_[each.worker].value.store(std::to_underlying(each.bundle.end),
                                        std::memory_order_seq_cst);
    workers |= std::uint64_t{1} << each.worker;
  }
  for (unsigned worker = 0; worker < options_.workers; ++worker) {
    if ((workers >> worker & 1) != 0 && options_.callbacks.wake) {
      options_.callbacks.wake(worker);
    }
  }
}

void Writer::sync_if_due(bool is_stopping) {
  if (!is_unsynced_ || options_.sync == SyncMode::os) {
    return;
  }
  const bool is_due = options_.sync == SyncMode::interval && SteadyClock::now() >= sync_at_;
  if (!is_due && !is_stopping) {
    return;
  }
  const rocksdb::Status status = database_.db().SyncWAL();
  if (!status.ok()) {
    fail(status, "cannot be made safe");
    return;
  }
  is_unsynced_ = false;
  safe_sequence_ = database_.db().GetLatestSequenceNumber();
  counters_.syncs.fetch_add(1, std::memory_order_relaxed);
}

void Writer::begin(rocksdb::WriteBatch& batch) const {
  (void)batch.PutLogData(wal_mark(safe_sequence_));
}

/// Behind everything: so that damage in the last commit, too, is told from a torn end.
void Writer::write_last_mark() {
  if (health_ == Health::good) {
    rocksdb::WriteBatch batch;
    begin(batch);
    std::string value;
    encode_number(value, safe_sequence_);
    (void)batch.Put(database_.family(Family::meta), "last_mark", value);
    (void)write(batch, false);
  }
}

void Writer::count_log() {
  counters_.pages_live.store(ledger_.pages(), std::memory_order_relaxed);
  counters_.log_bytes.store(ledger_.bytes(), std::memory_order_relaxed);
}

}  // namespace peal::store
