// Names that certificates carry: what counts as one, and what is none because it could be read in
// two ways.
#include "peal/net/certificate_names.hpp"

#include <gtest/gtest.h>

#include "peal/base/bytes.hpp"
#include "peal/net/x509.hpp"

namespace peal::net {
namespace {

using namespace std::string_view_literals;

struct Entry {
  int nid;
  int type;
  std::string_view value;
};

/// Not signed: names only.
CertificatePointer with_subject(const std::vector<Entry>& entries) {
  CertificatePointer certificate(X509_new());
  for (const Entry& entry : entries) {
    EXPECT_EQ(X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate.get()), entry.nid,
                                         entry.type, as_bytes(entry.value).data(),
                                         static_cast<int>(entry.value.size()), -1, 0),
              1);
  }
  return certificate;
}

CertificatePointer with_alternatives(const std::vector<std::pair<int, std::string_view>>& names) {
  CertificatePointer certificate(X509_new());
  GENERAL_NAMES* list = GENERAL_NAMES_new();
  for (const auto& [type, value] : names) {
    GENERAL_NAME* name = GENERAL_NAME_new();
    ASN1_STRING* text = type == GEN_IPADD ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();
    ASN1_STRING_set(text, value.data(), static_cast<int>(value.size()));
    GENERAL_NAME_set0_value(name, type, text);
    sk_GENERAL_NAME_push(list, name);
  }
  EXPECT_EQ(X509_add1_ext_i2d(certificate.get(), NID_subject_alt_name, list, 0, 0), 1);
  GENERAL_NAMES_free(list);
  return certificate;
}

TEST(CleanText, is_utf8_without_controls) {
  for (const std::string_view text :
       {""sv, "a"sv, "bell-1"sv, "\xC2\xA0"sv, "J\xC3\xB6rg"sv, "\xE2\x82\xAC"sv, "\xED\x9F\xBF"sv,
        "\xEE\x80\x80"sv, "\xF0\x9F\x94\x94"sv, "\xF4\x8F\xBF\xBF"sv}) {
    EXPECT_TRUE(is_clean_text(text)) << text;
  }
  for (const std::string_view text : {"\0"sv,
                                      "a\0b"sv,
                                      "a\n"sv,
                                      "\x1b[2J"sv,
                                      "\x7F"sv,
                                      "\xC2\x80"sv,
                                      "\xC2\x9F"sv,
                                      "\x80"sv,
                                      "\xC3"sv,
                                      "\xC0\x80"sv,
                                      "\xC1\xBF"sv,
                                      "\xE0\x80\x80"sv,
                                      "\xE0\x9F\xBF"sv,
                                      "\xED\xA0\x80"sv,
                                      "\xED\xBF\xBF"sv,
                                      "\xF0\x8F\xBF\xBF"sv,
                                      "\xF4\x90\x80\x80"sv,
                                      "\xF8\x88\x80\x80\x80"sv,
                                      "\xE2\x82"sv,
                                      "\xE2\x28\xA1"sv,
                                      "\xFF"sv}) {
    EXPECT_FALSE(is_clean_text(text)) << as_bytes(text).size();
  }
}

TEST(CertificateNames, takes_the_last_common_name) {
  const auto certificate = with_subject({{NID_organizationName, MBSTRING_UTF8, "Peal"},
                                         {NID_commonName, MBSTRING_UTF8, "outer"},
                                         {NID_commonName, MBSTRING_UTF8, "J\xC3\xB6rg"}});
  EXPECT_EQ(common_name_of(certificate.get()), "J\xC3\xB6rg");
  EXPECT_EQ(subject_of(certificate.get()), "CN=J\\C3\\B6rg,CN=outer,O=Peal");
  EXPECT_EQ(common_name_of(with_subject({}).get()), "");
  EXPECT_EQ(subject_of(with_subject({}).get()), "");
}

TEST(CertificateNames, reads_other_encodings) {
  const auto latin = with_subject({{NID_commonName, V_ASN1_T61STRING, "J\xF6rg"}});
  EXPECT_EQ(common_name_of(latin.get()), "J\xC3\xB6rg");
  const auto wide = with_subject({{NID_commonName, V_ASN1_BMPSTRING, "\0a\0b"sv}});
  EXPECT_EQ(common_name_of(wide.get()), "ab");
}

TEST(CertificateNames, has_none_where_one_could_be_read_in_two_ways) {
  for (const std::string_view name :
       {"admin\0.evil"sv, "admin\n"sv, "\x1b[2J"sv, "admin\xC2\x85"sv, "\xFF"sv, "\xC0\x80"sv}) {
    const auto certificate = with_subject(
        {{NID_organizationName, MBSTRING_UTF8, "Peal"}, {NID_commonName, V_ASN1_UTF8STRING, name}});
    EXPECT_EQ(common_name_of(certificate.get()), "");
    EXPECT_EQ(subject_of(certificate.get()), "");
  }
  const auto other = with_subject({{NID_organizationName, V_ASN1_UTF8STRING, "a\0b"sv},
                                   {NID_commonName, MBSTRING_UTF8, "bell"}});
  EXPECT_EQ(common_name_of(other.get()), "bell");
  EXPECT_EQ(subject_of(other.get()), "");
}

TEST(CertificateNames, takes_the_first_alternative_name_that_is_a_text) {
  EXPECT_EQ(alternative_name_of(
                with_alternatives({{GEN_IPADD, "\x7F\0\0\1"sv}, {GEN_DNS, "bell.example"}}).get()),
            "bell.example");
  EXPECT_EQ(
      alternative_name_of(
          with_alternatives({{GEN_EMAIL, "bell@example.com"}, {GEN_DNS, "other.example"}}).get()),
      "bell@example.com");
  EXPECT_EQ(alternative_name_of(with_alternatives({{GEN_URI, "urn:bell:1"}}).get()), "urn:bell:1");
  EXPECT_EQ(alternative_name_of(with_alternatives({{GEN_IPADD, "\x7F\0\0\1"sv}}).get()), "");
  EXPECT_EQ(alternative_name_of(with_subject({}).get()), "");
  // What is wrong with the first is not made good by the second.
  for (const std::string_view name : {"admin\0.evil"sv, "a\nb"sv, "\x7F"sv}) {
    EXPECT_EQ(alternative_name_of(with_alternatives({{GEN_DNS, name}, {GEN_DNS, "bell"}}).get()),
              "");
  }
}

}  // namespace
}  // namespace peal::net
