#include "peal/store/named_records.hpp"

#include <rocksdb/db.h>

#include "peal/store/byte_order.hpp"
#include "peal/store/crc32c.hpp"
#include "peal/store/record.hpp"
#include "peal/store/store_error.hpp"
#include "peal/store/table_scan.hpp"

namespace peal::store {

namespace {

std::string key_of(const RecordName& name) {
  return std::string(name.kind) + "/" + std::string(name.name);
}

rocksdb::WriteOptions synced() {
  rocksdb::WriteOptions write;
  write.sync = true;
  return write;
}

}  // namespace

std::optional<RecordName> parse_name(std::string_view key) {
  const std::size_t slash = key.find('/');
  if (slash == 0 || slash == std::string_view::npos || slash + 1 == key.size()) {
    return std::nullopt;
  }
  return RecordName{key.substr(0, slash), key.substr(slash + 1)};
}

std::optional<std::string_view> named_record(Bytes value) {
  ByteReader reader(value);
  reader.require(reader.little<std::uint8_t>() == format_version);
  const auto checksum = reader.little<std::uint32_t>();
  const Bytes record = reader.take(reader.left());
  reader.require(checksum == crc32c(0, record));
  return reader.ok() ? std::optional(as_text(record)) : std::nullopt;
}

void NamedRecords::put(const RecordName& name, std::string_view record) {
  std::string value;
  value.push_back(static_cast<char>(format_version));
  put_little(value, crc32c(0, as_bytes(record)));
  value.append(record);
  const rocksdb::Status status =
      database_.db().Put(synced(), database_.family(Family::accounts), key_of(name), value);
  if (!status.ok()) {
    throw StoreError(database_.explain("cannot be written to", status));
  }
}

void NamedRecords::erase(const RecordName& name) {
  const rocksdb::Status status =
      database_.db().Delete(synced(), database_.family(Family::accounts), key_of(name));
  if (!status.ok()) {
    throw StoreError(database_.explain("cannot be written to", status));
  }
}

void NamedRecords::for_each(
    std::string_view kind,
    const std::function<void(std::string_view name, std::string_view record)>& visit) {
  const std::string from = std::string(kind) + "/";
  TableScan scan(database_, Family::accounts, from);
  for (; scan.has_row() && scan.key().starts_with(from); scan.next()) {
    const auto record = named_record(scan.value());
    if (!record) {
      throw StoreError(database_.explain(
          "cannot be used", rocksdb::Status::Corruption("the record " + std::string(scan.key()))));
    }
    visit(scan.key().substr(from.size()), *record);
  }
  if (!scan.status().ok()) {
    throw StoreError(database_.explain("cannot be read", scan.status()));
  }
}

}  // namespace peal::store
