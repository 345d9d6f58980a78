// Randomness of the operating system, for names and keys that nobody should guess.
#pragma once

#include <random>

#include "peal/broker/ports/random.hpp"

namespace peal::server {

class SystemRandom final : public broker::Random {
 public:
  [[nodiscard]] std::uint64_t next() override { return std::uint64_t{device_()} << 32 | device_(); }

 private:
  std::random_device device_;
};

}  // namespace peal::server
