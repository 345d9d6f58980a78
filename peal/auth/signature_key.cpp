#include "peal/auth/signature_key.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <sodium.h>
#include <utility>

#include "peal/auth/password_hash.hpp"
#include "peal/base/assert.hpp"

namespace peal::auth {

namespace {

constexpr std::array algorithms{std::pair{SignatureAlgorithm::hs256, std::string_view{"HS256"}},
                                std::pair{SignatureAlgorithm::rs256, std::string_view{"RS256"}},
                                std::pair{SignatureAlgorithm::es256, std::string_view{"ES256"}},
                                std::pair{SignatureAlgorithm::eddsa, std::string_view{"EdDSA"}}};

// RFC 7518 §3.2: as long as the hash.
constexpr std::size_t least_secret_bytes = 32;
// RFC 7518 §3.3.
constexpr int least_rsa_bits = 2048;
// A signature of such a key still takes well under a millisecond to check.
constexpr int most_rsa_bits = 8192;
// Longer ones are not even counted.
constexpr std::size_t most_rsa_bytes = 4096;
constexpr std::uint64_t least_rsa_exponent = 65'537;

constexpr std::size_t p256_bytes = 32;

template <auto Function>
struct FreeBy {
  void operator()(auto* thing) const { Function(thing); }
};
using Number = std::unique_ptr<BIGNUM, FreeBy<BN_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, FreeBy<OSSL_PARAM_BLD_free>>;
using Parameters = std::unique_ptr<OSSL_PARAM, FreeBy<OSSL_PARAM_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, FreeBy<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeBy<EVP_MD_CTX_free>>;
using EcSignature = std::unique_ptr<ECDSA_SIG, FreeBy<ECDSA_SIG_free>>;
using Input = std::unique_ptr<BIO, FreeBy<BIO_free>>;

/// Leaves no errors of OpenSSL to whoever asks next on this thread: a TLS connection would take
/// them for its own.
struct CleanErrors {
  CleanErrors() = default;
  CleanErrors(const CleanErrors&) = delete;
  CleanErrors& operator=(const CleanErrors&) = delete;
  ~CleanErrors() { ERR_clear_error(); }
};

Number number_of(Bytes bytes) {
  return Number(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
}

/// A public key of `kind` ("RSA", "EC") out of its parts; null when they make none.
evp_pkey_st* make_key(const char* kind, OSSL_PARAM_BLD* builder) {
  const Parameters parameters(OSSL_PARAM_BLD_to_param(builder));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr));
  evp_pkey_st* key = nullptr;
  if (parameters == nullptr || context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
    return nullptr;
  }
  return key;
}

bool passes_public_check(evp_pkey_st* key) {
  const KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  return context != nullptr && EVP_PKEY_public_check(context.get()) == 1;
}

bool is_good_exponent(evp_pkey_st* key) {
  BIGNUM* found = nullptr;
  EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &found);
  const Number exponent(found);
  return exponent != nullptr && BN_num_bits(exponent.get()) <= 64 &&
         BN_is_odd(exponent.get()) != 0 && BN_get_word(exponent.get()) >= least_rsa_exponent;
}

bool is_on_p256(evp_pkey_st* key) {
  std::array<char, 64> group{};
  std::size_t size = 0;
  return EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) == 1 &&
         std::string_view(group.data(), size) == SN_X9_62_prime256v1;
}

bool verify_hmac(Bytes secret, Bytes content, Bytes signature) {
  std::array<std::uint8_t, crypto_auth_hmacsha256_BYTES> mac;
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, secret.data(), secret.size());
  crypto_auth_hmacsha256_update(&state, content.data(), content.size());
  crypto_auth_hmacsha256_final(&state, mac.data());
  return signature.size() == mac.size() &&
         sodium_memcmp(mac.data(), signature.data(), mac.size()) == 0;
}

bool verify_ed25519(Bytes point, Bytes content, Bytes signature) {
  return signature.size() == crypto_sign_BYTES &&
         crypto_sign_verify_detached(signature.data(), content.data(), content.size(),
                                     point.data()) == 0;
}

bool verify_sha256(evp_pkey_st* key, Bytes content, Bytes signature) {
  const DigestContext context(EVP_MD_CTX_new());
  return context != nullptr &&
         EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(), content.data(),
                          content.size()) == 1;
}

/// R and S, 32 bytes each (RFC 7518 §3.4), in the form that OpenSSL wants; empty when it is none.
std::vector<std::uint8_t> der_of(Bytes signature) {
  const EcSignature both(ECDSA_SIG_new());
  if (signature.size() != 2 * p256_bytes || both == nullptr) {
    return {};
  }
  Number r = number_of(signature.first(p256_bytes));
  Number s = number_of(signature.last(p256_bytes));
  if (r == nullptr || s == nullptr) {
    return {};
  }
  ECDSA_SIG_set0(both.get(), r.release(), s.release());  // now its own; fails for null alone
  std::vector<std::uint8_t> der(static_cast<std::size_t>(i2d_ECDSA_SIG(both.get(), nullptr)));
  std::uint8_t* end = der.data();
  i2d_ECDSA_SIG(both.get(), &end);
  return der;
}

/// Nobody is asked for the password of a key.
int no_password(char* /*text*/, int /*size*/, int /*rwflag*/, void* /*context*/) { return -1; }

std::size_t count_of(std::string_view text, std::string_view what) {
  std::size_t count = 0;
  for (std::size_t at = text.find(what); at != std::string_view::npos;
       at = text.find(what, at + what.size())) {
    ++count;
  }
  return count;
}

}  // namespace

std::string_view name_of(SignatureAlgorithm algorithm) {
  return std::ranges::find(algorithms, algorithm, &decltype(algorithms)::value_type::first)->second;
}

std::optional<SignatureAlgorithm> algorithm_named(std::string_view name) {
  const auto* const found =
      std::ranges::find(algorithms, name, &decltype(algorithms)::value_type::second);
  return found == algorithms.end() ? std::nullopt : std::optional(found->first);
}

void SignatureKey::Free::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

SignatureKey::SignatureKey(SignatureAlgorithm algorithm, std::string bytes, Handle handle)
    : algorithm_(algorithm), bytes_(std::move(bytes)), handle_(std::move(handle)) {}

SignatureKey::Made SignatureKey::from_secret(Bytes secret) {
  require_sodium();
  if (secret.size() < least_secret_bytes) {
    return std::unexpected("its secret has " + std::to_string(secret.size()) +
                           " bytes; at least 32 keep guessers out");
  }
  return SignatureKey(SignatureAlgorithm::hs256, std::string(as_text(secret)), nullptr);
}

SignatureKey::Made SignatureKey::from_rsa(Bytes modulus, Bytes exponent) {
  const CleanErrors clean;
  if (modulus.size() > most_rsa_bytes || exponent.size() > most_rsa_bytes) {
    return std::unexpected("its numbers are too long");
  }
  const Number n = number_of(modulus);
  const Number e = number_of(exponent);
  const Builder builder(OSSL_PARAM_BLD_new());
  PEAL_ASSERT(n != nullptr && e != nullptr && builder != nullptr);  // no memory
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
  return adopt(Handle(make_key("RSA", builder.get())));
}

SignatureKey::Made SignatureKey::from_p256(Bytes x, Bytes y) {
  const CleanErrors clean;
  if (x.size() != p256_bytes || y.size() != p256_bytes) {
    return std::unexpected("x and y have to be 32 bytes each");
  }
  std::vector<std::uint8_t> point{POINT_CONVERSION_UNCOMPRESSED};
  point.insert(point.end(), x.begin(), x.end());
  point.insert(point.end(), y.begin(), y.end());
  const Builder builder(OSSL_PARAM_BLD_new());
  PEAL_ASSERT(builder != nullptr);  // no memory
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, SN_X9_62_prime256v1,
                                  0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                   point.size());
  return adopt(Handle(make_key("EC", builder.get())));
}

SignatureKey::Made SignatureKey::from_ed25519(Bytes point) {
  require_sodium();
  if (point.size() != crypto_core_ed25519_BYTES) {
    return std::unexpected("x has to be 32 bytes");
  }
  if (crypto_core_ed25519_is_valid_point(point.data()) != 1) {
    return std::unexpected("x is no point that a key of Ed25519 may be");
  }
  return SignatureKey(SignatureAlgorithm::eddsa, std::string(as_text(point)), nullptr);
}

std::expected<std::vector<SignatureKey>, std::string> SignatureKey::read_pem(
    std::string_view text) {
  const CleanErrors clean;
  if (text.contains("PRIVATE KEY-----")) {
    return std::unexpected(
        "it holds a private key; write the public one alone: openssl pkey -in FILE -pubout");
  }
  const std::size_t blocks = count_of(text, "-----BEGIN ");
  if (blocks == 0 || blocks != count_of(text, "-----BEGIN PUBLIC KEY-----")) {
    return std::unexpected("in PEM there may be public keys alone (BEGIN PUBLIC KEY)");
  }
  PEAL_ASSERT(text.size() <= std::size_t{std::numeric_limits<int>::max()});
  const Input input(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  PEAL_ASSERT(input != nullptr);  // no memory
  std::vector<SignatureKey> keys;
  while (Handle handle{PEM_read_bio_PUBKEY(input.get(), nullptr, no_password, nullptr)}) {
    Made key = adopt(std::move(handle));
    if (!key) {
      return std::unexpected("public key " + std::to_string(keys.size() + 1) + ": " + key.error());
    }
    keys.push_back(std::move(*key));
  }
  if (keys.size() != blocks) {
    return std::unexpected("public key " + std::to_string(keys.size() + 1) + ": it is damaged");
  }
  return keys;
}

SignatureKey::Made SignatureKey::adopt(Handle handle) {
  if (handle == nullptr) {
    return std::unexpected("its numbers make no key");
  }
  switch (EVP_PKEY_get_base_id(handle.get())) {
    case EVP_PKEY_RSA:
      return adopt_rsa(std::move(handle));
    case EVP_PKEY_EC:
      return adopt_ec(std::move(handle));
    case EVP_PKEY_ED25519:
      return adopt_ed25519(handle);
    default:
      return std::unexpected("there are RSA, EC on P-256 and Ed25519; it is another kind");
  }
}

SignatureKey::Made SignatureKey::adopt_rsa(Handle handle) {
  const int bits = EVP_PKEY_get_bits(handle.get());
  if (bits < least_rsa_bits) {
    return std::unexpected("it has " + std::to_string(bits) +
                           " bits; at least 2048 keep forgers out");
  }
  if (bits > most_rsa_bits) {
    return std::unexpected("it has " + std::to_string(bits) +
                           " bits; more than 8192 would stall the server");
  }
  if (!is_good_exponent(handle.get())) {
    return std::unexpected("its exponent has to be odd, from 65537 on, of 64 bits at most");
  }
  if (!passes_public_check(handle.get())) {
    return std::unexpected("its modulus is none that a key may have");
  }
  return SignatureKey(SignatureAlgorithm::rs256, {}, std::move(handle));
}

SignatureKey::Made SignatureKey::adopt_ec(Handle handle) {
  if (!is_on_p256(handle.get())) {
    return std::unexpected("its curve has to be P-256");
  }
  if (!passes_public_check(handle.get())) {
    return std::unexpected("x and y are no point of P-256");
  }
  return SignatureKey(SignatureAlgorithm::es256, {}, std::move(handle));
}

SignatureKey::Made SignatureKey::adopt_ed25519(const Handle& handle) {
  std::array<std::uint8_t, crypto_core_ed25519_BYTES> point{};
  std::size_t size = point.size();
  if (EVP_PKEY_get_raw_public_key(handle.get(), point.data(), &size) != 1) {
    return std::unexpected("it has no point");
  }
  return from_ed25519(Bytes(point).first(size));
}

bool SignatureKey::verify(Bytes content, Bytes signature) const {
  const CleanErrors clean;
  switch (algorithm_) {
    case SignatureAlgorithm::hs256:
      return verify_hmac(as_bytes(bytes_), content, signature);
    case SignatureAlgorithm::eddsa:
      return verify_ed25519(as_bytes(bytes_), content, signature);
    case SignatureAlgorithm::es256: {
      const auto der = der_of(signature);
      return !der.empty() && verify_sha256(handle_.get(), content, der);
    }
    case SignatureAlgorithm::rs256:
      break;
  }
  return verify_sha256(handle_.get(), content, signature);
}

}  // namespace peal::auth
