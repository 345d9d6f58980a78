// What recovery does about a row that it cannot read, and how it changes tables on the way. For the
// .cpp files of this layer only: it brings RocksDB's headers.
#pragma once

#include <rocksdb/write_batch.h>
#include <string>
#include <string_view>

#include "peal/store/recovery.hpp"
#include "peal/store/table_scan.hpp"

namespace peal::store {

/// Refuses the store, or with `salvages` counts, says so, and goes on.
class RowErrors {
 public:
  RowErrors(const Database& database, const RecoveryOptions& options, Recovered& recovered)
      : database_(database), options_(options), recovered_(recovered) {}

  /// The row that `scan` is at cannot be used.
  void unreadable(const TableScan& scan, std::string_view why);
  /// The scan is over; not by an error, one hopes.
  void require_end(const TableScan& scan) const;

 private:
  const Database& database_;
  const RecoveryOptions& options_;
  Recovered& recovered_;
};

/// Changes that go to disk a few at a time.
class SlowWrite {
 public:
  explicit SlowWrite(Database& database) : database_(database) {}

  void put(Family family, std::string_view key, std::string_view value);
  void erase(Family family, std::string_view key);
  /// All that was put and erased up to here may be written. It is, when it is much.
  void end_of_step();
  /// Writes the rest, and syncs.
  void finish();

 private:
  void write(bool is_synced);

  Database& database_;
  rocksdb::WriteBatch batch_;
};

}  // namespace peal::store
