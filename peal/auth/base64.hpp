// Base64 (RFC 4648), strictly: one text for each run of bytes, so that what two texts stand for is
// the same only when they are.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "peal/base/bytes.hpp"

namespace peal::auth {

/// `padded` and `unpadded` have + and /, `url` has - and _ and no padding. (RFC 4648 §5)
enum class Base64 : std::uint8_t { padded, unpadded, url };

[[nodiscard]] std::string encode_base64(Bytes bytes, Base64 variant);

/// returns   nothing for another alphabet's letters, blanks, wrong padding, bits that stand for
///           nothing and are not zero.      cost   O(size).      threads   any.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text, Base64 variant);

}  // namespace peal::auth
