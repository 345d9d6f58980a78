// A private certificate authority in a directory, for a server and those who connect to it.
//
//     ca.crt  ca.key          the authority: P-256, 10 years
//     server.crt  server.key  the server's certificate: 397 days; a renewal keeps the key
//     crl.pem                 what was revoked; without it nobody would be believed any more
//     issued/SERIAL.crt       every certificate of a server or client that was ever issued
//     lock                    held while something is written
//
// The files are the state: every call reads them anew, writes under the lock, and leaves each file
// whole (private_directory.hpp), so that a running server and a command may work on one directory
// at the same time. What was begun and interrupted is completed. A file that is damaged, does not
// belong to the others or is missing in an authority that is in use is an error and is never
// replaced.
//
// Errors are sentences with the file and what to do. Every call waits for the disk.   threads  any.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "peal/net/private_directory.hpp"

namespace peal::net {

/// One certificate that an authority has issued.
struct IssuedCertificate {
  using Time = std::chrono::system_clock::time_point;

  std::string serial;  // hexadecimal
  std::string name;    // the common name
  std::vector<std::string> alternative_names;
  bool is_server = false;
  Time begins;
  Time ends;
  std::optional<Time> revoked;
};

/// What a client needs. The key is kept nowhere else.
struct ClientCredentials {
  std::string certificate;  // PEM
  std::string key;          // PEM, not encrypted
  IssuedCertificate issued;
};

/// The authority's own certificate.
struct AuthorityCertificate {
  std::string file;
  std::string pem;
  std::string name;
  std::string fingerprint;  // SHA-256, "AB:CD:..."
  std::chrono::system_clock::time_point ends;
};

class CertificateAuthority {
 public:
  using Time = std::chrono::system_clock::time_point;
  template <typename T>
  using Maybe = std::expected<T, std::string>;

  struct Options {
    /// Of the server, besides localhost, the host's name, and the addresses of this machine.
    std::vector<std::string> server_names{};
    Time (*now)() = &std::chrono::system_clock::now;
  };

  static constexpr std::chrono::days client_days{730};
  static constexpr std::chrono::days client_days_limit{3650};
  static constexpr std::size_t name_bytes_limit = 64;  // of a common name (X.520)

  /// The authority in `directory`, made unless it is there, with a server certificate that is good
  /// for this machine under all its names.
  [[nodiscard]] static Maybe<CertificateAuthority> open_or_make(const std::string& directory,
                                                                Options options);
  /// The one that is there.
  [[nodiscard]] static Maybe<CertificateAuthority> open(const std::string& directory,
                                                        Options options);

  /// Whether `open_or_make` has just made it.
  [[nodiscard]] bool is_new() const { return is_new_; }
  [[nodiscard]] std::string certificate_file() const { return directory_.path_of("ca.crt"); }
  [[nodiscard]] std::string server_certificate_file() const;
  [[nodiscard]] std::string server_key_file() const;
  [[nodiscard]] std::string revocation_list_file() const;

  [[nodiscard]] Maybe<AuthorityCertificate> certificate() const;
  /// Everything ever issued, the oldest first.
  [[nodiscard]] Maybe<std::vector<IssuedCertificate>> list() const;
  /// A certificate and a new key for a client. `name` is also its subjectAltName where it can be
  /// one: a DNS name, an email address, an IP address.
  /// errors   the name is empty, too long, or no clean text; `days` is out of range.
  [[nodiscard]] Maybe<ClientCredentials> issue_client(std::string_view name,
                                                      std::chrono::days days = client_days) const;
  /// A new certificate of the server, for the key and the names it has.
  [[nodiscard]] Maybe<IssuedCertificate> renew_server() const;
  /// The valid certificates of the client called so, or the one with this serial number.
  /// errors   there is none.
  [[nodiscard]] Maybe<std::vector<IssuedCertificate>> revoke(std::string_view name_or_serial) const;
  /// What has to be done in time: a new server certificate when less than 30 days are left, a new
  /// revocation list when half of its time is over.
  /// returns   what was done, a sentence each.
  [[nodiscard]] Maybe<std::vector<std::string>> maintain() const;

 private:
  struct Material;
  enum class Wanted : std::uint8_t { everything, what_is_there };  // the latter while it is made
  CertificateAuthority(const std::string& directory, Options options);

  [[nodiscard]] Maybe<bool> make_missing() const;
  [[nodiscard]] Maybe<bool> make_authority() const;
  [[nodiscard]] Maybe<void> make_own_certificate() const;
  [[nodiscard]] Maybe<void> make_server() const;
  [[nodiscard]] Maybe<Material> load(Wanted wanted = Wanted::everything) const;
  [[nodiscard]] Maybe<void> load_list(Material& material) const;
  [[nodiscard]] Maybe<void> check_server(const Material& material) const;
  [[nodiscard]] Maybe<IssuedCertificate> issue_server(
      const Material& material, const std::vector<std::string>& more_names = {}) const;
  [[nodiscard]] Maybe<std::vector<IssuedCertificate>> list(const Material& material) const;
  [[nodiscard]] Maybe<void> keep(const std::string& serial, std::string_view pem) const;
  [[nodiscard]] std::vector<std::string> server_names() const;

  PrivateDirectory directory_;
  PrivateDirectory issued_;
  Options options_;
  bool is_new_ = false;
};

}  // namespace peal::net
