// Passwords and secrets that nobody chose.
#pragma once

#include <cstddef>
#include <string>

namespace peal::auth {

/// So many random characters of base64url: letters, digits, - and _; 6 bits each. The first and the
/// last are letters or digits.
[[nodiscard]] std::string random_text(std::size_t size);

/// So many random bytes.
[[nodiscard]] std::string random_bytes(std::size_t size);

}  // namespace peal::auth
