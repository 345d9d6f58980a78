#include "peal/net/tls_probe.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <ctime>
#include <memory>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>

#include "peal/base/bytes.hpp"

namespace peal::net {
namespace {

using Clock = std::chrono::steady_clock;
using Outcome = TlsProbe::Outcome;

constexpr int strong_bits = 112;
// OpenSSL gives the number of a received alert as a reason above this one.
constexpr int alert_reasons = 1000;

template <auto Function>
struct Release {
  void operator()(auto* thing) const { Function(thing); }
};
using ContextPointer = std::unique_ptr<SSL_CTX, Release<SSL_CTX_free>>;
using SessionPointer = std::unique_ptr<SSL, Release<SSL_free>>;
using CertificatePointer = std::unique_ptr<X509, Release<X509_free>>;
using NamesPointer = std::unique_ptr<GENERAL_NAMES, Release<GENERAL_NAMES_free>>;

struct Range {
  int lowest;
  int highest;
};

Range range_of(OfferedTls version) {
  constexpr std::array ranges{
      Range{TLS1_VERSION, TLS1_3_VERSION},   Range{TLS1_VERSION, TLS1_VERSION},
      Range{TLS1_1_VERSION, TLS1_1_VERSION}, Range{TLS1_2_VERSION, TLS1_2_VERSION},
      Range{TLS1_3_VERSION, TLS1_3_VERSION},
  };
  return ranges[static_cast<std::size_t>(version)];
}

/// Notes that the server asks, and shows nothing.
int note_certificate_request(SSL* ssl, X509** /*certificate*/, EVP_PKEY** /*key*/) {
  static_cast<TlsProbe*>(SSL_get_app_data(ssl))->asks_for_certificate = true;
  return 0;
}

/// Null when this OpenSSL has no such version.
ContextPointer make_context(const TlsProbeOptions& options) {
  ContextPointer context(SSL_CTX_new(TLS_client_method()));
  const auto [lowest, highest] = range_of(options.version);
  // Level 0: also what is too weak to be used, because it is to be found.
  if (context == nullptr || SSL_CTX_set_min_proto_version(context.get(), lowest) != 1 ||
      SSL_CTX_set_max_proto_version(context.get(), highest) != 1 ||
      SSL_CTX_set_cipher_list(context.get(), "DEFAULT:@SECLEVEL=0") != 1) {
    return nullptr;
  }
  SSL_CTX_set_options(context.get(), SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_client_cert_cb(context.get(), &note_certificate_request);
  if (options.ca_file.empty()) {
    SSL_CTX_set_default_verify_paths(context.get());
  } else {
    SSL_CTX_load_verify_locations(context.get(), options.ca_file.c_str(), nullptr);
  }
  return context;
}

bool is_ip_address(const std::string& name) {
  std::array<std::uint8_t, 16> place{};
  return inet_pton(AF_INET, name.c_str(), place.data()) == 1 ||
         inet_pton(AF_INET6, name.c_str(), place.data()) == 1;
}

bool wait_for(int fd, short events, Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  pollfd entry{fd, events, 0};
  return left > 0 && ::poll(&entry, 1, static_cast<int>(std::min<std::int64_t>(left, 1 << 30))) > 0;
}

Outcome why_it_failed() {
  const unsigned long code = ERR_peek_error();
  ERR_clear_error();
  const int reason = ERR_GET_REASON(code);
  const bool is_of_tls = ERR_GET_LIB(code) == ERR_LIB_SSL;
  if (is_of_tls &&
      (reason == SSL_R_NO_PROTOCOLS_AVAILABLE || reason == SSL_R_NO_CIPHERS_AVAILABLE)) {
    return Outcome::untested;
  }
  const bool has_answered =
      is_of_tls && (reason > alert_reasons || reason == SSL_R_UNSUPPORTED_PROTOCOL);
  return has_answered ? Outcome::refused : Outcome::no_tls;
}

Outcome shake_hands(SSL* ssl, int fd, Clock::time_point deadline) {
  for (;;) {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl);
    switch (SSL_get_error(ssl, result)) {
      case SSL_ERROR_NONE:
        return Outcome::agreed;
      case SSL_ERROR_WANT_READ:
      case SSL_ERROR_WANT_WRITE:
        if (!wait_for(fd, SSL_want_write(ssl) ? POLLOUT : POLLIN, deadline)) {
          return Outcome::silent;
        }
        break;
      default:
        return why_it_failed();
    }
  }
}

std::string text_of(const X509_NAME* name) {
  const std::unique_ptr<BIO, Release<BIO_free_all>> bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253) < 0) {
    return {};
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

CertificateFacts::Time time_of(const ASN1_TIME* time) {
  std::tm parts{};
  ASN1_TIME_to_tm(time, &parts);
  return std::chrono::system_clock::from_time_t(timegm(&parts));
}

Bytes bytes_of(const ASN1_STRING* text) {
  return {ASN1_STRING_get0_data(text), static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::string address_text(Bytes bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = bytes.size() == 4 ? AF_INET : AF_INET6;
  const bool is_address = bytes.size() == 4 || bytes.size() == 16;
  return is_address && inet_ntop(family, bytes.data(), text.data(), text.size()) != nullptr
             ? text.data()
             : "";
}

std::vector<std::string> names_of(const X509* certificate) {
  std::vector<std::string> names;
  const NamesPointer alternatives(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; alternatives != nullptr && i < sk_GENERAL_NAME_num(alternatives.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(alternatives.get(), i);
    if (name->type == GEN_DNS) {
      names.emplace_back(as_text(bytes_of(name->d.dNSName)));
    } else if (name->type == GEN_IPADD) {
      names.push_back(address_text(bytes_of(name->d.iPAddress)));
    }
  }
  return names;
}

void read_key(const X509* certificate, CertificateFacts& facts) {
  const EVP_PKEY* key = X509_get0_pubkey(certificate);
  if (key == nullptr) {
    facts.key = "unknown";
    return;
  }
  const char* name = OBJ_nid2sn(EVP_PKEY_get_base_id(key));
  const bool is_rsa = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
  const bool is_curve = EVP_PKEY_get_base_id(key) == EVP_PKEY_EC;
  facts.key = is_rsa ? "RSA" : is_curve ? "EC" : name;
  facts.key += ", " + std::to_string(EVP_PKEY_get_bits(key)) + " bits";
  facts.is_weak_key = EVP_PKEY_get_security_bits(key) < strong_bits;
}

void read_signature(X509* certificate, CertificateFacts& facts) {
  int digest = NID_undef;
  int bits = 0;
  X509_get_signature_info(certificate, &digest, nullptr, &bits, nullptr);
  facts.signature = digest == NID_undef ? "its own" : OBJ_nid2sn(digest);
  facts.is_self_signed = X509_self_signed(certificate, 0) == 1;
  // Nobody is asked to believe what signs itself because of that signature.
  facts.is_weak_signature = !facts.is_self_signed && digest != NID_undef && bits < strong_bits;
}

/// The time is told apart, by `valid_from` and `valid_until`.
std::string distrust_of(const SSL* ssl, const CertificateFacts& facts) {
  const long result = SSL_get_verify_result(ssl);
  const auto now = std::chrono::system_clock::now();
  const bool is_time = (result == X509_V_ERR_CERT_HAS_EXPIRED && facts.valid_until < now) ||
                       (result == X509_V_ERR_CERT_NOT_YET_VALID && facts.valid_from > now);
  return result == X509_V_OK || is_time ? "" : X509_verify_cert_error_string(result);
}

std::optional<CertificateFacts> read_certificate(const SSL* ssl, const std::string& server_name) {
  const CertificatePointer certificate(SSL_get1_peer_certificate(ssl));
  if (certificate == nullptr) {
    return std::nullopt;
  }
  CertificateFacts facts;
  facts.subject = text_of(X509_get_subject_name(certificate.get()));
  facts.issuer = text_of(X509_get_issuer_name(certificate.get()));
  facts.names = names_of(certificate.get());
  facts.valid_from = time_of(X509_get0_notBefore(certificate.get()));
  facts.valid_until = time_of(X509_get0_notAfter(certificate.get()));
  read_key(certificate.get(), facts);
  read_signature(certificate.get(), facts);
  facts.is_for_server = is_ip_address(server_name)
                            ? X509_check_ip_asc(certificate.get(), server_name.c_str(), 0) == 1
                            : X509_check_host(certificate.get(), server_name.data(),
                                              server_name.size(), 0, nullptr) == 1;
  facts.distrust = distrust_of(ssl, facts);
  return facts;
}

}  // namespace

TlsProbe probe_tls(int fd, const TlsProbeOptions& options) {
  TlsProbe probe;
  const auto deadline = Clock::now() + options.timeout;
  const ContextPointer context = make_context(options);
  const SessionPointer session(context == nullptr ? nullptr : SSL_new(context.get()));
  if (session == nullptr || SSL_set_fd(session.get(), fd) != 1) {
    ERR_clear_error();
    return probe;
  }
  SSL_set_app_data(session.get(), &probe);
  if (!is_ip_address(options.server_name)) {
    SSL_set_tlsext_host_name(session.get(), options.server_name.c_str());
  }
  SSL_set_connect_state(session.get());
  probe.outcome = shake_hands(session.get(), fd, deadline);
  if (probe.outcome == Outcome::agreed) {
    probe.version = SSL_get_version(session.get());
    probe.certificate = read_certificate(session.get(), options.server_name);
    SSL_shutdown(session.get());
  }
  ERR_clear_error();
  return probe;
}

}  // namespace peal::net
