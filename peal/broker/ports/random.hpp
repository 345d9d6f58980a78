// Port: randomness, for assigned Client Identifiers and hash keys. From a seed in tests.
#pragma once

#include <cstdint>

namespace peal::broker {

class Random {
 public:
  virtual ~Random() = default;
  [[nodiscard]] virtual std::uint64_t next() = 0;
};

}  // namespace peal::broker
