#include "peal/store/row_error.hpp"

#include "peal/store/store_error.hpp"

namespace peal::store {

namespace {

constexpr std::size_t step_bytes = std::size_t{4} << 20;

}  // namespace

void RowErrors::unreadable(const TableScan& scan, std::string_view why) {
  ++recovered_.unreadable;
  const std::string what = "table " + std::string(name_of(scan.family())) + ", key " +
                           hexadecimal(scan.key()) + ": " + std::string(why);
  if (!options_.salvages) {
    throw StoreError(
        database_.explain("has a row that cannot be used", rocksdb::Status::Corruption(what)));
  }
  if (options_.log) {
    options_.log(broker::LogLevel::warning, "left out of the store: " + what);
  }
}

void RowErrors::require_end(const TableScan& scan) const {
  if (!scan.status().ok()) {
    throw StoreError(database_.explain(
        "cannot be read, table " + std::string(name_of(scan.family())), scan.status()));
  }
}

void SlowWrite::put(Family family, std::string_view key, std::string_view value) {
  batch_.Put(database_.family(family), key, value);
}

void SlowWrite::erase(Family family, std::string_view key) {
  batch_.Delete(database_.family(family), key);
}

void SlowWrite::end_of_step() {
  if (batch_.GetDataSize() >= step_bytes) {
    write(false);
  }
}

void SlowWrite::finish() { write(true); }

void SlowWrite::write(bool is_synced) {
  if (batch_.Count() == 0) {
    return;
  }
  rocksdb::WriteOptions how;
  how.sync = is_synced;
  const rocksdb::Status status = database_.db().Write(how, &batch_);
  if (!status.ok()) {
    throw StoreError(database_.explain("cannot be written to", status));
  }
  batch_.Clear();
}

}  // namespace peal::store
