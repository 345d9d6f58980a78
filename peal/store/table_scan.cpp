#include "peal/store/table_scan.hpp"

namespace peal::store {

std::string hexadecimal(std::string_view key) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char each : key) {
    const auto byte = static_cast<unsigned char>(each);
    text.push_back(digits[byte >> 4]);
    text.push_back(digits[byte & 15U]);
  }
  return text;
}

TableScan::TableScan(Database& database, Family family, std::string_view from) : family_(family) {
  rocksdb::ReadOptions options;
  options.readahead_size = std::size_t{2} << 20;
  options.fill_cache = false;
  rows_.reset(database.db().NewIterator(options, database.family(family)));
  if (from.empty()) {
    rows_->SeekToFirst();
  } else {
    rows_->Seek(from);
  }
}

}  // namespace peal::store
