// A TLS client on the other end of a connection under test, in the same thread: OpenSSL by itself,
// so that our own TLS code is not its own judge.
#pragma once

#include <array>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string>
#include <string_view>

#include "tests/unit/net/certificates.hpp"
#include "tests/unit/net/connection_support.hpp"

namespace peal::net {

struct TlsClientSetup {
  std::string certificate = {};
  std::string key = {};
  std::string server_name = {};
  std::string protocol = {};  // ALPN, one
  int max_version = TLS1_3_VERSION;
  SSL_SESSION* session = nullptr;  // to resume
};

class TlsClient {
 public:
  TlsClient(Duo& duo, const TlsClientSetup& setup = {})
      : duo_(duo), context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_max_proto_version(context_, setup.max_version);
    SSL_CTX_set_mode(context_, SSL_MODE_ENABLE_PARTIAL_WRITE);
    if (!setup.certificate.empty()) {
      EXPECT_EQ(SSL_CTX_use_certificate_chain_file(context_, setup.certificate.c_str()), 1);
      EXPECT_EQ(SSL_CTX_use_PrivateKey_file(context_, setup.key.c_str(), SSL_FILETYPE_PEM), 1);
    }
    ssl_ = SSL_new(context_);
    SSL_set_fd(ssl_, duo.other);
    SSL_set_connect_state(ssl_);
    if (!setup.server_name.empty()) {
      SSL_set_tlsext_host_name(ssl_, setup.server_name.c_str());
    }
    if (!setup.protocol.empty()) {
      const std::string wire = static_cast<char>(setup.protocol.size()) + setup.protocol;
      SSL_set_alpn_protos(ssl_, reinterpret_cast<const unsigned char*>(wire.data()),
                          static_cast<unsigned>(wire.size()));
    }
    if (setup.session != nullptr) {
      SSL_set_session(ssl_, setup.session);
    }
  }
  ~TlsClient() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
    ERR_clear_error();
  }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  /// Turns the loop until both sides are through, and the server's last word has come.
  bool handshake() {
    for (int i = 0; i < 20; ++i) {
      const int result = SSL_do_handshake(ssl_);
      duo_.turn();
      if (result == 1) {
        return true;
      }
      if (SSL_get_error(ssl_, result) != SSL_ERROR_WANT_READ) {
        return false;
      }
    }
    return false;
  }
  void say(std::string_view text) {
    EXPECT_EQ(SSL_write(ssl_, text.data(), static_cast<int>(text.size())),
              static_cast<int>(text.size()));
  }
  /// What is there now.
  std::string hear() {
    std::string text;
    std::array<char, 16384> buffer;
    for (;;) {
      ERR_clear_error();
      const int got = SSL_read(ssl_, buffer.data(), static_cast<int>(buffer.size()));
      if (got <= 0) {
        last_error_ = SSL_get_error(ssl_, got);
        return text;
      }
      text.append(buffer.data(), static_cast<std::size_t>(got));
    }
  }
  /// Whether the last `hear` met a close_notify.
  [[nodiscard]] bool heard_goodbye() const { return last_error_ == SSL_ERROR_ZERO_RETURN; }

  [[nodiscard]] std::string server_common_name() const {
    X509* certificate = SSL_get1_peer_certificate(ssl_);
    std::array<char, 256> name{};
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name.data(),
                              static_cast<int>(name.size()));
    X509_free(certificate);
    return name.data();
  }
  [[nodiscard]] std::string protocol() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_, &name, &size);
    return std::string(reinterpret_cast<const char*>(name), size);
  }
  [[nodiscard]] bool is_resumed() const { return SSL_session_reused(ssl_) == 1; }
  /// To resume later; the caller frees it. Ends this connection: a session whose connection broke
  /// off is not resumed.
  [[nodiscard]] SSL_SESSION* session() const {
    SSL_shutdown(ssl_);
    return SSL_get1_session(ssl_);
  }
  [[nodiscard]] SSL* ssl() const { return ssl_; }

 private:
  Duo& duo_;
  SSL_CTX* context_;
  SSL* ssl_ = nullptr;
  int last_error_ = 0;
};

}  // namespace peal::net
