#include "peal/auth/transport_source.hpp"

#include <string>

namespace peal::auth {

namespace {

const std::string& name_of(const Credentials& who, CertificateName name) {
  switch (name) {
    case CertificateName::subject:
      return who.certificate_subject;
    case CertificateName::alternative_name:
      return who.certificate_alternative_name;
    case CertificateName::common_name:
      break;
  }
  return who.certificate_common_name;
}

Finding named(const std::string& name) {
  return name.empty() ? Finding{} : Finding::accept({.user = name, .grants = {}, .expires = {}});
}

}  // namespace

std::optional<Finding> CertificateSource::identify(const std::shared_ptr<const Credentials>& who,
                                                   GivenUp /*is_given_up*/, Done /*done*/) {
  return named(name_of(*who, name_));
}

std::optional<Finding> PskSource::identify(const std::shared_ptr<const Credentials>& who,
                                           GivenUp /*is_given_up*/, Done /*done*/) {
  return named(who->psk_identity);
}

}  // namespace peal::auth
