// Looks a store through, and keeps what can be kept of a damaged one. For `peal store`; the server
// is not running. Takes as long as reading everything takes.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "peal/store/family.hpp"

namespace peal::store {

struct Problem {
  std::string table;  // empty: the files as a whole
  std::string key;    // as hexadecimal digits; empty: not known
  std::string what;   // with the file and the offset as far as they are known
};

struct StoreReport {
  std::uint64_t schema = 0;
  std::array<std::uint64_t, family_names.size()> rows{};  // readable ones, by Family
  std::uint64_t records = 0;                              // in pages
  std::uint64_t waiting = 0;         // copies that sessions still have to get, at most
  std::uint32_t highest_stream = 0;  // that a session or message is named by
  std::vector<Problem> problems;
  std::uint64_t problems_in_all = 0;  // the list stops at a thousand

  [[nodiscard]] bool is_sound() const { return problems_in_all == 0; }
};

/// Reads everything; changes nothing that was committed.
///
/// errors   StoreError: not a store, in use, no permission. Damage is in the report.
[[nodiscard]] StoreReport check(const std::filesystem::path& directory);

/// Makes a damaged store one that opens: keeps all rows that can be read, and leaves out the rest.
/// What was left out is in the report.
///
/// errors   StoreError: not a store, in use, no permission, or nothing can be done.
[[nodiscard]] StoreReport repair(const std::filesystem::path& directory);

}  // namespace peal::store
