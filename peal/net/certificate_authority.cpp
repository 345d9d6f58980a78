#include "peal/net/certificate_authority.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "peal/net/authority_material.hpp"
#include "peal/net/certificate_names.hpp"
#include "peal/net/host_names.hpp"

namespace peal::net {
namespace {

using std::chrono::days;
using Time = CertificateAuthority::Time;
template <typename T>
using Maybe = CertificateAuthority::Maybe<T>;

constexpr days server_days{397};  // browsers take no more than 398
constexpr days server_days_left{30};

bool is_serial(std::string_view text) {
  return text.size() == 32 && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

IssuedCertificate facts_of(X509* certificate) {
  return {.serial = serial_of(certificate),
          .name = common_name_of(certificate),
          .alternative_names = alternative_names_of(certificate),
          .is_server = (X509_get_extended_key_usage(certificate) & XKU_SSL_SERVER) != 0,
          .begins = time_of(X509_get0_notBefore(certificate)),
          .ends = time_of(X509_get0_notAfter(certificate)),
          .revoked = std::nullopt};
}

std::string name_problem(std::string_view name) {
  if (name.empty()) {
    return "the name is empty";
  }
  if (name.size() > CertificateAuthority::name_bytes_limit) {
    return "the name is longer than 64 bytes, which is all that a certificate's common name holds";
  }
  if (!is_clean_text(name) || name.front() == ' ' || name.back() == ' ') {
    return "the name is not UTF-8, has a control character, or begins or ends with a blank";
  }
  return {};
}

/// The digits of a serial number as people copy it: with colons, in capitals.
std::string plain_serial(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (c != ':') {
      digits += c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    }
  }
  return digits;
}

}  // namespace

CertificateAuthority::CertificateAuthority(const std::string& directory, Options options)
    : directory_(directory), issued_(directory + "/issued"), options_(std::move(options)) {}

std::string CertificateAuthority::server_certificate_file() const {
  return directory_.path_of(authority_file::server_certificate);
}
std::string CertificateAuthority::server_key_file() const {
  return directory_.path_of(authority_file::server_key);
}
std::string CertificateAuthority::revocation_list_file() const {
  return directory_.path_of(authority_file::revocation_list);
}

Maybe<CertificateAuthority> CertificateAuthority::open_or_make(const std::string& directory,
                                                               Options options) {
  for (const std::string& name : options.server_names) {
    if (!is_alternative_name(name)) {
      return std::unexpected("'" + name + "' is neither a host name nor an IP address");
    }
  }
  CertificateAuthority authority(directory, std::move(options));
  if (auto made = authority.directory_.make(); !made) {
    return std::unexpected(made.error());
  }
  const auto lock = authority.directory_.lock();
  if (!lock) {
    return std::unexpected(lock.error());
  }
  authority.directory_.remove_leftovers();
  const auto is_new = authority.make_missing();
  if (!is_new) {
    return std::unexpected(is_new.error());
  }
  authority.is_new_ = *is_new;
  return authority;
}

Maybe<CertificateAuthority> CertificateAuthority::open(const std::string& directory,
                                                       Options options) {
  CertificateAuthority authority(directory, std::move(options));
  if (!authority.directory_.has(authority_file::certificate)) {
    return wrong_file(
        directory,
        "has no certificate authority; a server with tls = \"auto\" makes one, and so "
        "does `peal cert issue NAME`");
  }
  const auto material = authority.load();
  if (!material) {
    return std::unexpected(material.error());
  }
  if (auto checked = authority.check_server(*material); !checked) {
    return std::unexpected(checked.error());
  }
  return authority;
}

std::vector<std::string> CertificateAuthority::server_names() const {
  std::vector<std::string> names = {"localhost", host_name(), "127.0.0.1", "::1"};
  std::ranges::copy(interface_addresses(), std::back_inserter(names));
  std::ranges::copy(options_.server_names, std::back_inserter(names));
  std::vector<std::string> all;
  for (const std::string& name : names) {
    if (is_alternative_name(name) && std::ranges::find(all, name) == all.end()) {
      all.push_back(name);
    }
  }
  return all;
}

Maybe<void> CertificateAuthority::keep(const std::string& serial, std::string_view pem) const {
  if (pem.empty()) {
    return no_certificate_made();
  }
  return issued_.write(serial + ".crt", pem);
}

Maybe<IssuedCertificate> CertificateAuthority::issue_server(
    const Material& material, const std::vector<std::string>& more_names) const {
  const auto key_text = directory_.read(authority_file::server_key);
  if (!key_text) {
    return std::unexpected(key_text.error());
  }
  const KeyPointer key = parse_key(*key_text);
  if (key == nullptr) {
    return wrong_file(server_key_file(),
                      "is no key; delete it together with server.crt for a new one");
  }
  const Time now = options_.now();
  const std::string host = host_name();
  std::vector<std::string> names = server_names();
  std::ranges::copy_if(more_names, std::back_inserter(names), [&](const std::string& name) {
    return is_alternative_name(name) && std::ranges::find(names, name) == names.end();
  });
  const bool is_fit = !host.empty() && host.size() <= name_bytes_limit;
  const CertificatePointer certificate =
      make_certificate({.common_name = is_fit ? host : "localhost",
                        .alternative_names = std::move(names),
                        .use = CertificateUse::server,
                        .begins = now - clock_slack,
                        .ends = material.until(now + server_days)},
                       key.get(), material.certificate.get(), material.key.get());
  const std::string pem = certificate == nullptr ? "" : pem_of(certificate.get());
  if (pem.empty()) {
    return no_certificate_made();
  }
  IssuedCertificate facts = facts_of(certificate.get());
  if (auto done = keep(facts.serial, pem); !done) {
    return std::unexpected(done.error());
  }
  if (auto done = directory_.write(authority_file::server_certificate, pem); !done) {
    return std::unexpected(done.error());
  }
  return facts;
}

Maybe<AuthorityCertificate> CertificateAuthority::certificate() const {
  const auto material = load();
  if (!material) {
    return std::unexpected(material.error());
  }
  const X509* ca = material->certificate.get();
  return AuthorityCertificate{.file = certificate_file(),
                              .pem = pem_of(ca),
                              .name = common_name_of(ca),
                              .fingerprint = fingerprint_of(ca),
                              .ends = time_of(X509_get0_notAfter(ca))};
}

Maybe<std::vector<IssuedCertificate>> CertificateAuthority::list() const {
  const auto material = load();
  return material ? list(*material) : std::unexpected(material.error());
}

Maybe<std::vector<IssuedCertificate>> CertificateAuthority::list(const Material& material) const {
  const auto names = issued_.names();
  if (!names) {
    return std::unexpected(names.error());
  }
  const std::vector<Revocation> revoked = revocations_of(material.revoked.get());
  std::vector<IssuedCertificate> all;
  for (const std::string& name : *names) {
    if (!name.ends_with(".crt") || !is_serial(name.substr(0, name.size() - 4))) {
      continue;
    }
    const auto text = issued_.read(name);
    const CertificatePointer certificate = text ? parse_certificate(*text) : nullptr;
    if (certificate == nullptr || X509_verify(certificate.get(), material.key.get()) != 1) {
      return text ? wrong_file(issued_.path_of(name),
                               "is no certificate of this authority; move it away")
                  : std::unexpected(text.error());
    }
    IssuedCertificate& facts = all.emplace_back(facts_of(certificate.get()));
    const auto found = std::ranges::find(revoked, facts.serial, &Revocation::serial);
    facts.revoked = found == revoked.end() ? std::nullopt : std::optional(found->when);
  }
  std::ranges::sort(all, {}, [](const IssuedCertificate& each) {
    return std::pair(each.begins, std::string_view(each.serial));
  });
  return all;
}

Maybe<ClientCredentials> CertificateAuthority::issue_client(std::string_view name,
                                                            days valid_for) const {
  if (std::string problem = name_problem(name); !problem.empty()) {
    return std::unexpected(std::move(problem));
  }
  if (valid_for < days(1) || valid_for > client_days_limit) {
    return std::unexpected(std::string("a client's certificate holds from 1 to 3650 days"));
  }
  const auto lock = directory_.lock();
  const auto material = load();
  if (!lock || !material) {
    return std::unexpected(!lock ? lock.error() : material.error());
  }
  const Time now = options_.now();
  std::vector<std::string> alternative_names;
  if (is_alternative_name(name)) {
    alternative_names.emplace_back(name);
  }
  const KeyPointer key = make_key();
  const CertificatePointer certificate =
      key == nullptr
          ? nullptr
          : make_certificate({.common_name = std::string(name),
                              .alternative_names = std::move(alternative_names),
                              .use = CertificateUse::client,
                              .begins = now - clock_slack,
                              .ends = material->until(now + valid_for)},
                             key.get(), material->certificate.get(), material->key.get());
  if (certificate == nullptr) {
    return no_certificate_made();
  }
  ClientCredentials made{.certificate = pem_of(certificate.get()),
                         .key = pem_of(key.get()),
                         .issued = facts_of(certificate.get())};
  if (auto done = keep(made.issued.serial, made.certificate); !done) {
    return std::unexpected(done.error());
  }
  return made;
}

Maybe<IssuedCertificate> CertificateAuthority::renew_server() const {
  const auto lock = directory_.lock();
  const auto material = load();
  if (!lock || !material) {
    return std::unexpected(!lock ? lock.error() : material.error());
  }
  // Who renews need not know which names the server was started with.
  const auto text = directory_.read(authority_file::server_certificate);
  const CertificatePointer before = text ? parse_certificate(*text) : nullptr;
  return issue_server(*material, before == nullptr ? std::vector<std::string>{}
                                                   : alternative_names_of(before.get()));
}

Maybe<std::vector<IssuedCertificate>> CertificateAuthority::revoke(
    std::string_view name_or_serial) const {
  const auto lock = directory_.lock();
  const auto material = load();
  const auto all = material ? list(*material) : std::unexpected(material.error());
  if (!lock || !all) {
    return std::unexpected(!lock ? lock.error() : all.error());
  }
  const Time now = options_.now();
  const std::string serial = plain_serial(name_or_serial);
  std::vector<Revocation> entries = revocations_of(material->revoked.get());
  std::vector<IssuedCertificate> revoked;
  for (const IssuedCertificate& each : *all) {
    const bool is_meant = each.serial == serial || (!each.is_server && each.name == name_or_serial);
    if (is_meant && !each.revoked && each.ends > now) {
      entries.push_back({.serial = each.serial, .when = now});
      revoked.push_back(each);
      revoked.back().revoked = now;
    }
  }
  if (revoked.empty()) {
    return std::unexpected("no certificate that is still good belongs to '" +
                           std::string(name_or_serial) + "'; `peal cert list` shows all");
  }
  const std::string pem = material->sign_list(entries, now);
  if (pem.empty()) {
    return no_certificate_made();
  }
  if (auto done = directory_.write(authority_file::revocation_list, pem); !done) {
    return std::unexpected(done.error());
  }
  return revoked;
}

Maybe<std::vector<std::string>> CertificateAuthority::maintain() const {
  const auto lock = directory_.lock();
  const auto material = load();
  if (!lock || !material) {
    return std::unexpected(!lock ? lock.error() : material.error());
  }
  if (auto checked = check_server(*material); !checked) {
    return std::unexpected(checked.error());
  }
  const Time now = options_.now();
  std::vector<std::string> done;
  const auto text = directory_.read(authority_file::server_certificate);
  const CertificatePointer certificate = text ? parse_certificate(*text) : nullptr;
  if (certificate != nullptr &&
      time_of(X509_get0_notAfter(certificate.get())) - now < server_days_left) {
    if (auto made = issue_server(*material); !made) {
      return std::unexpected(made.error());
    }
    done.emplace_back("the server's certificate was renewed");
  }
  if (time_of(X509_CRL_get0_nextUpdate(material->revoked.get())) - now < list_days / 2) {
    const std::string pem = material->sign_list(revocations_of(material->revoked.get()), now);
    if (auto written = pem.empty() ? no_certificate_made()
                                   : directory_.write(authority_file::revocation_list, pem);
        !written) {
      return std::unexpected(written.error());
    }
    done.emplace_back("the revocation list was signed anew");
  }
  return done;
}

}  // namespace peal::net
