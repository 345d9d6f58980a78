#include "peal/auth/base64.hpp"

#include <algorithm>
#include <sodium.h>

namespace peal::auth {

namespace {

int variant_of(Base64 variant) {
  switch (variant) {
    case Base64::padded:
      return sodium_base64_VARIANT_ORIGINAL;
    case Base64::unpadded:
      return sodium_base64_VARIANT_ORIGINAL_NO_PADDING;
    case Base64::url:
      break;
  }
  return sodium_base64_VARIANT_URLSAFE_NO_PADDING;
}

}  // namespace

std::string encode_base64(Bytes bytes, Base64 variant) {
  std::string text(sodium_base64_encoded_len(bytes.size(), variant_of(variant)), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), variant_of(variant));
  text.pop_back();  // the NUL that it ends with
  return text;
}

std::optional<std::string> decode_base64(std::string_view text, Base64 variant) {
  // libsodium 1.0.18 takes bytes from 0x80 on for letters.
  const auto is_ascii = [](char letter) { return static_cast<unsigned char>(letter) < 0x80; };
  if (!std::ranges::all_of(text, is_ascii)) {
    return std::nullopt;
  }
  std::string bytes(text.size(), '\0');
  std::size_t size = 0;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(),
                        text.size(), nullptr, &size, nullptr, variant_of(variant)) != 0) {
    return std::nullopt;
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace peal::auth
