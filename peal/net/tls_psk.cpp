#include "peal/net/tls_psk.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <utility>

#include "peal/base/bytes.hpp"
#include "peal/net/certificate_names.hpp"

namespace peal::net {
namespace {

static_assert(psk_identity_bytes_limit == PSK_MAX_IDENTITY_LEN);
static_assert(psk_key_bytes_limit == PSK_MAX_PSK_LEN);

constexpr const char* psk_suites =
    "ECDHE-PSK-CHACHA20-POLY1305:PSK-AES256-GCM-SHA384:PSK-AES128-GCM-SHA256:"
    "PSK-CHACHA20-POLY1305:PSK-AES128-CCM";
/// The same in front of OpenSSL's choice for certificates.
constexpr const char* psk_and_certificate_suites =
    "DEFAULT:-PSK:ECDHE-PSK-CHACHA20-POLY1305:PSK-AES256-GCM-SHA384:PSK-AES128-GCM-SHA256:"
    "PSK-CHACHA20-POLY1305:PSK-AES128-CCM:+aECDSA:+aRSA";
/// An external key goes with one hash, by custom SHA-256: a suite with another would leave it out.
constexpr const char* suites_1_3 =
    "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384";
constexpr std::array<unsigned char, 2> aes_128_gcm_sha256{0x13, 0x01};

constexpr std::size_t made_up_key_bytes = 32;

void free_lookup(void* /*parent*/, void* pointer, CRYPTO_EX_DATA* /*data*/, int /*index*/,
                 long /*argl*/, void* /*argp*/) {
  delete static_cast<PskLookup*>(pointer);
}

int lookup_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, &free_lookup);
  return index;
}

/// A key for one handshake, wiped behind it.
class Key {
 public:
  Key(SSL* ssl, std::string_view identity) : bytes_(made_up_key_bytes) {
    // In any case, so that both cases cost the same.
    RAND_bytes(bytes_.data(), static_cast<int>(bytes_.size()));
    const auto* lookup =
        static_cast<const PskLookup*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), lookup_index()));
    const bool may_exist = lookup != nullptr && !identity.empty() && is_clean_text(identity);
    if (std::vector<std::uint8_t> found;
        may_exist && !(found = (*lookup)(identity)).empty() && found.size() <= PSK_MAX_PSK_LEN) {
      bytes_.swap(found);
      OPENSSL_cleanse(found.data(), found.size());
    }
  }
  ~Key() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }
  Key(const Key&) = delete;
  Key& operator=(const Key&) = delete;
  [[nodiscard]] Bytes bytes() const { return bytes_; }

 private:
  std::vector<std::uint8_t> bytes_;
};

/// TLS 1.2.
unsigned give_key(SSL* ssl, const char* identity, unsigned char* place, unsigned room) {
  // OpenSSL asks here, too, for what `find_session` left alone in TLS 1.3.
  if (identity == nullptr || SSL_version(ssl) >= TLS1_3_VERSION) {
    return 0;
  }
  const Key key(ssl, identity);
  if (key.bytes().size() > room) {
    return 0;
  }
  std::ranges::copy(key.bytes(), place);
  return static_cast<unsigned>(key.bytes().size());
}

struct FreeSession {
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};

/// TLS 1.3. The identity may be a ticket of an earlier session, too, which is no text.
int find_session(SSL* ssl, const unsigned char* identity, std::size_t size, SSL_SESSION** found) {
  *found = nullptr;
  const std::string_view name = as_text({identity, size});
  if (size == 0 || size > psk_identity_bytes_limit || !is_clean_text(name)) {
    return 1;
  }
  const Key key(ssl, name);
  std::unique_ptr<SSL_SESSION, FreeSession> session(SSL_SESSION_new());
  const SSL_CIPHER* suite = SSL_CIPHER_find(ssl, aes_128_gcm_sha256.data());
  // The name travels with the session, because several may be tried: only the session that is used
  // says who it is.
  if (session == nullptr || suite == nullptr ||
      SSL_SESSION_set1_master_key(session.get(), key.bytes().data(), key.bytes().size()) != 1 ||
      SSL_SESSION_set_cipher(session.get(), suite) != 1 ||
      SSL_SESSION_set_protocol_version(session.get(), TLS1_3_VERSION) != 1 ||
      SSL_SESSION_set1_ticket_appdata(session.get(), name.data(), name.size()) != 1) {
    ERR_clear_error();
    return 0;
  }
  // A ticket would let in who has it after the key is withdrawn, and saves nothing here.
  SSL_set_num_tickets(ssl, 0);
  *found = session.release();
  return 1;
}

void free_own(void* /*parent*/, void* pointer, CRYPTO_EX_DATA* /*data*/, int /*index*/,
              long /*argl*/, void* /*argp*/) {
  auto* own = static_cast<OwnPsk*>(pointer);
  if (own != nullptr) {
    OPENSSL_cleanse(own->key.data(), own->key.size());
  }
  delete own;
}

int own_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, &free_own);
  return index;
}

/// A client's, in TLS 1.2; OpenSSL asks here in TLS 1.3, too.
unsigned give_own_key(SSL* ssl, const char* /*hint*/, char* identity, unsigned identity_room,
                      unsigned char* key, unsigned key_room) {
  const auto* own =
      static_cast<const OwnPsk*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), own_index()));
  if (own == nullptr || own->identity.size() >= identity_room || own->key.size() > key_room) {
    return 0;
  }
  *std::ranges::copy(own->identity, identity).out = '\0';
  std::ranges::copy(own->key, key);
  return static_cast<unsigned>(own->key.size());
}

}  // namespace

bool show_psk(ssl_ctx_st* context, OwnPsk psk) {
  const bool is_sane = psk.identity.size() <= psk_identity_bytes_limit && !psk.key.empty() &&
                       psk.key.size() <= psk_key_bytes_limit;
  if (!is_sane || SSL_CTX_set_cipher_list(context, psk_suites) != 1 ||
      SSL_CTX_set_ciphersuites(context, suites_1_3) != 1) {
    ERR_clear_error();
    return false;
  }
  auto* owned = new OwnPsk(std::move(psk));  // the context's
  if (SSL_CTX_set_ex_data(context, own_index(), owned) != 1) {
    delete owned;
    ERR_clear_error();
    return false;
  }
  SSL_CTX_set_psk_client_callback(context, &give_own_key);
  return true;
}

bool use_psk(ssl_ctx_st* context, const PskLookup& lookup, bool has_certificate) {
  if (SSL_CTX_set_cipher_list(context, has_certificate ? psk_and_certificate_suites : psk_suites) !=
          1 ||
      SSL_CTX_set_ciphersuites(context, suites_1_3) != 1) {
    ERR_clear_error();
    return false;
  }
  auto* owned = new PskLookup(lookup);  // the context's
  if (SSL_CTX_set_ex_data(context, lookup_index(), owned) != 1) {
    delete owned;
    ERR_clear_error();
    return false;
  }
  SSL_CTX_set_psk_server_callback(context, &give_key);
  SSL_CTX_set_psk_find_session_callback(context, &find_session);
  return true;
}

std::string psk_identity_of(const ssl_st* ssl) {
  if (SSL_version(ssl) < TLS1_3_VERSION) {
    const char* identity = SSL_get_psk_identity(ssl);
    return identity != nullptr ? identity : "";
  }
  SSL_SESSION* session = SSL_get_session(ssl);
  void* identity = nullptr;
  std::size_t size = 0;
  if (session == nullptr || SSL_SESSION_get0_ticket_appdata(session, &identity, &size) != 1 ||
      size == 0) {
    return {};
  }
  return {static_cast<const char*>(identity), size};
}

}  // namespace peal::net
