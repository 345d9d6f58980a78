// CRC-32C (Castagnoli), as iSCSI and ext4 use it: what pages of the log carry.
#pragma once

#include <cstdint>

#include "peal/base/bytes.hpp"

namespace peal::store {

/// The checksum of what `crc` is the checksum of, followed by `bytes`. 0 is that of nothing.
///
/// cost   an instruction per eight bytes where the processor has one, else a table.
[[nodiscard]] std::uint32_t crc32c(std::uint32_t crc, Bytes bytes);

/// The same without the instruction.
[[nodiscard]] std::uint32_t crc32c_by_table(std::uint32_t crc, Bytes bytes);

}  // namespace peal::store
