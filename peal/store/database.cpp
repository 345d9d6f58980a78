#include "peal/store/database.hpp"

#include <algorithm>
#include <rocksdb/db.h>

#include "peal/store/database_options.hpp"
#include "peal/store/directory.hpp"
#include "peal/store/record.hpp"
#include "peal/store/store_error.hpp"
#include "peal/store/wal_scan.hpp"

namespace peal::store {

namespace {

constexpr std::string_view schema_name = "schema";
constexpr std::string_view next_stream_name = "next_stream";

/// What to do about it; empty when that is not known.
std::string_view remedy(const rocksdb::Status& status) {
  const std::string text = status.ToString();
  const auto has = [&](std::string_view part) { return text.find(part) != std::string::npos; };
  if (status.IsCorruption() || has("orruption")) {
    return "; `peal store check` says what can still be read, `peal store repair` keeps that";
  }
  if (status.IsNoSpace() || has("No space")) {
    return "; make room";
  }
  if (has("lock")) {
    return "; another process uses it: stop that one, or name another directory";
  }
  if (has("Permission denied") || has("not permitted")) {
    return "; give it to the user that the server runs as";
  }
  return "";
}

rocksdb::Status damage_at(const WalBreak& broken) {
  return rocksdb::Status::Corruption("what was safe cannot be read", broken.place());
}

}  // namespace

Database::Database(const DatabaseOptions& options) : directory_(options.directory) {
  if (options.may_create && !options.is_read_only) {
    prepare_directory(directory_);
  } else {
    require_store(directory_);
  }
  open(options);
  try {
    check_schema(options.is_read_only);
  } catch (...) {
    close();
    throw;
  }
}

Database::~Database() { close(); }

void Database::close() {
  if (db_ == nullptr) {
    return;
  }
  for (rocksdb::ColumnFamilyHandle* family : families_) {
    (void)db_->DestroyColumnFamilyHandle(family);
  }
  families_.clear();
  (void)db_->Close();
  db_.reset();
}

std::string Database::explain(std::string_view what, const rocksdb::Status& status) const {
  return "the store " + directory_.string() + " " + std::string(what) + ": " + status.ToString() +
         std::string(remedy(status));
}

void Database::open(const DatabaseOptions& options) {
  if (const auto broken = find_wal_break(directory_)) {
    if (broken->is_damage && !options.salvages_log) {
      throw StoreError(explain("is damaged", damage_at(*broken)));
    }
    torn_end_ = broken->place();
  }
  rocksdb::DB* db = nullptr;
  const auto tables = family_descriptors(options);
  const rocksdb::Status status =
      options.is_read_only
          ? rocksdb::DB::OpenForReadOnly(db_options(options), directory_.string(), tables,
                                         &families_, &db)
          : rocksdb::DB::Open(db_options(options), directory_.string(), tables, &families_, &db);
  const bool lacks_table =
      options.is_read_only && status.ToString().find("not found") != std::string::npos;
  if (lacks_table) {
    throw StoreError("the store " + directory_.string() +
                     " was made by an older version of Peal; start a server on it once");
  }
  if (status.IsInvalidArgument() && status.ToString().find("olumn famil") != std::string::npos) {
    throw StoreError("the store " + directory_.string() +
                     " has tables that this version of Peal does not know (" + status.ToString() +
                     "); start the newer version that made it");
  }
  if (!status.ok()) {
    throw StoreError(explain("cannot be opened", status));
  }
  db_.reset(db);
}

void Database::check_schema(bool is_read_only) {
  const std::uint64_t found = number(schema_name, 0);
  if (found > schema_version) {
    throw StoreError("the store " + directory_.string() + " has schema version " +
                     std::to_string(found) + ", and this version of Peal knows up to " +
                     std::to_string(schema_version) +
                     "; start the newer version that made it, or name another directory");
  }
  if (found < schema_version && !is_read_only) {
    set_number(schema_name, schema_version);
  }
}

std::uint64_t Database::number(std::string_view name, std::uint64_t otherwise) {
  std::string value;
  const rocksdb::Status status = db_->Get({}, family(Family::meta), name, &value);
  if (status.IsNotFound()) {
    return otherwise;
  }
  if (!status.ok()) {
    throw StoreError(explain("cannot be read", status));
  }
  const auto number = decode_number(as_bytes(value));
  if (!number) {
    throw StoreError(explain(
        "cannot be used", rocksdb::Status::Corruption("meta key \"" + std::string(name) + "\"")));
  }
  return *number;
}

void Database::set_number(std::string_view name, std::uint64_t number) {
  std::string value;
  encode_number(value, number);
  rocksdb::WriteOptions write;
  write.sync = true;
  const rocksdb::Status status = db_->Put(write, family(Family::meta), name, value);
  if (!status.ok()) {
    throw StoreError(explain("cannot be written to", status));
  }
}

StreamId Database::allot_streams(unsigned count) {
  const std::uint64_t first = std::max<std::uint64_t>(1, number(next_stream_name, 1));
  if (first + count > stream_limit) {
    throw StoreError("the store " + directory_.string() +
                     " was started too often: it has no names left for new messages; let its "
                     "queues drain and begin with an empty directory");
  }
  set_number(next_stream_name, first + count);
  return StreamId{static_cast<std::uint32_t>(first)};
}

void Database::raise_next_stream(StreamId next) {
  const std::uint64_t wanted = static_cast<std::uint32_t>(next);
  if (number(next_stream_name, 1) < wanted) {
    set_number(next_stream_name, wanted);
  }
}

}  // namespace peal::store
