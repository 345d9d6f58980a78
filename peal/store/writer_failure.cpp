#include <rocksdb/db.h>

#include "peal/store/commit.hpp"
#include "peal/store/database_options.hpp"
#include "peal/store/writer.hpp"

namespace peal::store {

namespace {

constexpr std::chrono::seconds retry_after{1};
constexpr std::chrono::seconds look_every{1};

bool is_out_of_space(const rocksdb::Status& status) {
  return status.IsNoSpace() ||
         (status.IsIOError() && status.ToString().find("No space") != std::string::npos);
}

}  // namespace

void Writer::fail(const rocksdb::Status& status, std::string_view what) {
  counters_.failures.fetch_add(1, std::memory_order_relaxed);
  const std::string text = database_.explain(what, status);
  if (!is_out_of_space(status)) {
    fail_for_good(text + "; nothing is acknowledged until the server has been started anew");
    return;
  }
  retry_at_ = std::chrono::steady_clock::now() + retry_after;
  if (health_ == Health::out_of_space) {
    return;
  }
  health_ = Health::out_of_space;
  inbox_.set_bounded(true);
  has_failed_.store(true, std::memory_order_release);
  if (options_.callbacks.log) {
    options_.callbacks.log(broker::LogLevel::error,
                           "nothing is acknowledged until there is room again (" +
                               std::to_string(room_wanted_bytes() >> 20) + " MiB): " + text);
  }
  wake_all();
}

void Writer::fail_for_good(const std::string& text) {
  if (health_ == Health::broken) {
    return;
  }
  health_ = Health::broken;
  std::size_t dropped = inbox_.close();
  if (commit_ != nullptr) {
    dropped += commit_->bundles.size();
    commit_.reset();
  }
  counters_.dropped_bundles.fetch_add(dropped, std::memory_order_relaxed);
  has_failed_.store(true, std::memory_order_release);
  fetches_.insert(fetches_.begin(), std::make_move_iterator(held_.begin()),
                  std::make_move_iterator(held_.end()));
  held_.clear();
  if (options_.callbacks.log) {
    options_.callbacks.log(broker::LogLevel::error, text);
  }
  wake_all();
}

void Writer::retry_if_due(bool is_stopping) {
  if (!is_stopping && std::chrono::steady_clock::now() < retry_at_) {
    return;
  }
  // Writes out what is in memory, so that nothing rests on the part of the log that failed.
  const rocksdb::Status status = database_.db().Resume();
  if (!status.ok()) {
    // Busy: RocksDB itself is at it.
    fail(status.IsBusy() ? rocksdb::Status::NoSpace(status.ToString()) : status,
         "cannot be written to");
    return;
  }
  if (commit_ != nullptr) {
    try_commit();
  }
  if (commit_ == nullptr && health_ == Health::out_of_space) {
    recovered();
  }
}

void Writer::recovered() {
  if (inbox_.is_closed()) {
    // Some of what came meanwhile was dropped, so nothing that came after it may be committed.
    // What was accepted before it is committed still.
    health_ = Health::good;
    while (health_ == Health::good && !inbox_.is_empty_of_bundles()) {
      commit_next();
    }
    if (health_ == Health::out_of_space) {
      return;
    }
    fail_for_good("the store " + database_.directory().string() +
                  " has room again, but too much had come meanwhile; start the server anew");
    return;
  }
  health_ = Health::good;
  inbox_.set_bounded(false);
  has_failed_.store(inbox_.is_closed(), std::memory_order_release);
  if (options_.callbacks.log) {
    options_.callbacks.log(broker::LogLevel::info,
                           "the store " + database_.directory().string() + " has room again");
  }
  wake_all();
}

/// Before the disk is full, while there is room for what was taken in and for tidying up.
void Writer::look_at_room() {
  const Instant now = std::chrono::steady_clock::now();
  if (!options_.free_bytes || now < room_due_) {
    return;
  }
  room_due_ = now + look_every;
  const bool was_short = is_short_of_room();
  const std::uint64_t wanted = options_.min_free_bytes / 4 * (was_short ? 5 : 4);
  const std::uint64_t free = options_.free_bytes();
  const bool is_short = free < wanted;
  if (is_short == was_short) {
    return;
  }
  is_short_of_room_.store(is_short, std::memory_order_relaxed);
  counters_.shortages.fetch_add(is_short ? 1 : 0, std::memory_order_relaxed);
  if (options_.callbacks.log) {
    const std::string text = "the store " + database_.directory().string() + " has " +
                             std::to_string(free >> 20) + " MiB of room, store.min_free is " +
                             std::to_string(options_.min_free_bytes >> 20) + " MiB: ";
    options_.callbacks.log(is_short ? broker::LogLevel::error : broker::LogLevel::info,
                           text + (is_short ? "nothing is taken in" : "it takes messages again"));
  }
}

void Writer::wake_all() {
  for (unsigned worker = 0; worker < options_.workers && options_.callbacks.wake; ++worker) {
    options_.callbacks.wake(worker);
  }
}

}  // namespace peal::store
