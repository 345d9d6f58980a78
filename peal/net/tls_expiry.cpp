#include "peal/net/tls_expiry.hpp"

#include <openssl/ssl.h>
#include <optional>

#include "peal/net/x509.hpp"

namespace peal::net {

TlsExpiry expiry_of_certificate(const SSL_CTX* context, const std::string& file) {
  return {.kind = TlsExpiry::Kind::certificate,
          .file = file,
          .ends = time_of(X509_get0_notAfter(SSL_CTX_get0_certificate(context)))};
}

void add_expiries_of_store(std::vector<TlsExpiry>& all, const SSL_CTX* context,
                           const std::string& ca_file, const std::string& list_file) {
  std::optional<TlsExpiry> ca;
  std::optional<TlsExpiry> list;
  const auto take = [](std::optional<TlsExpiry>& first, const TlsExpiry& found) {
    if (!first || found.ends < first->ends) {
      first = found;
    }
  };
  const STACK_OF(X509_OBJECT)* objects = X509_STORE_get0_objects(SSL_CTX_get_cert_store(context));
  for (int i = 0; i < sk_X509_OBJECT_num(objects); ++i) {
    const X509_OBJECT* object = sk_X509_OBJECT_value(objects, i);
    if (X509_OBJECT_get_type(object) == X509_LU_X509) {
      take(ca, {.kind = TlsExpiry::Kind::client_ca,
                .file = ca_file,
                .ends = time_of(X509_get0_notAfter(X509_OBJECT_get0_X509(object)))});
    } else if (X509_CRL* revoked = X509_OBJECT_get0_X509_CRL(const_cast<X509_OBJECT*>(object));
               revoked != nullptr && X509_CRL_get0_nextUpdate(revoked) != nullptr) {
      take(list, {.kind = TlsExpiry::Kind::revocation_list,
                  .file = list_file,
                  .ends = time_of(X509_CRL_get0_nextUpdate(revoked))});
    }
  }
  for (const auto& found : {ca, list}) {
    if (found) {
      all.push_back(*found);
    }
  }
}

}  // namespace peal::net
