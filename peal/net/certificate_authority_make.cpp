// How an authority comes to be, and what of it is checked whenever it is read.
#include <algorithm>
#include <cstdint>
#include <openssl/err.h>
#include <openssl/rand.h>

#include "peal/net/authority_material.hpp"
#include "peal/net/certificate_authority.hpp"

namespace peal::net {
namespace {

using Time = CertificateAuthority::Time;
template <typename T>
using Maybe = CertificateAuthority::Maybe<T>;

constexpr std::chrono::days ca_days{3652};

/// Eight digits, to tell the authorities of several servers apart.
std::string random_digits() {
  std::uint32_t number = 0;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&number), sizeof number) != 1) {
    return {};
  }
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (unsigned i = 0; i < 8; ++i) {
    text += digits[(number >> (4 * i)) & 0xFU];
  }
  return text;
}

Maybe<void> make_missing_key(const PrivateDirectory& directory, std::string_view name) {
  if (directory.has(name)) {
    return {};
  }
  const KeyPointer key = make_key();
  const std::string pem = key == nullptr ? "" : pem_of(key.get());
  return pem.empty() ? no_certificate_made() : directory.write(name, pem);
}

}  // namespace

/// Goes on where a start was interrupted; with the lock.    returns   whether the authority is new.
Maybe<bool> CertificateAuthority::make_missing() const {
  const auto is_new = make_authority();
  if (!is_new) {
    return is_new;
  }
  const auto made = make_server();
  return made ? is_new : std::unexpected(made.error());
}

/// Key, certificate, revocation list, in this order: what comes later is a sign that what comes
/// earlier was there.    returns   whether the certificate was made now.
Maybe<bool> CertificateAuthority::make_authority() const {
  const bool is_new = !directory_.has(authority_file::certificate);
  if (is_new) {
    if (auto done = make_own_certificate(); !done) {
      return std::unexpected(done.error());
    }
  }
  if (auto done = issued_.make(); !done) {
    return std::unexpected(done.error());
  }
  // A list that was lost would make every revoked certificate good again: a new one only where
  // nothing can have been revoked yet.
  if (directory_.has(authority_file::revocation_list) ||
      directory_.has(authority_file::server_certificate)) {
    return is_new;
  }
  const auto others = issued_.names();
  const auto material = load(Wanted::what_is_there);
  if (!others || !material) {
    return std::unexpected(!others ? others.error() : material.error());
  }
  if (others->empty()) {
    const std::string pem = material->sign_list({}, options_.now());
    if (auto done = directory_.write(authority_file::revocation_list, pem); !done) {
      return std::unexpected(done.error());
    }
  }
  return is_new;
}

Maybe<void> CertificateAuthority::make_own_certificate() const {
  for (const std::string_view later :
       {authority_file::revocation_list, authority_file::server_certificate,
        authority_file::server_key}) {
    if (directory_.has(later)) {
      return wrong_file(directory_.path_of(later),
                        "is there, but no ca.crt beside it; bring ca.crt and ca.key back, or move "
                        "the whole directory away");
    }
  }
  if (auto done = make_missing_key(directory_, authority_file::key); !done) {
    return done;
  }
  const auto text = directory_.read(authority_file::key);
  const KeyPointer key = text ? parse_key(*text) : nullptr;
  if (key == nullptr) {
    return text ? wrong_file(directory_.path_of(authority_file::key), "is no key; move it away")
                : std::unexpected(text.error());
  }
  const Time now = options_.now();
  const CertificatePointer certificate =
      make_certificate({.common_name = "Peal CA " + random_digits(),
                        .alternative_names = {},
                        .use = CertificateUse::authority,
                        .begins = now - clock_slack,
                        .ends = now + ca_days},
                       key.get(), nullptr, nullptr);
  const std::string pem = certificate == nullptr ? "" : pem_of(certificate.get());
  return pem.empty() ? no_certificate_made() : directory_.write(authority_file::certificate, pem);
}

/// Key, then certificate; a new certificate, too, when the one there lacks a name.
Maybe<void> CertificateAuthority::make_server() const {
  const auto material = load();
  if (!material) {
    return std::unexpected(material.error());
  }
  if (directory_.has(authority_file::server_certificate)) {
    if (auto checked = check_server(*material); !checked) {
      return checked;
    }
    const auto text = directory_.read(authority_file::server_certificate);
    const CertificatePointer certificate = text ? parse_certificate(*text) : nullptr;
    const auto has = certificate == nullptr ? std::vector<std::string>{}
                                            : alternative_names_of(certificate.get());
    if (std::ranges::all_of(server_names(), [&](const std::string& name) {
          return std::ranges::find(has, name) != has.end();
        })) {
      return {};
    }
  } else if (auto done = make_missing_key(directory_, authority_file::server_key); !done) {
    return done;
  }
  const auto made = issue_server(*material);
  return made ? Maybe<void>{} : std::unexpected(made.error());
}

/// The authority's own files, checked.
Maybe<CertificateAuthority::Material> CertificateAuthority::load(Wanted wanted) const {
  Material material{.key = nullptr, .certificate = nullptr, .revoked = nullptr};
  const auto key = directory_.read(authority_file::key);
  const auto certificate = directory_.read(authority_file::certificate);
  if (!key || !certificate) {
    return std::unexpected(!key ? key.error() : certificate.error());
  }
  material.key = parse_key(*key);
  if (material.key == nullptr) {
    return wrong_file(directory_.path_of(authority_file::key),
                      "is no key; bring back a copy of it");
  }
  material.certificate = parse_certificate(*certificate);
  X509* const ca = material.certificate.get();
  if (ca == nullptr) {
    return wrong_file(certificate_file(), "is no certificate; bring back a copy of it");
  }
  if (X509_check_private_key(ca, material.key.get()) != 1) {
    ERR_clear_error();
    return wrong_file(directory_.path_of(authority_file::key),
                      "is not the key of ca.crt; bring back both");
  }
  if (X509_check_ca(ca) != 1 || X509_verify(ca, material.key.get()) != 1) {
    ERR_clear_error();
    return wrong_file(certificate_file(), "is not a certificate of ours; move the directory away");
  }
  if (wanted == Wanted::what_is_there && !directory_.has(authority_file::revocation_list)) {
    return material;
  }
  if (auto done = load_list(material); !done) {
    return std::unexpected(done.error());
  }
  return material;
}

Maybe<void> CertificateAuthority::load_list(Material& material) const {
  if (!directory_.has(authority_file::revocation_list)) {
    return wrong_file(revocation_list_file(),
                      "is missing; bring back a copy of it: without it revoked certificates would "
                      "be believed again");
  }
  const auto list = directory_.read(authority_file::revocation_list);
  if (!list) {
    return std::unexpected(list.error());
  }
  material.revoked = parse_revocation_list(*list);
  if (material.revoked == nullptr ||
      X509_CRL_verify(material.revoked.get(), material.key.get()) != 1) {
    ERR_clear_error();
    return wrong_file(revocation_list_file(),
                      "is no revocation list of this authority; bring back a copy of it");
  }
  return {};
}

/// Whether the server's files are there and belong together.
Maybe<void> CertificateAuthority::check_server(const Material& material) const {
  const auto key_text = directory_.read(authority_file::server_key);
  const auto text = directory_.read(authority_file::server_certificate);
  if (!key_text || !text) {
    return std::unexpected(!key_text ? key_text.error() : text.error());
  }
  const KeyPointer key = parse_key(*key_text);
  const CertificatePointer certificate = parse_certificate(*text);
  if (key == nullptr) {
    return wrong_file(server_key_file(),
                      "is no key; delete it together with server.crt for a new one");
  }
  if (certificate == nullptr || X509_verify(certificate.get(), material.key.get()) != 1) {
    ERR_clear_error();
    return wrong_file(server_certificate_file(),
                      "is no certificate of this authority; move it away for a new one");
  }
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    ERR_clear_error();
    return wrong_file(server_key_file(),
                      "is not the key of server.crt; delete both for a new certificate");
  }
  return {};
}

}  // namespace peal::net
