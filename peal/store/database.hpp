// The RocksDB database of a store: opening it, refusing what cannot be opened, and its numbers.
//
// One per server; the lock in the directory keeps a second process out. RocksDB's own types are
// named here and used in the .cpp files of this layer only. Thread-safe once it is open.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "peal/store/family.hpp"
#include "peal/store/key.hpp"

namespace rocksdb {
class ColumnFamilyHandle;
class DB;
class Env;
class Status;
}  // namespace rocksdb

namespace peal::store {

/// What the tables look like. A store with a greater number is refused.
/// 2: the table `acct`, and rights in `sess`. 3: publishers in `ret`, and of what is on its way.
inline constexpr std::uint64_t schema_version = 3;

struct DatabaseOptions {
  std::filesystem::path directory;
  std::size_t cache_bytes = std::size_t{64} << 20;
  /// false: there has to be a store already.
  bool may_create = true;
  /// There has to be a store already, and nothing of it is changed, not even in a repair of its
  /// log.
  bool is_read_only = false;
  /// Reads on behind what is broken in a log, instead of refusing it.
  bool salvages_log = false;
  /// Files and clocks, for tests; null: the system's. Outlives the database.
  rocksdb::Env* env = nullptr;
};

class Database {
 public:
  /// Opens or makes the store.
  ///
  /// errors   StoreError: locked, damaged, too new, not ours, no permission.
  explicit Database(const DatabaseOptions& options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  [[nodiscard]] rocksdb::DB& db() { return *db_; }
  [[nodiscard]] rocksdb::ColumnFamilyHandle* family(Family family) const {
    return families_[index_of(family)];
  }
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }
  /// Where a log was cut because its end was half written; empty: nowhere.
  [[nodiscard]] const std::string& torn_end() const { return torn_end_; }

  /// Takes `count` streams that were never given before and never will be again; returns the first.
  ///
  /// errors   StoreError: it cannot be written down, or there are none left.
  [[nodiscard]] StreamId allot_streams(unsigned count);

  /// A number that was written down, or `otherwise`.    errors   StoreError.
  [[nodiscard]] std::uint64_t number(std::string_view name, std::uint64_t otherwise);
  /// Writes it down, safely.    errors   StoreError.
  void set_number(std::string_view name, std::uint64_t number);

  /// Gives no stream before `next` any more: after a repair, when the note of it may be lost.
  void raise_next_stream(StreamId next);

  /// The error for a person: path, what happened, and what to do about it.
  [[nodiscard]] std::string explain(std::string_view what, const rocksdb::Status& status) const;

 private:
  void open(const DatabaseOptions& options);
  void check_schema(bool is_read_only);
  void close();

  std::filesystem::path directory_;
  std::string torn_end_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;  // those of `Family`, then "default"
};

}  // namespace peal::store
