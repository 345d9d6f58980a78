// How RocksDB is set up. For the .cpp files of this layer only: it brings RocksDB's headers.
#pragma once

#include <rocksdb/db.h>
#include <vector>

#include "peal/store/database.hpp"

namespace peal::store {

[[nodiscard]] rocksdb::DBOptions db_options(const DatabaseOptions& options);

/// Those of every `Family`, in its order, and "default" behind them.
[[nodiscard]] std::vector<rocksdb::ColumnFamilyDescriptor> family_descriptors(
    const DatabaseOptions& options);

/// After a full disk RocksDB goes on once there is room for all that it may collect in memory.
[[nodiscard]] std::uint64_t room_wanted_bytes();

}  // namespace peal::store
