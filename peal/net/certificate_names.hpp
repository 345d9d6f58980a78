// Who a certificate says that its owner is. Names are compared whole and byte by byte elsewhere, so
// one that could be read in two ways - with a NUL, a control character or broken UTF-8 in it - is
// no name at all.
#pragma once

#include <string>
#include <string_view>

struct x509_st;

namespace peal::net {

/// Well-formed UTF-8 (RFC 3629) without C0, DEL and C1.    cost   O(size).      threads   pure.
[[nodiscard]] bool is_clean_text(std::string_view text);

/// The subject in the form of RFC 2253; empty when one of its parts is no clean text.
[[nodiscard]] std::string subject_of(const x509_st* certificate);

/// The last common name of the subject; empty without.
[[nodiscard]] std::string common_name_of(const x509_st* certificate);

/// The first subjectAltName that is a DNS name, an email address or a URI; empty without.
[[nodiscard]] std::string alternative_name_of(const x509_st* certificate);

}  // namespace peal::net
