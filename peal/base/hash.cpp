#include "peal/base/hash.hpp"

#include <cstring>

namespace peal {
namespace {

std::uint64_t load(const char* at, std::size_t size) {
  std::uint64_t word = 0;
  if (size > 0) {  // an empty text may have no address
    std::memcpy(&word, at, size);
  }
  return word;
}

}  // namespace

std::uint64_t hash_text(std::string_view text, std::uint64_t key) {
  const char* at = text.data();
  std::size_t left = text.size();
  std::uint64_t hash = mix(key, text.size());
  while (left > 16) {
    hash = mix(load(at, 8) ^ hash, load(at + 8, 8) ^ key);
    at += 16;
    left -= 16;
  }
  // The two halves overlap when fewer than 16 bytes are left; the size above keeps lengths apart.
  const std::uint64_t low = left >= 8 ? load(at, 8) : load(at, left);
  const std::uint64_t high = left > 8 ? load(at + left - 8, 8) : 0;
  return mix(low ^ hash, high ^ key);
}

}  // namespace peal
