// Which seeds a run takes is said in environment variables.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace peal::broker::simulation {

inline std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

}  // namespace peal::broker::simulation
