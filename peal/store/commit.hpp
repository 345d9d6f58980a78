// What goes to disk at once: the bundles of all workers that were handed over, as one RocksDB
// batch. For the .cpp files of this layer only: it brings RocksDB's headers.
#pragma once

#include <cstdint>
#include <rocksdb/write_batch.h>
#include <string>
#include <vector>

#include "peal/store/database.hpp"
#include "peal/store/inbox.hpp"
#include "peal/store/page_ledger.hpp"

namespace peal::store {

struct Commit {
  rocksdb::WriteBatch batch;
  std::vector<HandedOver> bundles;
  std::vector<PageName> removed;  // pages that go with it
  std::uint64_t records = 0;
  std::uint64_t payload_bytes = 0;
  bool needs_sync = false;
};

/// Makes one batch of `bundles` and enters its pages into `ledger`. A page whose copies are all
/// done with by the time it would be written is not written at all.
///
/// `first`   the stream of worker 0.
void prepare(Commit& commit, const Database& database, PageLedger& ledger, StreamId first,
             unsigned workers, Time now);

}  // namespace peal::store
