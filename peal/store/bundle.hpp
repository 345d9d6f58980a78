// What a worker hands over at the end of an iteration: records for its page, what the ledger has to
// know of them, and changes of tables, all as bytes already.
//
// Filled by one worker, read by the writer thread; the room goes back and forth between them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "peal/broker/ports/journal.hpp"
#include "peal/store/family.hpp"
#include "peal/store/key.hpp"

namespace peal::store {

/// Changes of tables in their order.
class TableChanges {
 public:
  enum class Kind : std::uint8_t { put, erase, erase_range };
  struct Change {
    Kind kind{};
    Family family{};
    std::string_view key;
    std::string_view value;  // `put`: the value; `erase_range`: the first key that stays
  };

  void put(Family family, std::string_view key, std::string_view value) {
    add(Kind::put, family, key, value);
  }
  void erase(Family family, std::string_view key) { add(Kind::erase, family, key, {}); }
  /// Erases all keys from `first` to before `behind`.
  void erase_range(Family family, std::string_view first, std::string_view behind) {
    add(Kind::erase_range, family, first, behind);
  }

  template <typename Visit>
  void for_each(Visit visit) const {
    std::string_view rest = bytes_;
    for (const Entry& entry : entries_) {
      visit(Change{entry.kind, entry.family, rest.substr(0, entry.key_bytes),
                   rest.substr(entry.key_bytes, entry.value_bytes)});
      rest.remove_prefix(std::size_t{entry.key_bytes} + entry.value_bytes);
    }
  }

  [[nodiscard]] bool is_empty() const { return entries_.empty(); }
  [[nodiscard]] std::size_t bytes() const {
    return bytes_.size() + entries_.size() * sizeof(Entry);
  }
  void clear() {
    entries_.clear();
    bytes_.clear();
  }

 private:
  struct Entry {
    Kind kind;
    Family family;
    std::uint32_t key_bytes;
    std::uint32_t value_bytes;
  };
  void add(Kind kind, Family family, std::string_view key, std::string_view value) {
    entries_.push_back({kind, family, static_cast<std::uint32_t>(key.size()),
                        static_cast<std::uint32_t>(value.size())});
    bytes_.append(key).append(value);
  }

  std::vector<Entry> entries_;
  std::string bytes_;
};

struct Bundle {
  std::string records;  // of the page, without its header
  std::uint32_t record_count = 0;
  std::uint32_t references = 0;  // attach records
  KeptId first{};                // none: no message in it
  KeptId last{};
  std::vector<CopyName> dones;
  std::vector<CopyName> arrived;  // done with, but in other workers' pages
  TableChanges changes;
  std::uint64_t payload_bytes = 0;
  /// Something in it must not be lost once it was committed. What is not: that a copy is done
  /// with, for then the client gets it again and may.
  bool needs_sync = false;
  broker::JournalPosition end{};

  [[nodiscard]] std::size_t bytes() const {
    return records.size() + changes.bytes() + (dones.size() + arrived.size()) * sizeof(CopyName) +
           sizeof(Bundle);
  }
  /// As new, but with its room.
  void clear();
};

}  // namespace peal::store
