#include "peal/net/x509.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <ctime>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include "peal/base/bytes.hpp"

namespace peal::net {
namespace {

struct FreeMany {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
  void operator()(GENERAL_NAME* name) const { GENERAL_NAME_free(name); }
  // Integers, times and texts are all of this type.
  void operator()(ASN1_STRING* value) const { ASN1_STRING_free(value); }
  void operator()(BIGNUM* number) const { BN_free(number); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
};
template <typename T>
using Owned = std::unique_ptr<T, FreeMany>;

constexpr std::size_t serial_bytes = 16;

Owned<ASN1_TIME> asn1_time(CertificateTime time) {
  return Owned<ASN1_TIME>(ASN1_TIME_set(nullptr, std::chrono::system_clock::to_time_t(time)));
}

/// 126 random bits: positive, and always of the same length.
Owned<BIGNUM> random_serial() {
  std::array<unsigned char, serial_bytes> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    return nullptr;
  }
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x3FU) | 0x40U);
  return Owned<BIGNUM>(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
}

bool add_extension(X509* certificate, X509V3_CTX& context, int nid, const char* value) {
  const Owned<X509_EXTENSION> extension(X509V3_EXT_nconf_nid(nullptr, &context, nid, value));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

struct ExtensionRow {
  CertificateUse use;
  int nid;
  const char* value;
};
constexpr std::array extension_rows{
    ExtensionRow{CertificateUse::authority, NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
    ExtensionRow{CertificateUse::authority, NID_key_usage, "critical,keyCertSign,cRLSign"},
    ExtensionRow{CertificateUse::server, NID_basic_constraints, "critical,CA:FALSE"},
    ExtensionRow{CertificateUse::server, NID_key_usage, "critical,digitalSignature"},
    ExtensionRow{CertificateUse::server, NID_ext_key_usage, "serverAuth"},
    ExtensionRow{CertificateUse::client, NID_basic_constraints, "critical,CA:FALSE"},
    ExtensionRow{CertificateUse::client, NID_key_usage, "critical,digitalSignature"},
    ExtensionRow{CertificateUse::client, NID_ext_key_usage, "clientAuth"},
};

bool is_dns_name(std::string_view name) {
  const auto is_fine = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  return !name.empty() && name.size() <= 253 && name.front() != '.' && name.back() != '.' &&
         name.find("..") == std::string_view::npos && std::ranges::all_of(name, is_fine);
}

bool is_email(std::string_view name) {
  const std::size_t at = name.find('@');
  const auto is_fine = [](char c) { return c > ' ' && c < 0x7F; };
  return at != std::string_view::npos && at > 0 && is_dns_name(name.substr(at + 1)) &&
         std::ranges::all_of(name, is_fine);
}

Owned<ASN1_OCTET_STRING> ip_address(std::string_view name) {
  Owned<ASN1_OCTET_STRING> bytes(a2i_IPADDRESS(std::string(name).c_str()));
  ERR_clear_error();
  return bytes;
}

/// Null: it can be none.
Owned<GENERAL_NAME> general_name(std::string_view name) {
  Owned<GENERAL_NAME> made(GENERAL_NAME_new());
  if (made == nullptr) {
    return nullptr;
  }
  if (Owned<ASN1_OCTET_STRING> address = ip_address(name)) {
    GENERAL_NAME_set0_value(made.get(), GEN_IPADD, address.release());
    return made;
  }
  Owned<ASN1_IA5STRING> text(ASN1_IA5STRING_new());
  const int type = is_email(name) ? GEN_EMAIL : is_dns_name(name) ? GEN_DNS : -1;
  if (type < 0 || text == nullptr ||
      ASN1_STRING_set(text.get(), name.data(), static_cast<int>(name.size())) != 1) {
    return nullptr;
  }
  GENERAL_NAME_set0_value(made.get(), type, text.release());
  return made;
}

bool add_alternative_names(X509* certificate, const std::vector<std::string>& names) {
  if (names.empty()) {
    return true;
  }
  const Owned<GENERAL_NAMES> list(GENERAL_NAMES_new());
  for (const std::string& name : names) {
    GENERAL_NAME* made = list == nullptr ? nullptr : general_name(name).release();
    if (made == nullptr || sk_GENERAL_NAME_push(list.get(), made) == 0) {
      GENERAL_NAME_free(made);
      return false;
    }
  }
  return X509_add1_ext_i2d(certificate, NID_subject_alt_name, list.get(), 0, X509V3_ADD_DEFAULT) ==
         1;
}

bool add_extensions(X509* certificate, const X509* issuer, const CertificateText& text) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, const_cast<X509*>(issuer), certificate, nullptr, nullptr, 0);
  for (const ExtensionRow& row : extension_rows) {
    if (row.use == text.use && !add_extension(certificate, context, row.nid, row.value)) {
      return false;
    }
  }
  return add_extension(certificate, context, NID_subject_key_identifier, "hash") &&
         add_extension(certificate, context, NID_authority_key_identifier, "keyid:always") &&
         add_alternative_names(certificate, text.alternative_names);
}

bool set_subject(X509* certificate, const std::string& common_name) {
  X509_NAME* subject = X509_get_subject_name(certificate);
  const auto add = [subject](int nid, std::string_view value) {
    return X509_NAME_add_entry_by_NID(subject, nid, MBSTRING_UTF8, as_bytes(value).data(),
                                      static_cast<int>(value.size()), -1, 0) == 1;
  };
  return add(NID_organizationName, "Peal") && add(NID_commonName, common_name);
}

bool fill(X509* certificate, const CertificateText& text, EVP_PKEY* key, const X509* issuer) {
  const Owned<BIGNUM> serial = random_serial();
  const Owned<ASN1_TIME> begins = asn1_time(text.begins);
  const Owned<ASN1_TIME> ends = asn1_time(text.ends);
  return serial != nullptr && begins != nullptr && ends != nullptr &&
         X509_set_version(certificate, X509_VERSION_3) == 1 &&
         BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate)) != nullptr &&
         X509_set1_notBefore(certificate, begins.get()) == 1 &&
         X509_set1_notAfter(certificate, ends.get()) == 1 &&
         X509_set_pubkey(certificate, key) == 1 && set_subject(certificate, text.common_name) &&
         X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1 &&
         add_extensions(certificate, issuer, text);
}

bool add_revocation(X509_CRL* list, const Revocation& revocation) {
  BIGNUM* number = nullptr;
  if (BN_hex2bn(&number, revocation.serial.c_str()) == 0) {
    return false;
  }
  const Owned<BIGNUM> owned(number);
  const Owned<ASN1_INTEGER> serial(BN_to_ASN1_INTEGER(number, nullptr));
  const Owned<ASN1_TIME> when = asn1_time(revocation.when);
  X509_REVOKED* entry = X509_REVOKED_new();
  const bool is_added = serial != nullptr && when != nullptr && entry != nullptr &&
                        X509_REVOKED_set_serialNumber(entry, serial.get()) == 1 &&
                        X509_REVOKED_set_revocationDate(entry, when.get()) == 1 &&
                        X509_CRL_add0_revoked(list, entry) == 1;
  if (!is_added) {
    X509_REVOKED_free(entry);
  }
  return is_added;
}

bool add_list_extensions(X509_CRL* list, const X509* issuer, std::uint64_t number) {
  const Owned<ASN1_INTEGER> count(ASN1_INTEGER_new());
  if (count == nullptr || ASN1_INTEGER_set_uint64(count.get(), number) != 1 ||
      X509_CRL_add1_ext_i2d(list, NID_crl_number, count.get(), 0, X509V3_ADD_DEFAULT) != 1) {
    return false;
  }
  X509V3_CTX context;
  X509V3_set_ctx(&context, const_cast<X509*>(issuer), nullptr, nullptr, list, 0);
  const Owned<X509_EXTENSION> key_id(
      X509V3_EXT_nconf_nid(nullptr, &context, NID_authority_key_identifier, "keyid:always"));
  return key_id != nullptr && X509_CRL_add_ext(list, key_id.get(), -1) == 1;
}

std::string hex_of(const ASN1_INTEGER* number) {
  const Owned<BIGNUM> value(ASN1_INTEGER_to_BN(number, nullptr));
  char* digits = value != nullptr ? BN_bn2hex(value.get()) : nullptr;
  std::string text = digits != nullptr ? digits : "";
  OPENSSL_free(digits);
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

template <typename Write>
std::string pem(const Write& write) {
  const Owned<BIO> bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || write(bio.get()) != 1) {
    ERR_clear_error();
    return {};
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

Owned<BIO> reader_of(std::string_view text) {
  return Owned<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// Instead of a question on the terminal.
int no_password(char* /*place*/, int /*size*/, int /*writing*/, void* /*argument*/) { return -1; }

std::string address_text(const ASN1_OCTET_STRING* bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int size = ASN1_STRING_length(bytes);
  const int family = size == 4 ? AF_INET : size == 16 ? AF_INET6 : AF_UNSPEC;
  if (family == AF_UNSPEC ||
      inet_ntop(family, ASN1_STRING_get0_data(bytes), text.data(), text.size()) == nullptr) {
    return {};
  }
  return text.data();
}

std::string text_of(const GENERAL_NAME* name) {
  if (name->type == GEN_IPADD) {
    return address_text(name->d.iPAddress);
  }
  if (name->type != GEN_DNS && name->type != GEN_EMAIL && name->type != GEN_URI) {
    return {};
  }
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.ia5)),
          static_cast<std::size_t>(ASN1_STRING_length(name->d.ia5))};
}

}  // namespace

KeyPointer make_key() {
  KeyPointer key(EVP_EC_gen("P-256"));
  ERR_clear_error();
  return key;
}

CertificatePointer make_certificate(const CertificateText& text, EVP_PKEY* key, const X509* issuer,
                                    EVP_PKEY* issuer_key) {
  CertificatePointer certificate(X509_new());
  const bool is_made =
      certificate != nullptr &&
      fill(certificate.get(), text, key, issuer != nullptr ? issuer : certificate.get()) &&
      X509_sign(certificate.get(), issuer != nullptr ? issuer_key : key, EVP_sha256()) > 0;
  ERR_clear_error();
  return is_made ? std::move(certificate) : nullptr;
}

RevocationListPointer make_revocation_list(const X509* issuer, EVP_PKEY* issuer_key,
                                           const std::vector<Revocation>& revoked,
                                           std::uint64_t number, CertificateTime begins,
                                           CertificateTime ends) {
  RevocationListPointer list(X509_CRL_new());
  const Owned<ASN1_TIME> first = asn1_time(begins);
  const Owned<ASN1_TIME> last = asn1_time(ends);
  bool is_made = list != nullptr && first != nullptr && last != nullptr &&
                 X509_CRL_set_version(list.get(), X509_CRL_VERSION_2) == 1 &&
                 X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(issuer)) == 1 &&
                 X509_CRL_set1_lastUpdate(list.get(), first.get()) == 1 &&
                 X509_CRL_set1_nextUpdate(list.get(), last.get()) == 1 &&
                 std::ranges::all_of(revoked, [&](const Revocation& each) {
                   return add_revocation(list.get(), each);
                 });
  is_made = is_made && add_list_extensions(list.get(), issuer, number) &&
            X509_CRL_sort(list.get()) == 1 &&
            X509_CRL_sign(list.get(), issuer_key, EVP_sha256()) > 0;
  ERR_clear_error();
  return is_made ? std::move(list) : nullptr;
}

std::string pem_of(const X509* certificate) {
  return pem([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
}

std::string pem_of(const X509_CRL* list) {
  return pem([&](BIO* bio) { return PEM_write_bio_X509_CRL(bio, list); });
}

std::string pem_of(const EVP_PKEY* key) {
  return pem([&](BIO* bio) {
    return PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  });
}

CertificatePointer parse_certificate(std::string_view pem) {
  CertificatePointer certificate(
      PEM_read_bio_X509(reader_of(pem).get(), nullptr, &no_password, nullptr));
  ERR_clear_error();
  return certificate;
}

RevocationListPointer parse_revocation_list(std::string_view pem) {
  RevocationListPointer list(
      PEM_read_bio_X509_CRL(reader_of(pem).get(), nullptr, &no_password, nullptr));
  ERR_clear_error();
  return list;
}

KeyPointer parse_key(std::string_view pem) {
  KeyPointer key(PEM_read_bio_PrivateKey(reader_of(pem).get(), nullptr, &no_password, nullptr));
  ERR_clear_error();
  return key;
}

bool is_alternative_name(std::string_view name) { return general_name(name) != nullptr; }

std::vector<std::string> alternative_names_of(const X509* certificate) {
  const Owned<GENERAL_NAMES> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::vector<std::string> texts;
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    if (std::string text = text_of(sk_GENERAL_NAME_value(names.get(), i)); !text.empty()) {
      texts.push_back(std::move(text));
    }
  }
  ERR_clear_error();
  return texts;
}

std::string serial_of(const X509* certificate) {
  return hex_of(X509_get0_serialNumber(certificate));
}

std::string fingerprint_of(const X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &size) != 1) {
    ERR_clear_error();
    return {};
  }
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string text;
  for (const unsigned char byte : Bytes(digest).first(size)) {
    text += text.empty() ? "" : ":";
    text += digits[byte >> 4U];
    text += digits[byte & 0xFU];
  }
  return text;
}

CertificateTime time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) {
    ERR_clear_error();
    return {};
  }
  return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

std::optional<std::uint64_t> number_of(const X509_CRL* list) {
  const Owned<ASN1_INTEGER> number(
      static_cast<ASN1_INTEGER*>(X509_CRL_get_ext_d2i(list, NID_crl_number, nullptr, nullptr)));
  std::uint64_t value = 0;
  const bool is_read = number != nullptr && ASN1_INTEGER_get_uint64(&value, number.get()) == 1;
  ERR_clear_error();
  return is_read ? std::optional(value) : std::nullopt;
}

std::vector<Revocation> revocations_of(X509_CRL* list) {
  std::vector<Revocation> found;
  STACK_OF(X509_REVOKED)* entries = X509_CRL_get_REVOKED(list);
  for (int i = 0; i < sk_X509_REVOKED_num(entries); ++i) {
    const X509_REVOKED* entry = sk_X509_REVOKED_value(entries, i);
    found.push_back({.serial = hex_of(X509_REVOKED_get0_serialNumber(entry)),
                     .when = time_of(X509_REVOKED_get0_revocationDate(entry))});
  }
  return found;
}

}  // namespace peal::net
