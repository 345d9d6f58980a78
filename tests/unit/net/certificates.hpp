// A certificate authority made by the test, in a folder that goes with it.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <memory>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string>
#include <vector>

#include "support/temporary_folder.hpp"

namespace peal::net {

class Authority {
 public:
  /// Files of one certificate.
  struct Issued {
    std::string certificate;
    std::string key;
    long serial = 0;
  };

  Authority() {
    key_ = EVP_EC_gen("P-256");
    certificate_ = make("Peal Test CA", key_, "", nullptr);
    ca = write_certificate("ca", certificate_);
  }
  ~Authority() {
    X509_free(certificate_);
    EVP_PKEY_free(key_);
  }
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;

  /// `alternative_names`   as OpenSSL writes them: "DNS:localhost,IP:127.0.0.1".
  Issued issue(const std::string& common_name, const std::string& alternative_names = "") {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = make(common_name, key, alternative_names, certificate_);
    const std::string stem = "issued" + std::to_string(serial_);
    Issued issued{write_certificate(stem, certificate), (folder_ / (stem + ".key")).string(),
                  serial_};
    FILE* file = std::fopen(issued.key.c_str(), "w");
    PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return issued;
  }

  /// A revocation list with these serial numbers.
  std::string revoke(const std::vector<long>& serials) {
    X509_CRL* list = X509_CRL_new();
    X509_CRL_set_version(list, 1);
    X509_CRL_set_issuer_name(list, X509_get_subject_name(certificate_));
    ASN1_TIME* now = X509_gmtime_adj(nullptr, -60);
    X509_CRL_set1_lastUpdate(list, now);
    X509_gmtime_adj(now, 3600);
    X509_CRL_set1_nextUpdate(list, now);
    for (const long serial : serials) {
      X509_REVOKED* entry = X509_REVOKED_new();
      ASN1_INTEGER* number = ASN1_INTEGER_new();
      ASN1_INTEGER_set(number, serial);
      X509_REVOKED_set_serialNumber(entry, number);
      ASN1_TIME* when = X509_gmtime_adj(nullptr, -60);
      X509_REVOKED_set_revocationDate(entry, when);
      ASN1_TIME_free(when);
      ASN1_INTEGER_free(number);
      X509_CRL_add0_revoked(list, entry);
    }
    ASN1_TIME_free(now);
    X509_CRL_sort(list);
    X509_CRL_sign(list, key_, EVP_sha256());
    const std::string path = folder_ / "revoked.pem";
    FILE* file = std::fopen(path.c_str(), "w");
    PEM_write_X509_CRL(file, list);
    std::fclose(file);
    X509_CRL_free(list);
    return path;
  }

  [[nodiscard]] std::string path(const std::string& name) const {
    return (folder_ / name).string();
  }

  std::string ca;  // the authority's own certificate

 private:
  static void add_extension(X509* certificate, int nid, const std::string& value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
    ASSERT_NE(extension, nullptr);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }

  X509* make(const std::string& common_name, EVP_PKEY* key, const std::string& alternative_names,
             X509* issuer) {
    X509* certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial_);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME* name = X509_get_subject_name(certificate);
    const auto add = [name](const char* field, const std::string& text) {
      X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(text.data()),
                                 static_cast<int>(text.size()), -1, 0);
    };
    add("O", "Peal");
    add("CN", common_name);
    X509_set_issuer_name(certificate, issuer == nullptr ? name : X509_get_subject_name(issuer));
    if (issuer == nullptr) {
      add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE");
      add_extension(certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
    } else if (!alternative_names.empty()) {
      add_extension(certificate, NID_subject_alt_name, alternative_names);
    }
    X509_sign(certificate, key_, EVP_sha256());
    return certificate;
  }

  std::string write_certificate(const std::string& stem, X509* certificate) {
    const std::string path = (folder_ / (stem + ".crt")).string();
    FILE* file = std::fopen(path.c_str(), "w");
    PEM_write_X509(file, certificate);
    std::fclose(file);
    return path;
  }

  test::TemporaryFolder folder_;
  EVP_PKEY* key_ = nullptr;
  X509* certificate_ = nullptr;
  long serial_ = 0;
};

}  // namespace peal::net
