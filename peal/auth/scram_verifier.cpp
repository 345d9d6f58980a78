#include "peal/auth/scram_verifier.hpp"

#include <algorithm>
#include <charconv>
#include <openssl/evp.h>
#include <optional>
#include <sodium.h>
#include <utility>

#include "peal/auth/base64.hpp"
#include "peal/auth/password_hash.hpp"
#include "peal/base/assert.hpp"

namespace peal::auth {

namespace {

constexpr std::size_t salt_bytes = 16;
constexpr std::size_t least_salt_bytes = 8;
constexpr std::size_t most_salt_bytes = 64;

std::string damage(std::string_view what) {
  return "the SCRAM verifier is damaged: " + std::string(what) + "; set the password again";
}

/// Hi() of RFC 5802 §2.2.      returns   nothing when OpenSSL cannot: no memory.
std::optional<ScramKey> salted(Bytes password, std::string_view salt, std::uint32_t iterations) {
  ScramKey key;
  const char* text = password.empty() ? "" : reinterpret_cast<const char*>(password.data());
  if (PKCS5_PBKDF2_HMAC(text, static_cast<int>(password.size()), as_bytes(salt).data(),
                        static_cast<int>(salt.size()), static_cast<int>(iterations), EVP_sha256(),
                        static_cast<int>(key.size()), key.data()) != 1) {
    return std::nullopt;
  }
  return key;
}

ScramKey stored_key_of(const ScramKey& salted_password) {
  return scram_hash(scram_hmac(salted_password, "Client Key"));
}

/// "4096" and nothing around it; nothing for what is no number or beyond all limits.
std::optional<std::uint32_t> number_in(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_whole = end == text.data() + text.size() && error == std::errc{};
  return is_whole && text.front() != '0' ? std::optional(number) : std::nullopt;
}

std::optional<ScramKey> key_in(std::string_view text) {
  const auto bytes = decode_base64(text, Base64::padded);
  ScramKey key{};
  if (!bytes || bytes->size() != key.size()) {
    return std::nullopt;
  }
  std::ranges::copy(as_bytes(*bytes), key.begin());
  return key;
}

/// Takes what stands before `separator` off; nothing when there is none.
std::optional<std::string_view> take_until(std::string_view& text, char separator) {
  const std::size_t at = text.find(separator);
  if (at == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view field = text.substr(0, at);
  text.remove_prefix(at + 1);
  return field;
}

}  // namespace

ScramKey scram_hmac(Bytes key, std::string_view text) {
  ScramKey mac;
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, key.data(), key.size());
  crypto_auth_hmacsha256_update(&state, as_bytes(text).data(), text.size());
  crypto_auth_hmacsha256_final(&state, mac.data());
  return mac;
}

ScramKey scram_hash(Bytes text) {
  ScramKey hash;
  crypto_hash_sha256(hash.data(), text.data(), text.size());
  return hash;
}

ScramVerifier::ScramVerifier(std::uint32_t iterations, std::string salt, const ScramKey& stored_key,
                             const ScramKey& server_key)
    : iterations_(iterations),
      salt_(std::move(salt)),
      stored_key_(stored_key),
      server_key_(server_key) {}

ScramVerifier ScramVerifier::make(Bytes password, std::uint32_t iterations) {
  require_sodium();
  PEAL_ASSERT(password.size() <= max_password_bytes);
  PEAL_ASSERT(iterations >= least_scram_iterations && iterations <= most_scram_iterations);
  std::string salt(salt_bytes, '\0');
  randombytes_buf(salt.data(), salt.size());
  auto key = salted(password, salt, iterations);
  PEAL_ASSERT(key);
  ScramVerifier made(iterations, std::move(salt), stored_key_of(*key),
                     scram_hmac(*key, "Server Key"));
  sodium_memzero(key->data(), key->size());
  return made;
}

std::expected<ScramVerifier, std::string> ScramVerifier::parse(std::string_view text) {
  require_sodium();
  if (!text.starts_with(scram_begin)) {
    return std::unexpected(damage("it has to begin with SCRAM-SHA-256$"));
  }
  text.remove_prefix(scram_begin.size());
  const auto iterations_text = take_until(text, ':');
  const auto salt_text = take_until(text, '$');
  const auto stored_text = take_until(text, ':');
  if (!iterations_text || !salt_text || !stored_text) {
    return std::unexpected(
        damage("it has to be SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY"));
  }
  const auto iterations = number_in(*iterations_text);
  if (!iterations || *iterations < least_scram_iterations || *iterations > most_scram_iterations) {
    return std::unexpected(damage("its iterations have to be a number from 4096 to 10000000"));
  }
  auto salt = decode_base64(*salt_text, Base64::padded);
  if (!salt || salt->size() < least_salt_bytes || salt->size() > most_salt_bytes) {
    return std::unexpected(damage("its salt has to be 8 to 64 bytes, in base64"));
  }
  const auto stored_key = key_in(*stored_text);
  const auto server_key = key_in(text);
  if (!stored_key || !server_key) {
    return std::unexpected(damage("its two keys have to be 32 bytes each, in base64"));
  }
  return ScramVerifier(*iterations, std::move(*salt), *stored_key, *server_key);
}

std::string ScramVerifier::text() const {
  return std::string(scram_begin) + std::to_string(iterations_) + ':' +
         encode_base64(as_bytes(salt_), Base64::padded) + '$' +
         encode_base64(stored_key_, Base64::padded) + ':' +
         encode_base64(server_key_, Base64::padded);
}

bool ScramVerifier::verify_password(Bytes password) const {
  // HMAC fills short keys up with zeros (RFC 2104 §2): "right\0" would be "right".
  const bool has_nul = std::ranges::find(password, std::uint8_t{0}) != password.end();
  if (password.size() > max_password_bytes || has_nul) {
    return false;
  }
  const auto key = salted(password, salt_, iterations_);
  if (!key) {
    return false;
  }
  const ScramKey stored_key = stored_key_of(*key);
  return sodium_memcmp(stored_key.data(), stored_key_.data(), stored_key.size()) == 0;
}

}  // namespace peal::auth
