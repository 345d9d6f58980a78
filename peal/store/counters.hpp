// What the store counts. The writer thread writes them, whoever wants to reads.
#pragma once

#include <atomic>
#include <cstdint>

namespace peal::store {

struct StoreCounters {
  using Count = std::atomic<std::uint64_t>;
  Count commits{0};
  Count syncs{0};
  Count records{0};
  Count bytes_of_payload{0};
  Count bytes_written{0};  // handed to RocksDB
  Count pages_live{0};     // now
  Count log_bytes{0};      // now
  Count spilled{0};        // copies that outlived their page
  Count fetches{0};        // messages that were read back
  Count fetches_missing{0};
  Count failures{0};
  Count shortages{0};  // times that there was less room than store.min_free
  Count dropped_bundles{0};
  Count last_commit_microseconds{0};
};

}  // namespace peal::store
