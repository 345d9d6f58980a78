// Bytes and text, as views. Nothing here owns memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace peal {

/// Read-only bytes that somebody else owns.
using Bytes = std::span<const std::uint8_t>;

/// Writable bytes that somebody else owns.
using MutableBytes = std::span<std::uint8_t>;

/// The same bytes as text. No check of the encoding is made.
[[nodiscard]] inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The same text as bytes.
[[nodiscard]] inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace peal
