// Tells damage in RocksDB's write-ahead logs from the torn end that a power cut leaves. RocksDB
// itself cannot: it cuts a log at the first record that is not whole, however much comes behind.
//
// Every batch begins with a mark that says how much was synced when it was written. If a later mark
// says so of what is broken, something that was safe has been lost: that is damage. If none does,
// what is broken was never acknowledged.
//
// Reads files only; the database is not open. Costs one pass over the logs, a block at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace peal::store {

/// What a batch carries in front of everything else (`WriteBatch::PutLogData`): `safe` is the last
/// sequence number that is known to have been synced.
[[nodiscard]] std::string wal_mark(std::uint64_t safe);

struct WalBreak {
  std::filesystem::path file;
  std::uint64_t offset = 0;  // of the first record that is not whole
  bool is_damage = false;    // false: a torn end
  /// "FILE at byte N".
  [[nodiscard]] std::string place() const;
};

/// Nothing: all logs in the directory are whole.
[[nodiscard]] std::optional<WalBreak> find_wal_break(const std::filesystem::path& directory);

}  // namespace peal::store
