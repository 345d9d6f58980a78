#include "peal/net/tls_session.hpp"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <utility>

#include "peal/base/assert.hpp"
#include "peal/net/certificate_names.hpp"
#include "peal/net/tls_context.hpp"
#include "peal/net/tls_psk.hpp"
#include "peal/net/x509.hpp"

namespace peal::net {

/// The socket as OpenSSL sees it. Its own socket BIO would raise SIGPIPE and count nothing.
struct TlsSocket {
  static TlsSession& session(BIO* bio) { return *static_cast<TlsSession*>(BIO_get_data(bio)); }

  static int read(BIO* bio, char* place, int size) {
    TlsSession& self = session(bio);
    BIO_clear_retry_flags(bio);
    if (self.socket_is_empty_) {
      BIO_set_retry_read(bio);
      return -1;
    }
    if (self.calls_ != nullptr) {
      ++self.calls_->reads;
    }
    const auto got = ::recv(self.fd_, place, static_cast<std::size_t>(size), 0);
    // Less than there is room for: the next bytes will be an event of their own.
    self.socket_is_empty_ = got < size && !self.end_is_near_ && !(got < 0 && errno == EINTR);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
      BIO_set_retry_read(bio);
    }
    self.socket_is_at_end_ = got == 0;
    return static_cast<int>(got);
  }

  static int write(BIO* bio, const char* bytes, int size) {
    TlsSession& self = session(bio);
    BIO_clear_retry_flags(bio);
    if (self.calls_ != nullptr) {
      ++self.calls_->writes;
    }
    const auto sent = ::send(self.fd_, bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR)) {
      BIO_set_retry_write(bio);
    }
    return static_cast<int>(sent);
  }

  static long control(BIO* bio, int command, long /*number*/, void* /*pointer*/) {
    if (command == BIO_CTRL_EOF) {
      return session(bio).socket_is_at_end_ ? 1 : 0;
    }
    return command == BIO_CTRL_FLUSH ? 1 : 0;
  }

  static const BIO_METHOD* method() {
    static const BIO_METHOD* const made = [] {
      BIO_METHOD* fresh = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "peal socket");
      BIO_meth_set_read(fresh, &read);
      BIO_meth_set_write(fresh, &write);
      BIO_meth_set_ctrl(fresh, &control);
      return fresh;
    }();
    return made;
  }
};

/// The socket of the session that this thread works on. One BIO serves all sessions of a thread:
/// one for each would cost every idle connection some 200 bytes.
class TlsSession::AtWork {
 public:
  explicit AtWork(TlsSession& session) {
    BIO* const bio = of_this_thread();
    BIO_set_data(bio, &session);
    if (SSL_get_rbio(session.ssl_) != bio) {  // new, or it was another thread's
      BIO_up_ref(bio);
      SSL_set_bio(session.ssl_, bio, bio);
    }
    ERR_clear_error();
    errno = 0;
  }

 private:
  struct Free {
    void operator()(BIO* bio) const { BIO_free(bio); }
  };
  static BIO* of_this_thread() {
    static thread_local const std::unique_ptr<BIO, Free> bio = [] {
      std::unique_ptr<BIO, Free> made(BIO_new(TlsSocket::method()));
      PEAL_ASSERT(made != nullptr);
      BIO_set_init(made.get(), 1);
      return made;
    }();
    return bio.get();
  }
};

namespace {

/// The peer's certificate if it was verified.
CertificatePointer verified_certificate(const SSL* ssl) {
  if ((SSL_get_verify_mode(ssl) & SSL_VERIFY_PEER) == 0 ||
      SSL_get_verify_result(ssl) != X509_V_OK) {
    return nullptr;
  }
  return CertificatePointer(SSL_get1_peer_certificate(ssl));
}

bool is_ip_address(const std::string& name) {
  std::array<std::uint8_t, 16> place{};
  return inet_pton(AF_INET, name.c_str(), place.data()) == 1 ||
         inet_pton(AF_INET6, name.c_str(), place.data()) == 1;
}

/// SNI, and the name that the server's certificate must have.
void expect_server(SSL* ssl, const std::string& name, bool checks_name) {
  const bool is_ip = is_ip_address(name);
  if (!is_ip && !name.empty()) {
    SSL_set_tlsext_host_name(ssl, name.c_str());
  }
  if (!checks_name || name.empty()) {
    return;
  }
  if (is_ip) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str());
  } else {
    SSL_set1_host(ssl, name.c_str());
  }
}

}  // namespace

TlsSession::TlsSession(ssl_st* ssl, int fd) : ssl_(ssl), fd_(fd) {}

TlsSession::~TlsSession() { SSL_free(ssl_); }

std::unique_ptr<TlsSession> TlsSession::make(TlsContext& context, int fd) {
  SSL* ssl = context.make_session();
  if (ssl == nullptr) {
    ERR_clear_error();
    return nullptr;
  }
  return std::unique_ptr<TlsSession>(new TlsSession(ssl, fd));
}

std::unique_ptr<TlsSession> TlsSession::accept(TlsContext& context, int fd) {
  auto session = make(context, fd);
  if (session != nullptr) {
    SSL_set_accept_state(session->ssl_);
  }
  return session;
}

std::unique_ptr<TlsSession> TlsSession::connect(TlsContext& context, int fd,
                                                const std::string& server_name) {
  auto session = make(context, fd);
  if (session != nullptr) {
    SSL_set_connect_state(session->ssl_);
    expect_server(session->ssl_, server_name, context.checks_name());
  }
  return session;
}

TlsSession::Status TlsSession::status_of(int result) {
  const int error = SSL_get_error(ssl_, result);
  switch (error) {
    case SSL_ERROR_NONE:
      return Status::done;
    case SSL_ERROR_WANT_READ:
      return Status::want_read;
    case SSL_ERROR_WANT_WRITE:
      return Status::want_write;
    case SSL_ERROR_ZERO_RETURN:
      return Status::end;
    default:
      break;
  }
  is_broken_ = true;
  is_network_error_ = error == SSL_ERROR_SYSCALL;
  const unsigned long code = ERR_peek_error();
  const long verified = SSL_get_verify_result(ssl_);
  std::string sentence = errno != 0 ? std::strerror(errno) : "the connection ended";
  if (verified != X509_V_OK) {
    sentence = "the certificate does not verify: ";
    sentence += X509_verify_cert_error_string(verified);
  } else if (code != 0 && ERR_reason_error_string(code) != nullptr) {
    sentence = ERR_reason_error_string(code);
  }
  error_ = std::make_unique<const std::string>(std::move(sentence));
  ERR_clear_error();
  return Status::failed;
}

TlsSession::Status TlsSession::handshake() {
  const AtWork at_work(*this);
  return status_of(SSL_do_handshake(ssl_));
}

TlsSession::Transfer TlsSession::read(MutableBytes buffer) {
  Transfer transfer;
  while (transfer.bytes < buffer.size()) {
    const AtWork at_work(*this);
    std::size_t got = 0;
    const MutableBytes room = buffer.subspan(transfer.bytes);
    const int result = SSL_read_ex(ssl_, room.data(), room.size(), &got);
    if (result != 1) {
      transfer.status = status_of(result);
      return transfer;
    }
    transfer.bytes += got;
  }
  return transfer;
}

TlsSession::Transfer TlsSession::write(Bytes bytes) {
  const AtWork at_work(*this);
  std::size_t written = 0;
  const int result = SSL_write_ex(ssl_, bytes.data(), bytes.size(), &written);
  return {written, result == 1 ? Status::done : status_of(result)};
}

void TlsSession::shutdown() {
  if (!is_broken_ && SSL_is_init_finished(ssl_) == 1) {
    const AtWork at_work(*this);
    SSL_shutdown(ssl_);
    ERR_clear_error();
  }
}

std::string TlsSession::version() const { return SSL_get_version(ssl_); }

std::string TlsSession::server_name() const {
  const char* name = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name);
  return name != nullptr ? name : "";
}

std::string TlsSession::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_, &name, &size);
  return std::string(as_text({name, size}));
}

bool TlsSession::is_resumed() const { return SSL_session_reused(ssl_) == 1; }

std::string TlsSession::certificate_subject() const {
  const CertificatePointer certificate = verified_certificate(ssl_);
  return certificate == nullptr ? std::string{} : subject_of(certificate.get());
}

std::string TlsSession::certificate_common_name() const {
  const CertificatePointer certificate = verified_certificate(ssl_);
  return certificate == nullptr ? std::string{} : common_name_of(certificate.get());
}

std::string TlsSession::certificate_alternative_name() const {
  const CertificatePointer certificate = verified_certificate(ssl_);
  return certificate == nullptr ? std::string{} : alternative_name_of(certificate.get());
}

bool TlsSession::is_revoked(const TlsContext& context) const { return context.is_revoked(ssl_); }

std::string TlsSession::psk_identity() const { return psk_identity_of(ssl_); }

}  // namespace peal::net
