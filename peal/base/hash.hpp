// A fast hash for tables that live in memory. Keyed, so that a client who chooses names cannot
// choose collisions; never sent. What a crashed server had under way names workers and groups by
// it, so another function needs another schema version of the store.
#pragma once

#include <cstdint>
#include <string_view>

namespace peal {

/// Mixes two words into one; every bit of the result depends on every bit given.
[[nodiscard]] inline std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = Wide{a ^ 0x9E3779B97F4A7C15ULL} * (b ^ 0xD1B54A32D192ED03ULL);
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

/// Hash of `text` under `key`.    cost   O(size), about a nanosecond per 16 bytes.
[[nodiscard]] std::uint64_t hash_text(std::string_view text, std::uint64_t key);

}  // namespace peal
