// Certificates, keys and revocation lists in memory: what they say, and that they come back from
// PEM as they were.
#include "peal/net/x509.hpp"

#include <gtest/gtest.h>
#include <set>

namespace peal::net {
namespace {

using std::chrono::days;
using std::chrono::hours;

class X509Test : public testing::Test {
 protected:
  // Certificates count in seconds.
  const CertificateTime now =
      std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const KeyPointer ca_key = make_key();
  const CertificatePointer ca = make_certificate({.common_name = "CA",
                                                  .alternative_names = {},
                                                  .use = CertificateUse::authority,
                                                  .begins = now,
                                                  .ends = now + days(10)},
                                                 ca_key.get(), nullptr, nullptr);
  [[nodiscard]] CertificatePointer issue(CertificateUse use, std::vector<std::string> names) const {
    const KeyPointer key = make_key();
    return make_certificate({.common_name = "bell",
                             .alternative_names = std::move(names),
                             .use = use,
                             .begins = now,
                             .ends = now + days(1)},
                            key.get(), ca.get(), ca_key.get());
  }
  static bool is_critical(const X509* certificate, int nid) {
    const int at = X509_get_ext_by_NID(certificate, nid, -1);
    return at >= 0 && X509_EXTENSION_get_critical(X509_get_ext(certificate, at)) == 1;
  }
};

TEST_F(X509Test, an_authority_signs_and_nothing_else) {
  ASSERT_NE(ca, nullptr);
  EXPECT_EQ(X509_check_ca(ca.get()), 1);
  EXPECT_EQ(X509_get_pathlen(ca.get()), 0);
  EXPECT_EQ(X509_get_key_usage(ca.get()), std::uint32_t{KU_KEY_CERT_SIGN | KU_CRL_SIGN});
  EXPECT_TRUE(is_critical(ca.get(), NID_basic_constraints));
  EXPECT_TRUE(is_critical(ca.get(), NID_key_usage));
  EXPECT_EQ(X509_verify(ca.get(), ca_key.get()), 1);
  EXPECT_NE(X509_get0_subject_key_id(ca.get()), nullptr);
}

TEST_F(X509Test, others_say_what_they_are_for) {
  for (const auto& [use, extended] :
       {std::pair{CertificateUse::server, std::uint32_t{XKU_SSL_SERVER}},
        std::pair{CertificateUse::client, std::uint32_t{XKU_SSL_CLIENT}}}) {
    const CertificatePointer made = issue(use, {"bell.example", "192.0.2.1", "2001:db8::1"});
    ASSERT_NE(made, nullptr);
    EXPECT_EQ(X509_get_extended_key_usage(made.get()), extended);
    EXPECT_EQ(X509_get_key_usage(made.get()), std::uint32_t{KU_DIGITAL_SIGNATURE});
    EXPECT_EQ(X509_check_ca(made.get()), 0);
    EXPECT_TRUE(is_critical(made.get(), NID_basic_constraints));
    EXPECT_EQ(X509_verify(made.get(), ca_key.get()), 1);
    EXPECT_EQ(X509_check_issued(const_cast<X509*>(ca.get()), made.get()), X509_V_OK);
    ASSERT_NE(X509_get0_authority_key_id(made.get()), nullptr);
    EXPECT_EQ(ASN1_OCTET_STRING_cmp(X509_get0_authority_key_id(made.get()),
                                    X509_get0_subject_key_id(ca.get())),
              0);
    EXPECT_EQ(alternative_names_of(made.get()),
              (std::vector<std::string>{"bell.example", "192.0.2.1", "2001:db8::1"}));
    EXPECT_EQ(time_of(X509_get0_notBefore(made.get())), now);
    EXPECT_EQ(time_of(X509_get0_notAfter(made.get())), now + days(1));
  }
}

TEST_F(X509Test, tells_names_from_what_is_none) {
  for (const char* name : {"localhost", "a_b.example", "192.0.2.1", "::1", "me@example.com"}) {
    EXPECT_TRUE(is_alternative_name(name)) << name;
  }
  for (const std::string& name :
       {std::string(), std::string("a b"), std::string(".a"), std::string("a."),
        std::string("a..b"), std::string("a/b"), std::string("J\xC3\xB6rg"), std::string("@a"),
        std::string("a@"), std::string("DNS:a,IP:1"), std::string("a\0b", 3),
        std::string(254, 'a')}) {
    EXPECT_FALSE(is_alternative_name(name)) << name;
  }
  EXPECT_EQ(issue(CertificateUse::client, {"a b"}), nullptr);
}

TEST_F(X509Test, serial_numbers_are_long_and_differ) {
  std::set<std::string> seen;
  for (int i = 0; i < 20; ++i) {
    const std::string serial = serial_of(issue(CertificateUse::client, {}).get());
    EXPECT_EQ(serial.size(), 32U);
    EXPECT_EQ(serial.find_first_not_of("0123456789abcdef"), std::string::npos);
    seen.insert(serial);
  }
  EXPECT_EQ(seen.size(), 20U);
}

TEST_F(X509Test, comes_back_from_pem) {
  const CertificatePointer read = parse_certificate(pem_of(ca.get()));
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(X509_cmp(read.get(), ca.get()), 0);
  EXPECT_EQ(fingerprint_of(read.get()), fingerprint_of(ca.get()));
  EXPECT_EQ(fingerprint_of(read.get()).size(), 95U);
  const KeyPointer key = parse_key(pem_of(ca_key.get()));
  ASSERT_NE(key, nullptr);
  EXPECT_EQ(EVP_PKEY_eq(key.get(), ca_key.get()), 1);
  const std::string half = pem_of(ca.get()).substr(0, 200);
  EXPECT_EQ(parse_certificate(half), nullptr);
  EXPECT_EQ(parse_certificate(""), nullptr);
  EXPECT_EQ(parse_key("nonsense"), nullptr);
  EXPECT_EQ(parse_revocation_list(pem_of(ca.get())), nullptr);
}

TEST_F(X509Test, a_revocation_list_has_entries_and_a_number) {
  const std::string one = serial_of(issue(CertificateUse::client, {}).get());
  const std::string other = serial_of(issue(CertificateUse::client, {}).get());
  const auto list = make_revocation_list(
      ca.get(), ca_key.get(), {{one, now - hours(1)}, {other, now}}, 7, now, now + days(3));
  ASSERT_NE(list, nullptr);
  const auto read = parse_revocation_list(pem_of(list.get()));
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(X509_CRL_verify(read.get(), ca_key.get()), 1);
  EXPECT_EQ(number_of(read.get()), 7U);
  EXPECT_EQ(time_of(X509_CRL_get0_nextUpdate(read.get())), now + days(3));
  std::set<std::string> serials;
  for (const Revocation& entry : revocations_of(read.get())) {
    EXPECT_EQ(entry.when, entry.serial == one ? now - hours(1) : now);
    serials.insert(entry.serial);
  }
  EXPECT_EQ(serials, (std::set<std::string>{one, other}));
  EXPECT_EQ(make_revocation_list(ca.get(), ca_key.get(), {{"xyz", now}}, 1, now, now), nullptr);
}

}  // namespace
}  // namespace peal::net
