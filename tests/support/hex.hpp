// Bytes as people write them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "peal/base/bytes.hpp"

namespace peal::test {

/// "0A ff" as bytes; blanks do not count.
[[nodiscard]] std::vector<std::uint8_t> from_hex(std::string_view hex);

/// Bytes as "0AFF".
[[nodiscard]] std::string to_hex(Bytes bytes);

}  // namespace peal::test
