// What a start finds: sessions with their subscriptions and queues, and the retained messages.
//
// First the log is emptied. Each stream is read once for what is done with, and once more to move
// the copies that are still waited for into `pend`, a few pages at a time, each page going in the
// batch that moves what it held. Being killed in the middle of it changes nothing: what a page says
// about messages that have been moved, or are gone, is passed over.
//
// Then the tables, all sorted by session, are read side by side.
//
// Runs once, before the writer. Retained messages are given one by one and not kept.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "peal/broker/ports/journal.hpp"
#include "peal/broker/ports/log.hpp"
#include "peal/store/database.hpp"
#include "peal/store/wall_clock.hpp"

namespace peal::store {

struct RecoveryOptions {
  WallClock clock = WallClock::now();
  /// What has expired by then is left out, and deleted.
  Time now = std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now());
  /// Leaves out what cannot be read instead of refusing the store.
  bool salvages = false;
  std::function<void(NamespaceId, const broker::MessageFields&, const broker::ClientIdentity&)>
      retained = {};
  std::function<void(broker::LogLevel, std::string_view)> log = {};
};

struct Recovered {
  std::vector<broker::RestoredSession> sessions;  // sorted by id
  std::vector<broker::RestoredTransit> transits;  // sorted by name
  std::uint64_t retained = 0;
  std::uint64_t queued = 0;      // copies in all queues
  std::uint64_t replayed = 0;    // pages of the log
  std::uint64_t moved = 0;       // copies, out of these
  std::uint64_t expired = 0;     // messages that were left out
  std::uint64_t orphaned = 0;    // rows of sessions that are no more
  std::uint64_t unreadable = 0;  // pages and rows that were left out
};

/// errors   StoreError: something cannot be read or written; names table and key, and what to do.
[[nodiscard]] Recovered recover(Database& database, const RecoveryOptions& options);

}  // namespace peal::store
