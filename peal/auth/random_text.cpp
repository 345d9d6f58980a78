#include "peal/auth/random_text.hpp"

#include <sodium.h>
#include <string_view>

#include "peal/auth/password_hash.hpp"

namespace peal::auth {

std::string random_text(std::size_t size) {
  constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  constexpr auto plain = static_cast<std::uint32_t>(letters.size() - 2);
  require_sodium();
  std::string text;
  for (std::size_t i = 0; i < size; ++i) {
    const bool is_edge = i == 0 || i + 1 == size;
    text += letters[randombytes_uniform(is_edge ? plain : plain + 2)];
  }
  return text;
}

std::string random_bytes(std::size_t size) {
  require_sodium();
  std::string bytes(size, '\0');
  randombytes_buf(bytes.data(), size);
  return bytes;
}

}  // namespace peal::auth
