// X.509 in memory: keys, certificates and revocation lists made, signed, written as PEM and read
// back. Policy - which names, how long, where kept - is the caller's (certificate_authority.hpp).
//
// What needs memory or randomness may fail, and gives null or an empty text then.    threads   any.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <openssl/x509v3.h>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace peal::net {

struct FreeX509 {
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_CRL* list) const { X509_CRL_free(list); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using CertificatePointer = std::unique_ptr<X509, FreeX509>;
using RevocationListPointer = std::unique_ptr<X509_CRL, FreeX509>;
using KeyPointer = std::unique_ptr<EVP_PKEY, FreeX509>;

using CertificateTime = std::chrono::system_clock::time_point;

enum class CertificateUse : std::uint8_t { authority, server, client };

/// What a new certificate says.
struct CertificateText {
  std::string common_name;
  std::vector<std::string> alternative_names;  // each one that `is_alternative_name` takes
  CertificateUse use = CertificateUse::client;
  CertificateTime begins;
  CertificateTime ends;
};

struct Revocation {
  std::string serial;  // as `serial_of` gives it
  CertificateTime when;
};

/// A new key on the curve P-256.
[[nodiscard]] KeyPointer make_key();
/// Signed by `issuer` with `issuer_key`; null: by itself. Its serial number is random, 32 digits.
[[nodiscard]] CertificatePointer make_certificate(const CertificateText& text, EVP_PKEY* key,
                                                  const X509* issuer, EVP_PKEY* issuer_key);
[[nodiscard]] RevocationListPointer make_revocation_list(const X509* issuer, EVP_PKEY* issuer_key,
                                                         const std::vector<Revocation>& revoked,
                                                         std::uint64_t number,
                                                         CertificateTime begins,
                                                         CertificateTime ends);

[[nodiscard]] std::string pem_of(const X509* certificate);
[[nodiscard]] std::string pem_of(const X509_CRL* list);
[[nodiscard]] std::string pem_of(const EVP_PKEY* key);  // not encrypted
[[nodiscard]] CertificatePointer parse_certificate(std::string_view pem);
[[nodiscard]] RevocationListPointer parse_revocation_list(std::string_view pem);
[[nodiscard]] KeyPointer parse_key(std::string_view pem);

/// Whether `name` can stand as a subjectAltName: an IP address, an email address, a DNS name.
[[nodiscard]] bool is_alternative_name(std::string_view name);
/// Those of `certificate` as text, IP addresses in their usual form.
[[nodiscard]] std::vector<std::string> alternative_names_of(const X509* certificate);
/// Hexadecimal, small letters.
[[nodiscard]] std::string serial_of(const X509* certificate);
/// SHA-256 of the whole, "AB:CD:...".
[[nodiscard]] std::string fingerprint_of(const X509* certificate);
[[nodiscard]] CertificateTime time_of(const ASN1_TIME* time);

/// Nothing without one.
[[nodiscard]] std::optional<std::uint64_t> number_of(const X509_CRL* list);
[[nodiscard]] std::vector<Revocation> revocations_of(X509_CRL* list);

}  // namespace peal::net
