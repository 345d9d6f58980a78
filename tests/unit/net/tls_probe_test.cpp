// What a stranger learns of a TLS server, against OpenSSL's own server side.
#include "peal/net/tls_probe.hpp"

#include <csignal>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include "tests/unit/net/certificates.hpp"

namespace peal::net {
namespace {

using namespace std::chrono_literals;
using Outcome = TlsProbe::Outcome;

struct ServerSetup {
  int min_version = TLS1_VERSION;
  int max_version = TLS1_3_VERSION;
  std::string client_ca = {};
};

/// A certificate and its key as files.
struct Files {
  std::string certificate;
  std::string key;
};

/// One handshake on the other end of a socket pair, on a thread of its own.
TlsProbe probe(const Files& files, const TlsProbeOptions& options, const ServerSetup& setup = {}) {
  int pair[2] = {-1, -1};
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  std::jthread server([&files, &setup, fd = pair[1]] {
    SSL_CTX* context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_cipher_list(context, "DEFAULT:@SECLEVEL=0");
    SSL_CTX_set_min_proto_version(context, setup.min_version);
    SSL_CTX_set_max_proto_version(context, setup.max_version);
    EXPECT_EQ(SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()), 1);
    EXPECT_EQ(SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM), 1);
    if (!setup.client_ca.empty()) {
      SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
      SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(setup.client_ca.c_str()));
    }
    SSL* ssl = SSL_new(context);
    SSL_set_fd(ssl, fd);
    SSL_accept(ssl);
    SSL_free(ssl);
    SSL_CTX_free(context);
    close(fd);
  });
  const TlsProbe seen = probe_tls(pair[0], options);
  close(pair[0]);
  return seen;
}

/// What a server says that does not speak TLS: `answer`, and then the end.
TlsProbe probe_answered(const std::string& answer, bool ends = true) {
  int pair[2] = {-1, -1};
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
  EXPECT_EQ(send(pair[1], answer.data(), answer.size(), 0), static_cast<ssize_t>(answer.size()));
  if (ends) {
    shutdown(pair[1], SHUT_WR);
  }
  TlsProbeOptions options;
  options.timeout = 100ms;
  const TlsProbe seen = probe_tls(pair[0], options);
  close(pair[0]);
  close(pair[1]);
  return seen;
}

/// A certificate that signs itself, made of what is given.
Files own_certificate(const Authority& folder, EVP_PKEY* key, const EVP_MD* digest, long begin,
                      long end) {
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 7);
  X509_gmtime_adj(X509_getm_notBefore(certificate), begin);
  X509_gmtime_adj(X509_getm_notAfter(certificate), end);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("own"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  EXPECT_GT(X509_sign(certificate, key, digest), 0);
  Files files{folder.path("own.crt"), folder.path("own.key")};
  FILE* file = std::fopen(files.certificate.c_str(), "w");
  PEM_write_X509(file, certificate);
  std::fclose(file);
  file = std::fopen(files.key.c_str(), "w");
  PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return files;
}

class TlsProbeTest : public testing::Test {
 protected:
  TlsProbeTest() {
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes with write
    const auto issued = authority.issue("server", "DNS:broker.home,IP:192.0.2.7");
    files = {issued.certificate, issued.key};
    options.server_name = "broker.home";
    options.ca_file = authority.ca;
  }
  Authority authority;
  Files files;
  TlsProbeOptions options;
};

TEST_F(TlsProbeTest, EveryVersionCanBeOfferedAlone) {
  constexpr std::array<std::pair<OfferedTls, const char*>, 5> versions{{
      {OfferedTls::any, "TLSv1.3"},
      {OfferedTls::tls_1_0, "TLSv1"},
      {OfferedTls::tls_1_1, "TLSv1.1"},
      {OfferedTls::tls_1_2, "TLSv1.2"},
      {OfferedTls::tls_1_3, "TLSv1.3"},
  }};
  for (const auto& [version, name] : versions) {
    options.version = version;
    const TlsProbe seen = probe(files, options);
    EXPECT_EQ(seen.outcome, Outcome::agreed) << name;
    EXPECT_EQ(seen.version, name);
    EXPECT_FALSE(seen.asks_for_certificate) << name;
  }
}

TEST_F(TlsProbeTest, AVersionThatIsNotSpokenIsRefused) {
  for (const OfferedTls version : {OfferedTls::tls_1_0, OfferedTls::tls_1_1, OfferedTls::tls_1_2}) {
    options.version = version;
    EXPECT_EQ(probe(files, options, {.min_version = TLS1_3_VERSION}).outcome, Outcome::refused);
  }
  options.version = OfferedTls::tls_1_3;
  EXPECT_EQ(probe(files, options, {.max_version = TLS1_2_VERSION}).outcome, Outcome::refused);
}

TEST_F(TlsProbeTest, WhatTheCertificateSays) {
  const TlsProbe seen = probe(files, options);
  ASSERT_TRUE(seen.certificate.has_value());
  const CertificateFacts& facts = *seen.certificate;
  EXPECT_EQ(facts.subject, "CN=server,O=Peal");
  EXPECT_EQ(facts.issuer, "CN=Peal Test CA,O=Peal");
  EXPECT_EQ(facts.names, (std::vector<std::string>{"broker.home", "192.0.2.7"}));
  EXPECT_EQ(facts.key, "EC, 256 bits");
  EXPECT_EQ(facts.signature, "SHA256");
  EXPECT_EQ(facts.distrust, "");
  EXPECT_TRUE(facts.is_for_server);
  EXPECT_FALSE(facts.is_self_signed || facts.is_weak_key || facts.is_weak_signature);
  const auto now = std::chrono::system_clock::now();
  EXPECT_LT(now - facts.valid_from, 62min);
  EXPECT_LT(facts.valid_until - now, 62min);
  EXPECT_LT(facts.valid_from, now);
  EXPECT_GT(facts.valid_until, now);
}

TEST_F(TlsProbeTest, ForWhomTheCertificateIs) {
  for (const auto& [name, is_for_it] : {std::pair{"broker.home", true},
                                        {"192.0.2.7", true},
                                        {"other.home", false},
                                        {"192.0.2.8", false}}) {
    options.server_name = name;
    const TlsProbe seen = probe(files, options);
    ASSERT_TRUE(seen.certificate.has_value()) << name;
    EXPECT_EQ(seen.certificate->is_for_server, is_for_it) << name;
  }
}

TEST_F(TlsProbeTest, WhoIsNotBelieved) {
  options.ca_file.clear();
  const TlsProbe seen = probe(files, options);
  ASSERT_TRUE(seen.certificate.has_value());
  EXPECT_NE(seen.certificate->distrust, "");
  options.ca_file = "/nowhere";
  EXPECT_NE(probe(files, options).certificate->distrust, "");
}

TEST_F(TlsProbeTest, AnOldWeakCertificateThatSignsItself) {
  files = own_certificate(authority, EVP_RSA_gen(1024), EVP_sha1(), -7200, -3600);
  options.ca_file = files.certificate;
  const TlsProbe seen = probe(files, options);
  ASSERT_TRUE(seen.certificate.has_value());
  const CertificateFacts& facts = *seen.certificate;
  EXPECT_EQ(facts.key, "RSA, 1024 bits");
  EXPECT_EQ(facts.signature, "SHA1");
  EXPECT_TRUE(facts.is_weak_key && facts.is_self_signed);
  EXPECT_FALSE(facts.is_weak_signature);
  EXPECT_LT(facts.valid_until, std::chrono::system_clock::now());
  // That it is too old is said by its time alone.
  EXPECT_EQ(facts.distrust, "");
}

TEST_F(TlsProbeTest, AClientCertificateThatIsAskedForIsNoted) {
  EXPECT_TRUE(probe(files, options, {.client_ca = authority.ca}).asks_for_certificate);
}

TEST(TlsProbe, WhatIsNoTls) {
  EXPECT_EQ(probe_answered("").outcome, Outcome::no_tls);
  EXPECT_EQ(probe_answered("HTTP/1.1 400 Bad Request\r\n\r\n").outcome, Outcome::no_tls);
  EXPECT_EQ(probe_answered(std::string(4096, 'x'), false).outcome, Outcome::no_tls);
  EXPECT_EQ(probe_answered("", false).outcome, Outcome::silent);
  // An alert is TLS, whatever it says: here, handshake_failure.
  EXPECT_EQ(probe_answered(std::string("\x15\x03\x01\x00\x02\x02\x28", 7)).outcome,
            Outcome::refused);
}

}  // namespace
}  // namespace peal::net
