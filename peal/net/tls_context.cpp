#include "peal/net/tls_context.hpp"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string_view>
#include <utility>

#include "peal/base/bytes.hpp"
#include "peal/net/x509.hpp"

namespace peal::net {
namespace {

struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using ContextPointer = std::unique_ptr<SSL_CTX, FreeContext>;
using MaybeContext = std::expected<ContextPointer, std::string>;

/// What the callbacks of a context need. Belongs to the context, because connections may outlive
/// the object that made it.
struct Extras {
  std::vector<std::pair<std::string, ContextPointer>> named;
  std::string protocols;  // in ALPN's own form: each behind its length
};

void free_extras(void* /*parent*/, void* pointer, CRYPTO_EX_DATA* /*data*/, int /*index*/,
                 long /*argl*/, void* /*argp*/) {
  delete static_cast<Extras*>(pointer);
}

int extras_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, &free_extras);
  return index;
}

const Extras* extras_of(const SSL_CTX* context) {
  return static_cast<const Extras*>(SSL_CTX_get_ex_data(context, extras_index()));
}

/// The first reason that OpenSSL gave (later ones only say what failed because of it), and an empty
/// queue.
std::string take_reason() {
  const unsigned long code = ERR_peek_error();
  const char* reason =
      ERR_SYSTEM_ERROR(code) ? std::strerror(ERR_GET_REASON(code)) : ERR_reason_error_string(code);
  const std::string text = reason != nullptr ? reason : "unknown reason";
  ERR_clear_error();
  return text;
}

std::unexpected<std::string> cannot(const std::string& what, const std::string& file) {
  return std::unexpected("cannot " + what + " " + file + ": " + take_reason());
}

std::string wire_form(const std::vector<std::string>& protocols) {
  std::string wire;
  for (const std::string& protocol : protocols) {
    wire += static_cast<char>(protocol.size());
    wire += protocol;
  }
  return wire;
}

int version_number(TlsVersion version) {
  return version == TlsVersion::tls_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;
}

constexpr const char* signature_algorithms =
    "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:ed448:"
    "RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512";

/// What both sides have in common.
ContextPointer make_context(const SSL_METHOD* method, TlsVersion min_version) {
  ContextPointer context(SSL_CTX_new(method));
  if (context == nullptr) {
    return context;
  }
  SSL_CTX_set_min_proto_version(context.get(), version_number(min_version));
  SSL_CTX_set_options(context.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                         SSL_OP_IGNORE_UNEXPECTED_EOF |
                                         SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // No SHA-1, no DSA; and OpenSSL keeps lists of them for each connection.
  SSL_CTX_set1_sigalgs_list(context.get(), signature_algorithms);
  // One read brings a record's header and body, and often the next record.
  SSL_CTX_set_read_ahead(context.get(), 1);
  return context;
}

std::expected<void, std::string> use_certificate(SSL_CTX* context, const std::string& certificate,
                                                 const std::string& key) {
  if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1) {
    return cannot("use the certificate", certificate);
  }
  const bool is_key = SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) == 1;
  if (is_key && SSL_CTX_check_private_key(context) == 1) {
    return {};
  }
  const unsigned long code = ERR_peek_error();
  const bool is_told_at_once =
      ERR_GET_LIB(code) == ERR_LIB_X509 && ERR_GET_REASON(code) == X509_R_KEY_VALUES_MISMATCH;
  if (!is_key && !is_told_at_once) {
    return cannot("use the key", key);
  }
  ERR_clear_error();
  return std::unexpected("the key " + key + " does not belong to the certificate " + certificate);
}

std::expected<void, std::string> use_revocation_list(SSL_CTX* context, const std::string& file) {
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  X509_LOOKUP* lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
  if (lookup == nullptr || X509_load_crl_file(lookup, file.c_str(), X509_FILETYPE_PEM) < 1) {
    return cannot("use the revocation list", file);
  }
  X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
  return {};
}

std::expected<void, std::string> verify_clients(SSL_CTX* context, const TlsServerOptions& options) {
  if (options.client_certificate == ClientCertificate::off) {
    return {};
  }
  if (options.client_ca.empty()) {
    return std::unexpected("client certificates need client_ca: the file of who signs them");
  }
  if (SSL_CTX_load_verify_locations(context, options.client_ca.c_str(), nullptr) != 1) {
    return cannot("use the client CA", options.client_ca);
  }
  SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(options.client_ca.c_str()));
  if (!options.client_revocation_list.empty()) {
    if (auto done = use_revocation_list(context, options.client_revocation_list); !done) {
      return done;
    }
  }
  const bool is_required = options.client_certificate == ClientCertificate::require;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | (is_required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                     nullptr);
  return {};
}

bool matches_name(std::string_view pattern, std::string_view name) {
  const auto equal = [](std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
      return x == y || ((x ^ y) == 0x20 && (x | 0x20) >= 'a' && (x | 0x20) <= 'z');
    });
  };
  if (pattern.starts_with("*.")) {
    const std::size_t dot = name.find('.');
    return dot != std::string_view::npos && dot > 0 && equal(pattern.substr(1), name.substr(dot));
  }
  return equal(pattern, name);
}

int choose_certificate(SSL* ssl, int* /*alert*/, void* /*argument*/) {
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  const Extras* extras = extras_of(SSL_get_SSL_CTX(ssl));
  if (name == nullptr || extras == nullptr) {
    return SSL_TLSEXT_ERR_OK;
  }
  for (const auto& [pattern, context] : extras->named) {
    if (matches_name(pattern, name)) {
      SSL_set_SSL_CTX(ssl, context.get());
      break;
    }
  }
  return SSL_TLSEXT_ERR_OK;
}

/// A client that offers nothing we know gets no protocol, not a refusal: MQTT rarely uses ALPN.
int choose_protocol(SSL* /*ssl*/, const unsigned char** chosen, unsigned char* size,
                    const unsigned char* offered, unsigned offered_size, void* argument) {
  const std::string& ours = static_cast<const Extras*>(argument)->protocols;
  const Bytes wire = as_bytes(ours);
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, size, wire.data(), static_cast<unsigned>(wire.size()), offered,
                            offered_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

MaybeContext make_one_server(const TlsServerOptions& options, const std::string& certificate,
                             const std::string& key) {
  ContextPointer context = make_context(TLS_server_method(), options.min_version);
  if (context == nullptr) {
    return std::unexpected("cannot make a TLS context: " + take_reason());
  }
  const bool has_certificate = !certificate.empty() || options.psk == nullptr;
  if (has_certificate) {
    if (auto done = use_certificate(context.get(), certificate, key); !done) {
      return std::unexpected(done.error());
    }
  }
  if (options.psk != nullptr && !use_psk(context.get(), options.psk, has_certificate)) {
    return std::unexpected("cannot let clients in by key: " + take_reason());
  }
  if (auto done = verify_clients(context.get(), options); !done) {
    return std::unexpected(done.error());
  }
  // Sessions live in tickets that only this context can read; nothing is cached here.
  constexpr std::string_view id = "peal";
  SSL_CTX_set_session_id_context(context.get(), as_bytes(id).data(),
                                 static_cast<unsigned>(id.size()));
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context.get(), 1);  // a client of a server has one connection
  SSL_CTX_set_max_early_data(context.get(), 0);
  return context;
}

MaybeContext make_server(const TlsServerOptions& options) {
  MaybeContext context = make_one_server(options, options.certificate, options.key);
  if (!context) {
    return context;
  }
  auto extras = std::make_unique<Extras>();
  extras->protocols = wire_form(options.protocols);
  for (const auto& [name, certificate, key] : options.named) {
    MaybeContext named = make_one_server(options, certificate, key);
    if (!named) {
      return named;
    }
    extras->named.emplace_back(name, std::move(*named));
  }
  SSL_CTX* raw = context->get();
  SSL_CTX_set_tlsext_servername_callback(raw, &choose_certificate);
  SSL_CTX_set_alpn_select_cb(raw, &choose_protocol, extras.get());
  SSL_CTX_set_ex_data(raw, extras_index(), extras.release());
  return context;
}

std::vector<TlsExpiry> expiries_of(const SSL_CTX* context, const TlsServerOptions& options) {
  std::vector<TlsExpiry> all;
  if (!options.certificate.empty()) {
    all.push_back(expiry_of_certificate(context, options.certificate));
  }
  const Extras* extras = extras_of(context);
  for (std::size_t i = 0; i < options.named.size(); ++i) {
    all.push_back(
        expiry_of_certificate(extras->named[i].second.get(), options.named[i].certificate));
  }
  if (options.client_certificate != ClientCertificate::off) {
    add_expiries_of_store(all, context, options.client_ca, options.client_revocation_list);
  }
  return all;
}

/// The lists that clients' certificates are looked up in.
std::vector<RevocationListPointer> revocation_lists_of(const SSL_CTX* context) {
  std::vector<RevocationListPointer> lists;
  const STACK_OF(X509_OBJECT)* objects = X509_STORE_get0_objects(SSL_CTX_get_cert_store(context));
  for (int i = 0; i < sk_X509_OBJECT_num(objects); ++i) {
    X509_CRL* list = X509_OBJECT_get0_X509_CRL(sk_X509_OBJECT_value(objects, i));
    if (list != nullptr && X509_CRL_up_ref(list) == 1) {
      lists.emplace_back(list);
    }
  }
  return lists;
}

int give_password(char* place, int size, int /*writing*/, void* argument) {
  const auto& password = *static_cast<const std::string*>(argument);
  const int length = std::min(size, static_cast<int>(password.size()));
  std::copy_n(password.begin(), length, place);
  return length;
}

std::expected<void, std::string> trust(SSL_CTX* context, const TlsClientOptions& options) {
  const char* file = options.ca_file.empty() ? nullptr : options.ca_file.c_str();
  const char* path = options.ca_path.empty() ? nullptr : options.ca_path.c_str();
  const bool trusts_nobody = !options.psk.key.empty();  // but who knows the key
  if (file == nullptr && path == nullptr && !trusts_nobody) {
    SSL_CTX_set_default_verify_paths(context);
  } else if ((file != nullptr || path != nullptr) &&
             SSL_CTX_load_verify_locations(context, file, path) != 1) {
    return cannot("use the CA", file != nullptr ? options.ca_file : options.ca_path);
  }
  SSL_CTX_set_verify(context, options.insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
  return {};
}

MaybeContext make_client(const TlsClientOptions& options) {
  ContextPointer context = make_context(TLS_client_method(), options.min_version);
  if (context == nullptr) {
    return std::unexpected("cannot make a TLS context: " + take_reason());
  }
  SSL_CTX_set_max_proto_version(context.get(), version_number(options.max_version));
  if (!options.psk.key.empty() && !show_psk(context.get(), options.psk)) {
    return std::unexpected("cannot use the pre-shared key: " + take_reason());
  }
  if (!options.ciphers.empty() &&
      SSL_CTX_set_cipher_list(context.get(), options.ciphers.c_str()) != 1) {
    return std::unexpected("cannot use the ciphers " + options.ciphers + ": " + take_reason());
  }
  if (auto done = trust(context.get(), options); !done) {
    return std::unexpected(done.error());
  }
  if (!options.certificate.empty()) {
    std::string password = options.key_password;
    SSL_CTX_set_default_passwd_cb(context.get(), &give_password);
    SSL_CTX_set_default_passwd_cb_userdata(context.get(), &password);
    const std::string& key = options.key.empty() ? options.certificate : options.key;
    auto done = use_certificate(context.get(), options.certificate, key);
    SSL_CTX_set_default_passwd_cb_userdata(context.get(), nullptr);
    SSL_CTX_set_default_passwd_cb(context.get(), nullptr);
    if (!done) {
      return std::unexpected(done.error());
    }
  }
  const std::string protocols = wire_form(options.protocols);
  if (!protocols.empty()) {
    SSL_CTX_set_alpn_protos(context.get(), as_bytes(protocols).data(),
                            static_cast<unsigned>(protocols.size()));
  }
  return context;
}

}  // namespace

/// A context, and what was looked up in it while nobody else used it: a handshake sorts what it
/// verifies against.
struct TlsContext::Loaded {
  ContextPointer context;
  std::vector<TlsExpiry> expiries;
  std::vector<RevocationListPointer> revocation_lists;

  static std::expected<Loaded, std::string> server(const TlsServerOptions& options) {
    MaybeContext context = make_server(options);
    if (!context) {
      return std::unexpected(context.error());
    }
    auto expiries = expiries_of(context->get(), options);
    auto lists = revocation_lists_of(context->get());
    return Loaded{std::move(*context), std::move(expiries), std::move(lists)};
  }
};

struct TlsContext::State {
  // Held for as long as it takes to read one pointer or make one session.
  mutable std::mutex mutex;
  Loaded loaded;
  TlsServerOptions server_options;  // for `reload`; empty for a client
  bool is_server = false;
  bool checks_name = true;
};

TlsContext::TlsContext(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsContext::~TlsContext() = default;

std::expected<std::unique_ptr<TlsContext>, std::string> TlsContext::server(
    TlsServerOptions options) {
  auto loaded = Loaded::server(options);
  if (!loaded) {
    return std::unexpected(loaded.error());
  }
  auto state = std::make_unique<State>();
  state->loaded = std::move(*loaded);
  state->server_options = std::move(options);
  state->is_server = true;
  return std::unique_ptr<TlsContext>(new TlsContext(std::move(state)));
}

std::expected<std::unique_ptr<TlsContext>, std::string> TlsContext::client(
    const TlsClientOptions& options) {
  MaybeContext context = make_client(options);
  if (!context) {
    return std::unexpected(context.error());
  }
  auto state = std::make_unique<State>();
  state->loaded.context = std::move(*context);
  state->checks_name = options.check_name && !options.insecure;
  return std::unique_ptr<TlsContext>(new TlsContext(std::move(state)));
}

std::expected<void, std::string> TlsContext::reload() {
  if (!state_->is_server) {
    return {};
  }
  auto loaded = Loaded::server(state_->server_options);
  if (!loaded) {
    return std::unexpected(loaded.error());
  }
  // What there was goes after the lock.
  const std::lock_guard lock(state_->mutex);
  std::swap(state_->loaded, *loaded);
  return {};
}

std::vector<std::string> TlsContext::files() const {
  const TlsServerOptions& options = state_->server_options;
  std::vector<std::string> all = {options.certificate, options.key};
  for (const TlsServerOptions::Named& named : options.named) {
    all.push_back(named.certificate);
    all.push_back(named.key);
  }
  if (options.client_certificate != ClientCertificate::off) {
    all.push_back(options.client_ca);
    all.push_back(options.client_revocation_list);
  }
  std::erase(all, "");
  return all;
}

std::vector<TlsExpiry> TlsContext::expiries() const {
  const std::lock_guard lock(state_->mutex);
  return state_->loaded.expiries;
}

bool TlsContext::is_revoked(const ssl_st* session) const {
  const CertificatePointer certificate(SSL_get1_peer_certificate(session));
  if (certificate == nullptr) {
    return false;
  }
  const std::lock_guard lock(state_->mutex);
  return std::ranges::any_of(
      state_->loaded.revocation_lists, [&](const RevocationListPointer& list) {
        X509_REVOKED* entry = nullptr;
        return X509_CRL_get0_by_cert(list.get(), &entry, certificate.get()) == 1;
      });
}

ssl_st* TlsContext::make_session() const {
  const std::lock_guard lock(state_->mutex);
  return SSL_new(state_->loaded.context.get());
}

bool TlsContext::checks_name() const { return state_->checks_name; }

}  // namespace peal::net
