// The text of a hash: what is refused is not quoted, for it may be somebody's password; what is
// taken costs no more than it may and can be verified.
#include <algorithm>
#include <string>

#include "file_of_bytes.hpp"

#include "peal/auth/password_hash.hpp"

namespace {

using namespace peal::auth;

bool is_ascii(const std::string& text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// Whether verifying takes no time: the fuzzer has none.
bool is_cheap(const PasswordHash& hash, const std::string& text) {
  return hash.kind() == HashKind::sha512 || text.starts_with("$7$1$") ||
         text.starts_with("$argon2id$v=19$m=8,t=1,p=1$");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto hash = PasswordHash::parse(text);
  if (!hash) {
    peal::test::check_error(hash.error());
    // No sentence of ours has such a letter.
    PEAL_ASSERT(is_ascii(text) || !hash.error().contains(text));
    return 0;
  }
  PEAL_ASSERT(text.starts_with(hash->kind() == HashKind::argon2id        ? "$argon2id$v=19$"
                               : hash->kind() == HashKind::pbkdf2_sha512 ? "$7$"
                                                                         : "$6$"));
  const auto again = PasswordHash::parse(text);
  PEAL_ASSERT(again && again->stored() == hash->stored());
  if (is_cheap(*hash, text)) {
    PEAL_ASSERT(!hash->verify(peal::as_bytes(text)) || size < 4);
    static_cast<void>(hash->verify({}));
  }
  return 0;
}
