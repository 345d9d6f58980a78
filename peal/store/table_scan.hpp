// Walks a table in the order of its keys. For the .cpp files of this layer only: it brings
// RocksDB's headers.
#pragma once

#include <memory>
#include <rocksdb/db.h>
#include <string>
#include <string_view>

#include "peal/store/database.hpp"

namespace peal::store {

/// A key as a person may read and search it: its bytes as hexadecimal digits.
[[nodiscard]] std::string hexadecimal(std::string_view key);

class TableScan {
 public:
  /// From `from` on.
  TableScan(Database& database, Family family, std::string_view from = {});

  [[nodiscard]] bool has_row() const { return rows_->Valid(); }
  void next() { rows_->Next(); }
  /// Both valid until `next`.
  [[nodiscard]] std::string_view key() const { return rows_->key().ToStringView(); }
  [[nodiscard]] Bytes value() const { return as_bytes(rows_->value().ToStringView()); }
  /// Why there is no row: its end, or an error.
  [[nodiscard]] rocksdb::Status status() const { return rows_->status(); }
  [[nodiscard]] Family family() const { return family_; }

 private:
  Family family_;
  std::unique_ptr<rocksdb::Iterator> rows_;
};

}  // namespace peal::store
