// The files of a certificate authority, and what they hold once they are read. For the sources of
// CertificateAuthority alone.
#pragma once

#include <algorithm>
#include <chrono>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "peal/net/certificate_authority.hpp"
#include "peal/net/x509.hpp"

namespace peal::net {

namespace authority_file {
inline constexpr std::string_view certificate = "ca.crt";
inline constexpr std::string_view key = "ca.key";
inline constexpr std::string_view server_certificate = "server.crt";
inline constexpr std::string_view server_key = "server.key";
inline constexpr std::string_view revocation_list = "crl.pem";
}  // namespace authority_file

inline constexpr std::chrono::days list_days{30};
inline constexpr std::chrono::hours clock_slack{1};  // the other side's clock may be behind

/// The authority as its files say now.
struct CertificateAuthority::Material {
  KeyPointer key;
  CertificatePointer certificate;
  RevocationListPointer revoked;

  [[nodiscard]] std::string sign_list(const std::vector<Revocation>& entries, Time now) const {
    const std::uint64_t number = revoked == nullptr ? 0 : number_of(revoked.get()).value_or(0);
    const auto list = make_revocation_list(certificate.get(), key.get(), entries, number + 1,
                                           now - clock_slack, now + list_days);
    return list == nullptr ? std::string{} : pem_of(list.get());
  }
  /// Not longer than the authority itself is believed.
  [[nodiscard]] Time until(Time end) const {
    return std::min(end, time_of(X509_get0_notAfter(certificate.get())));
  }
};

[[nodiscard]] inline std::unexpected<std::string> wrong_file(const std::string& file,
                                                             std::string_view what) {
  return std::unexpected(file + " " + std::string(what));
}

[[nodiscard]] inline std::unexpected<std::string> no_certificate_made() {
  return std::unexpected(std::string("OpenSSL could not make a certificate"));
}

}  // namespace peal::net
