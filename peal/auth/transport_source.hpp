// What TLS has proved already as a source of identity: a client certificate that was verified, or a
// pre-shared key. A user name in CONNECT is not looked at then.
#pragma once

#include <cstdint>

#include "peal/auth/identity_source.hpp"

namespace peal::auth {

/// Which name of a certificate is the user's.
enum class CertificateName : std::uint8_t { common_name, subject, alternative_name };

class CertificateSource final : public IdentitySource {
 public:
  explicit CertificateSource(CertificateName name) : name_(name) {}
  /// Who has no certificate, or one without such a name, is another source's.
  [[nodiscard]] std::optional<Finding> identify(const std::shared_ptr<const Credentials>& who,
                                                GivenUp is_given_up, Done done) override;

 private:
  CertificateName name_;
};

class PskSource final : public IdentitySource {
 public:
  [[nodiscard]] std::optional<Finding> identify(const std::shared_ptr<const Credentials>& who,
                                                GivenUp is_given_up, Done done) override;
};

}  // namespace peal::auth
