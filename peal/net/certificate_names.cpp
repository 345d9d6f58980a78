#include "peal/net/certificate_names.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <optional>

namespace peal::net {
namespace {

struct FreeNames {
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};
struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};

/// A form of UTF-8: what its first byte looks like, and the characters that need so many bytes.
struct Form {
  std::uint8_t mask;
  std::uint8_t first;
  std::size_t more;
  std::uint32_t least;
};
constexpr std::array forms{Form{0x80, 0x00, 0, 0x00}, Form{0xE0, 0xC0, 1, 0x80},
                           Form{0xF0, 0xE0, 2, 0x800}, Form{0xF8, 0xF0, 3, 0x10000}};

bool is_clean_character(std::uint32_t character) {
  const bool is_control = character < 0x20 || (character >= 0x7F && character < 0xA0);
  const bool is_surrogate = character >= 0xD800 && character < 0xE000;
  return !is_control && !is_surrogate && character <= 0x10FFFF;
}

/// Takes one character off `text`; false when it is not clean.
bool take_clean_character(std::string_view& text) {
  const auto byte_at = [&](std::size_t at) { return static_cast<std::uint8_t>(text[at]); };
  const auto form = std::ranges::find_if(
      forms, [&](const Form& one) { return (byte_at(0) & one.mask) == one.first; });
  if (form == forms.end() || text.size() <= form->more) {
    return false;
  }
  std::uint32_t character = byte_at(0) & static_cast<std::uint8_t>(~form->mask);
  for (std::size_t i = 1; i <= form->more; ++i) {
    if ((byte_at(i) & 0xC0U) != 0x80U) {
      return false;
    }
    character = (character << 6U) | (byte_at(i) & 0x3FU);
  }
  text.remove_prefix(form->more + 1);
  return character >= form->least && is_clean_character(character);
}

/// The text in UTF-8; nothing when it is no clean text, or no text.
std::optional<std::string> clean_text_of(const ASN1_STRING* string) {
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, string);
  if (size < 0) {
    ERR_clear_error();
    return std::nullopt;
  }
  std::string text(reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(size));
  OPENSSL_free(utf8);
  return is_clean_text(text) ? std::optional(std::move(text)) : std::nullopt;
}

const ASN1_STRING* text_of(const GENERAL_NAME* name) {
  const bool is_text = name->type == GEN_DNS || name->type == GEN_EMAIL || name->type == GEN_URI;
  return is_text ? name->d.ia5 : nullptr;
}

}  // namespace

bool is_clean_text(std::string_view text) {
  while (!text.empty()) {
    if (!take_clean_character(text)) {
      return false;
    }
  }
  return true;
}

std::string subject_of(const x509_st* certificate) {
  const X509_NAME* subject = X509_get_subject_name(certificate);
  for (int i = 0; i < X509_NAME_entry_count(subject); ++i) {
    if (!clean_text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, i)))) {
      return {};
    }
  }
  const std::unique_ptr<BIO, FreeBio> text(BIO_new(BIO_s_mem()));
  if (text == nullptr || X509_NAME_print_ex(text.get(), subject, 0, XN_FLAG_RFC2253) < 0) {
    ERR_clear_error();
    return {};
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(text.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string common_name_of(const x509_st* certificate) {
  const X509_NAME* subject = X509_get_subject_name(certificate);
  int last = -1;
  for (int next = -1; (next = X509_NAME_get_index_by_NID(subject, NID_commonName, next)) >= 0;) {
    last = next;
  }
  return last < 0 ? std::string{}
                  : clean_text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, last)))
                        .value_or("");
}

std::string alternative_name_of(const x509_st* certificate) {
  const std::unique_ptr<GENERAL_NAMES, FreeNames> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    if (const ASN1_STRING* text = text_of(sk_GENERAL_NAME_value(names.get(), i))) {
      return clean_text_of(text).value_or("");
    }
  }
  ERR_clear_error();
  return {};
}

}  // namespace peal::net
