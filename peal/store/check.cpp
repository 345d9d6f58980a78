#include "peal/store/check.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "peal/store/database_options.hpp"
#include "peal/store/directory.hpp"
#include "peal/store/named_records.hpp"
#include "peal/store/page.hpp"
#include "peal/store/row_error.hpp"
#include "peal/store/store_error.hpp"
#include "peal/store/table_scan.hpp"
#include "peal/store/wal_scan.hpp"

namespace peal::store {

namespace {

constexpr std::size_t problems_limit = 1000;

void add_problem(StoreReport& report, Problem problem) {
  ++report.problems_in_all;
  if (report.problems.size() < problems_limit) {
    report.problems.push_back(std::move(problem));
  }
}

/// Why the row cannot be used; empty when it can.
class RowCheck {
 public:
  explicit RowCheck(StoreReport& report) : report_(report) {}

  std::string_view operator()(Family family, std::string_view key, Bytes value) {
    switch (family) {
      case Family::meta:
        return decode_number(value) ? "" : is_no_value;
      case Family::log:
        return page(key, value);
      case Family::sessions:
        return session(key, value);
      case Family::subscriptions:
        return key.size() <= sizeof(StoredId)                             ? is_no_key
               : decode_subscription(key.substr(sizeof(StoredId)), value) ? ""
                                                                          : is_no_value;
      case Family::received:
        return key.size() == sizeof(StoredId) + sizeof(mqtt::PacketId) ? "" : is_no_key;
      case Family::pending:
        return pending(key, value);
      case Family::flights:
        return !copy_of_key(key) ? is_no_key : decode_flight(value) ? "" : is_no_value;
      case Family::retained:
        return key.size() <= sizeof(NamespaceId)                                 ? is_no_key
               : decode_retained(key.substr(sizeof(NamespaceId)), value, clock_) ? ""
                                                                                 : is_no_value;
      case Family::accounts:
        return !parse_name(key) ? is_no_key : named_record(value).has_value() ? "" : is_no_value;
    }
    return "";
  }

 private:
  static constexpr std::string_view is_no_key = "it is not a key of this table";
  static constexpr std::string_view is_no_value = "its value cannot be read";

  std::string_view session(std::string_view key, Bytes value) {
    const auto id = session_of_key(key);
    if (!id || key.size() != sizeof(StoredId)) {
      return is_no_key;
    }
    saw(stream_of(KeptId{std::to_underlying(*id)}));
    return decode_session(value, clock_) ? "" : is_no_value;
  }

  std::string_view page(std::string_view key, Bytes value) {
    if (!page_of_key(key)) {
      return is_no_key;
    }
    const auto read = for_each_record(value, clock_, [&](const Record& record) {
      ++report_.records;
      if (const auto* message = std::get_if<MessageRecord>(&record)) {
        saw(stream_of(message->id));
      }
      report_.waiting += std::holds_alternative<AttachRecord>(record) ? 1U : 0U;
    });
    return read ? "" : describe(read.error());
  }

  std::string_view pending(std::string_view key, Bytes value) {
    if (!copy_of_key(key)) {
      return is_no_key;
    }
    if (!decode_pending(value, clock_)) {
      return is_no_value;
    }
    saw(stream_of(copy_of_key(key)->message));
    ++report_.waiting;
    return "";
  }

  void saw(StreamId stream) {
    report_.highest_stream = std::max(report_.highest_stream, static_cast<std::uint32_t>(stream));
  }

  StoreReport& report_;
  WallClock clock_ = WallClock::now();
};

void check_table(Database& database, Family family, StoreReport& report, SlowWrite* write) {
  RowCheck row(report);
  TableScan scan(database, family);
  for (; scan.has_row(); scan.next()) {
    const std::string_view problem = row(family, scan.key(), scan.value());
    if (problem.empty()) {
      ++report.rows[index_of(family)];
      continue;
    }
    add_problem(report,
                {std::string(name_of(family)), hexadecimal(scan.key()), std::string(problem)});
    if (write != nullptr) {
      write->erase(family, scan.key());
      write->end_of_step();
    }
  }
  if (!scan.status().ok()) {
    add_problem(report, {std::string(name_of(family)), "", scan.status().ToString()});
  }
}

void check_tables(Database& database, StoreReport& report, SlowWrite* write) {
  report.schema = schema_version;
  for (std::size_t i = 0; i < family_names.size(); ++i) {
    check_table(database, static_cast<Family>(i), report, write);
  }
}

/// Whether RocksDB says so because of damage, and not because it is in use or may not be read.
bool is_damage(const rocksdb::Status& status) {
  return status.IsCorruption() || status.IsNotFound() || status.IsInvalidArgument() ||
         status.IsPathNotFound() || status.ToString().find("orruption") != std::string::npos;
}

/// Opens without a look at what is in it: whether RocksDB can.
rocksdb::Status try_open(const DatabaseOptions& options) {
  rocksdb::DB* db = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  const rocksdb::Status status = rocksdb::DB::Open(db_options(options), options.directory.string(),
                                                   family_descriptors(options), &families, &db);
  if (status.ok()) {
    for (rocksdb::ColumnFamilyHandle* family : families) {
      (void)db->DestroyColumnFamilyHandle(family);
    }
    (void)db->Close();
    delete db;
  }
  return status;
}

/// returns   whether there is any.
bool add_wal_damage(const std::filesystem::path& directory, StoreReport& report) {
  const auto broken = find_wal_break(directory);
  const bool is_damage = broken && broken->is_damage;
  if (is_damage) {
    add_problem(report, {"", "", "what was safe cannot be read: " + broken->place()});
  }
  return is_damage;
}

DatabaseOptions options_for(const std::filesystem::path& directory) {
  return {.directory = directory, .may_create = false};
}

}  // namespace

StoreReport check(const std::filesystem::path& directory) {
  require_store(directory);
  const DatabaseOptions options = options_for(directory);
  StoreReport report;
  if (add_wal_damage(directory, report)) {
    return report;  // opening would cut the log there
  }
  if (const rocksdb::Status status = try_open(options); is_damage(status)) {
    add_problem(report, {"", "", status.ToString()});
    return report;
  }
  Database database(options);
  if (const rocksdb::Status status = database.db().VerifyChecksum(); !status.ok()) {
    add_problem(report, {"", "", status.ToString()});
  }
  check_tables(database, report, nullptr);
  return report;
}

StoreReport repair(const std::filesystem::path& directory) {
  require_store(directory);
  DatabaseOptions options = options_for(directory);
  StoreReport report;
  bool is_damaged = false;
  options.salvages_log = add_wal_damage(directory, report);
  if (const rocksdb::Status status = try_open(options); is_damage(status)) {
    add_problem(report, {"", "", status.ToString()});
    is_damaged = true;
  } else if (status.ok()) {
    Database database(options);
    const rocksdb::Status checked = database.db().VerifyChecksum();
    is_damaged = !checked.ok();
    if (is_damaged) {
      add_problem(report, {"", "", checked.ToString()});
    }
  }
  if (is_damaged) {
    const rocksdb::Status status =
        rocksdb::RepairDB(directory.string(), db_options(options), family_descriptors(options));
    if (!status.ok()) {
      throw StoreError("the store " + directory.string() +
                       " cannot be repaired: " + status.ToString());
    }
    options.may_create = true;  // tables of which nothing was found are made anew
  }
  Database database(options);
  SlowWrite write(database);
  check_tables(database, report, &write);
  write.finish();
  database.raise_next_stream(StreamId{report.highest_stream + 1});
  return report;
}

}  // namespace peal::store
