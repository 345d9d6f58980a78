#include "peal/auth/password_hash.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <openssl/evp.h>
#include <optional>
#include <sodium.h>
#include <utility>
#include <vector>

#include "peal/auth/base64.hpp"
#include "peal/auth/scram_verifier.hpp"
#include "peal/base/assert.hpp"

namespace peal::auth {

namespace {

// The least that OWASP's Password Storage Cheat Sheet recommends for Argon2id: 19 MiB and two
// passes. About 20 ms: every device of a site logs in again within minutes of a restart, while a
// thief of the file pays the same for each guess.
constexpr unsigned long long argon2id_passes = 2;
constexpr std::size_t argon2id_memory_bytes = std::size_t{19} << 20;
// OWASP's number for PBKDF2-HMAC-SHA512.
constexpr std::uint32_t pbkdf2_rounds = 210'000;
// Mosquitto up to 2.0.11 reads salts of this length alone.
constexpr std::size_t salt_bytes = 12;

// A file may come from elsewhere: what is read costs seconds at worst, not hours.
constexpr std::uint32_t pbkdf2_rounds_limit = 10'000'000;
constexpr std::uint32_t argon2id_kibibytes_limit = 256 * 1024;
constexpr std::uint32_t argon2id_passes_limit = 16;
constexpr std::uint32_t argon2id_lanes_limit = 16;

constexpr std::string_view argon2id_begin = "$argon2id$";
constexpr std::string_view pbkdf2_begin = "$7$";
constexpr std::string_view sha512_begin = "$6$";

using Sha512 = std::array<std::uint8_t, 64>;

/// libsodium wants a pointer for an empty password, too.
const char* characters(Bytes password) {
  return password.empty() ? "" : reinterpret_cast<const char*>(password.data());
}

/// returns   nothing when OpenSSL cannot: no memory.
std::optional<Sha512> pbkdf2(Bytes password, Bytes salt, std::uint32_t rounds) {
  Sha512 hash;
  if (PKCS5_PBKDF2_HMAC(characters(password), static_cast<int>(password.size()), salt.data(),
                        static_cast<int>(salt.size()), static_cast<int>(rounds), EVP_sha512(),
                        static_cast<int>(hash.size()), hash.data()) != 1) {
    return std::nullopt;
  }
  return hash;
}

/// returns   nothing when OpenSSL cannot: no memory.
std::optional<Sha512> sha512(Bytes password, Bytes salt) {
  std::vector<std::uint8_t> both(password.begin(), password.end());
  both.insert(both.end(), salt.begin(), salt.end());
  Sha512 hash;
  const bool is_hashed =
      EVP_Digest(both.data(), both.size(), hash.data(), nullptr, EVP_sha512(), nullptr) == 1;
  sodium_memzero(both.data(), both.size());
  return is_hashed ? std::optional(hash) : std::nullopt;
}

bool has_size(const std::optional<std::string>& bytes, std::size_t least, std::size_t most) {
  return bytes && bytes->size() >= least && bytes->size() <= most;
}

std::array<std::uint8_t, salt_bytes> fresh_salt() {
  std::array<std::uint8_t, salt_bytes> salt;
  randombytes_buf(salt.data(), salt.size());
  return salt;
}

std::string hash_argon2id(Bytes password) {
  std::array<char, crypto_pwhash_STRBYTES> text;
  const int result =
      crypto_pwhash_str_alg(text.data(), characters(password), password.size(), argon2id_passes,
                            argon2id_memory_bytes, crypto_pwhash_ALG_ARGON2ID13);
  PEAL_ASSERT(result == 0);  // it fails for want of memory only
  return text.data();
}

std::string hash_pbkdf2(Bytes password) {
  const auto salt = fresh_salt();
  const auto hash = pbkdf2(password, salt, pbkdf2_rounds);
  PEAL_ASSERT(hash);
  return std::string(pbkdf2_begin) + std::to_string(pbkdf2_rounds) + '$' +
         encode_base64(salt, Base64::padded) + '$' + encode_base64(*hash, Base64::padded);
}

std::string hash_sha512(Bytes password) {
  const auto salt = fresh_salt();
  const auto hash = sha512(password, salt);
  PEAL_ASSERT(hash);
  return std::string(sha512_begin) + encode_base64(salt, Base64::padded) + '$' +
         encode_base64(*hash, Base64::padded);
}

/// "a$b$" is "a", "b" and "".
std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> fields;
  while (true) {
    const std::size_t end = text.find(separator);
    fields.push_back(text.substr(0, end));
    if (end == std::string_view::npos) {
      return fields;
    }
    text.remove_prefix(end + 1);
  }
}

/// The number in "m=19456" when `begin` is "m="; the highest there is when it is higher still.
std::optional<std::uint32_t> number_after(std::string_view begin, std::string_view field) {
  if (!field.starts_with(begin)) {
    return std::nullopt;
  }
  field.remove_prefix(begin.size());
  // libsodium reads no leading zeros, so we do not, either; and none of the numbers may be zero.
  if (field.empty() || field.front() == '0') {
    return std::nullopt;
  }
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), number);
  if (end != field.data() + field.size() || error == std::errc::invalid_argument) {
    return std::nullopt;
  }
  return error == std::errc{} ? number : std::numeric_limits<std::uint32_t>::max();
}

std::string damage(std::string_view what) {
  return "the hash is damaged: " + std::string(what) +
         "; set the password again with `peal passwd FILE USER`";
}

std::string excess(std::string_view what) {
  return "the hash asks for more than " + std::string(what) +
         ", which would stall the server; set the password again with `peal passwd FILE USER`";
}

/// What speaks against "m=19456,t=2,p=1"; empty when nothing does.
std::string cost_problem(std::string_view field) {
  const auto costs = split(field, ',');
  if (costs.size() != 3) {
    return damage("it has to name m, t and p");
  }
  const auto kibibytes = number_after("m=", costs[0]);
  const auto passes = number_after("t=", costs[1]);
  const auto lanes = number_after("p=", costs[2]);
  if (!kibibytes || !passes || !lanes) {
    return damage("m, t and p have to be numbers");
  }
  if (*kibibytes > argon2id_kibibytes_limit) {
    return excess("256 MiB of memory");
  }
  if (*passes > argon2id_passes_limit) {
    return excess("16 passes");
  }
  if (*lanes > argon2id_lanes_limit) {
    return excess("16 lanes");
  }
  // RFC 9106 §3.1.
  return *kibibytes < 8 * *lanes ? damage("m has to be at least 8 times p") : "";
}

}  // namespace

void require_sodium() {
  static const bool is_ready = sodium_init() >= 0;
  PEAL_ASSERT(is_ready);
}

std::string hash_password(Bytes password, HashKind kind) {
  require_sodium();
  PEAL_ASSERT(password.size() <= max_password_bytes);
  switch (kind) {
    case HashKind::argon2id:
      return hash_argon2id(password);
    case HashKind::pbkdf2_sha512:
      return hash_pbkdf2(password);
    case HashKind::scram_sha256:
      return ScramVerifier::make(password).text();
    case HashKind::sha512:
      break;
  }
  return hash_sha512(password);
}

PasswordHash::PasswordHash(HashKind kind, std::uint32_t rounds, std::string stored)
    : kind_(kind), rounds_(rounds), stored_(std::move(stored)) {}

std::expected<PasswordHash, std::string> PasswordHash::parse(std::string_view text) {
  require_sodium();
  if (text.starts_with(argon2id_begin)) {
    return parse_argon2id(text);
  }
  if (text.starts_with(pbkdf2_begin)) {
    return parse_pbkdf2(text);
  }
  if (text.starts_with(sha512_begin)) {
    return parse_sha512(text);
  }
  if (text.starts_with(scram_begin)) {
    return parse_scram(text);
  }
  // It may be somebody's password: it is not quoted.
  return std::unexpected(
      text.empty()
          ? "there is no hash; set a password with `peal passwd FILE USER`"
          : "this is no hash of a kind that Peal knows ($argon2id$, $7$, $6$, SCRAM-SHA-256$); "
            "when it is the password itself, `peal passwd -U FILE` makes hashes of them all");
}

std::expected<PasswordHash, std::string> PasswordHash::parse_argon2id(std::string_view text) {
  const auto fields = split(text, '$');
  if (fields.size() != 6) {
    return std::unexpected(damage("it has to be $argon2id$v=19$m=...,t=...,p=...$SALT$HASH"));
  }
  if (fields[2] != "v=19") {
    return std::unexpected(damage("the version of Argon2 has to be 19"));
  }
  if (std::string problem = cost_problem(fields[3]); !problem.empty()) {
    return std::unexpected(std::move(problem));
  }
  if (!has_size(decode_base64(fields[4], Base64::unpadded), 8, 64)) {
    return std::unexpected(damage("its salt has to be 8 to 64 bytes, in base64 without padding"));
  }
  if (!has_size(decode_base64(fields[5], Base64::unpadded), 16, 64)) {
    return std::unexpected(
        damage("after its salt there have to be 16 to 64 bytes, in base64 without padding"));
  }
  return PasswordHash(HashKind::argon2id, 0, std::string(text));
}

std::expected<PasswordHash, std::string> PasswordHash::parse_pbkdf2(std::string_view text) {
  const auto fields = split(text, '$');
  if (fields.size() != 5) {
    return std::unexpected(damage("it has to be $7$ROUNDS$SALT$HASH"));
  }
  const auto rounds = number_after("", fields[2]);
  if (!rounds) {
    return std::unexpected(damage("its rounds have to be a number"));
  }
  if (*rounds > pbkdf2_rounds_limit) {
    return std::unexpected(excess("10 million rounds"));
  }
  return parse_digest(HashKind::pbkdf2_sha512, *rounds, fields[3], fields[4]);
}

std::expected<PasswordHash, std::string> PasswordHash::parse_sha512(std::string_view text) {
  const auto fields = split(text, '$');
  if (fields.size() != 4) {
    return std::unexpected(damage("it has to be $6$SALT$HASH"));
  }
  return parse_digest(HashKind::sha512, 0, fields[2], fields[3]);
}

std::expected<PasswordHash, std::string> PasswordHash::parse_scram(std::string_view text) {
  auto verifier = ScramVerifier::parse(text);
  if (!verifier) {
    return std::unexpected(std::move(verifier.error()));
  }
  return PasswordHash(HashKind::scram_sha256, 0, std::string(text));
}

std::expected<PasswordHash, std::string> PasswordHash::parse_digest(HashKind kind,
                                                                    std::uint32_t rounds,
                                                                    std::string_view salt_text,
                                                                    std::string_view hash_text) {
  const auto salt = decode_base64(salt_text, Base64::padded);
  // Mosquitto has written both.
  if (!has_size(salt, 12, 12) && !has_size(salt, 64, 64)) {
    return std::unexpected(damage("its salt has to be 12 or 64 bytes, in base64"));
  }
  const auto hash = decode_base64(hash_text, Base64::padded);
  if (!has_size(hash, sizeof(Sha512), sizeof(Sha512))) {
    return std::unexpected(damage("after its salt there have to be 64 bytes, in base64"));
  }
  return PasswordHash(kind, rounds, *hash + *salt);
}

bool PasswordHash::verify(Bytes password) const {
  if (password.size() > max_password_bytes) {
    return false;
  }
  if (kind_ == HashKind::argon2id) {
    return crypto_pwhash_argon2id_str_verify(stored_.c_str(), characters(password),
                                             password.size()) == 0;
  }
  if (kind_ == HashKind::scram_sha256) {
    const auto verifier = ScramVerifier::parse(stored_);
    return verifier && verifier->verify_password(password);
  }
  // HMAC fills short keys up with zeros (RFC 2104 §2): "right\0" would be "right".
  if (kind_ == HashKind::pbkdf2_sha512 && !password.empty() && password.back() == 0) {
    return false;
  }
  const Bytes stored = as_bytes(stored_);
  const Bytes salt = stored.subspan(sizeof(Sha512));
  const auto hash =
      kind_ == HashKind::sha512 ? sha512(password, salt) : pbkdf2(password, salt, rounds_);
  return hash && sodium_memcmp(hash->data(), stored.data(), hash->size()) == 0;
}

}  // namespace peal::auth
