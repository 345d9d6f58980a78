#include "peal/store/database_options.hpp"

#include <algorithm>
#include <cstdarg>
#include <memory>
#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <string>

namespace peal::store {

namespace {

/// Of all families together.
constexpr std::size_t write_buffers_bytes = std::size_t{96} << 20;
constexpr int write_buffers_each = 2;
constexpr std::uint64_t wal_bytes_limit = std::uint64_t{128} << 20;
constexpr int open_files_limit = 512;
constexpr double filter_bits = 10;
/// The log is read in its order and trimmed from the front: merging its files gains little.
constexpr int log_files_before_compaction = 8;

/// What is collected in memory before it becomes a file. Of the log, most goes before that.
constexpr std::size_t write_buffer_bytes(Family family) {
  switch (family) {
    case Family::log:
      return std::size_t{32} << 20;
    case Family::pending:
    case Family::retained:
      return std::size_t{16} << 20;
    default:
      return std::size_t{2} << 20;
  }
}

/// RocksDB's own log would lie beside the data. On a full disk a line of it that is written after
/// one that could not be ends the process (an assertion that Debian's build has on). What goes
/// wrong comes to us as a status, too, and is said in our log.
class Silence final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char* /*format*/, va_list /*arguments*/) override {}
};

rocksdb::CompressionType compression() {
  const auto supported = rocksdb::GetSupportedCompressions();
  return std::ranges::find(supported, rocksdb::kLZ4Compression) != supported.end()
             ? rocksdb::kLZ4Compression
             : rocksdb::kNoCompression;
}

}  // namespace

rocksdb::DBOptions db_options(const DatabaseOptions& options) {
  rocksdb::DBOptions db;
  db.create_if_missing = options.may_create;
  db.create_missing_column_families = true;
  db.paranoid_checks = true;
  db.max_background_jobs = 2;
  db.db_write_buffer_size = write_buffers_bytes;
  db.max_total_wal_size = wal_bytes_limit;
  db.max_open_files = open_files_limit;
  // What a power cut left half written at the end was never acknowledged; whether it is that has
  // been looked at before (wal_scan.hpp).
  db.wal_recovery_mode = options.salvages_log ? rocksdb::WALRecoveryMode::kSkipAnyCorruptedRecords
                                              : rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  // An error is never retried behind our back.
  db.max_bgerror_resume_count = 0;
  db.info_log = std::make_shared<Silence>();
  db.stats_dump_period_sec = 0;
  db.stats_persist_period_sec = 0;
  if (options.env != nullptr) {
    db.env = options.env;
  }
  return db;
}

std::vector<rocksdb::ColumnFamilyDescriptor> family_descriptors(const DatabaseOptions& options) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(options.cache_bytes);
  rocksdb::BlockBasedTableOptions filtered = table;
  filtered.filter_policy.reset(rocksdb::NewBloomFilterPolicy(filter_bits));

  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (std::size_t i = 0; i < family_names.size(); ++i) {
    const auto family = static_cast<Family>(i);
    rocksdb::ColumnFamilyOptions column;
    column.write_buffer_size = write_buffer_bytes(family);
    column.max_write_buffer_number = write_buffers_each;
    column.compression = compression();
    // Only of `pend` are single keys asked for that may not be there.
    column.table_factory.reset(
        rocksdb::NewBlockBasedTableFactory(family == Family::pending ? filtered : table));
    if (family == Family::log) {
      column.level0_file_num_compaction_trigger = log_files_before_compaction;
    }
    descriptors.emplace_back(std::string(name_of(family)), column);
  }
  rocksdb::ColumnFamilyOptions unused;
  unused.write_buffer_size = write_buffer_bytes(Family::meta);
  descriptors.emplace_back(rocksdb::kDefaultColumnFamilyName, unused);
  return descriptors;
}

std::uint64_t room_wanted_bytes() {
  std::uint64_t bytes = write_buffer_bytes(Family::meta);  // of the unused one
  for (std::size_t i = 0; i < family_names.size(); ++i) {
    bytes += write_buffer_bytes(static_cast<Family>(i));
  }
  return bytes * write_buffers_each;
}

}  // namespace peal::store
