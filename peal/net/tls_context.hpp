// Certificates, keys and rules of TLS, for a listener or for a client that connects.
//
// Shared by all workers; `reload` swaps what new connections get while old ones keep what they
// have.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "peal/net/tls_expiry.hpp"
#include "peal/net/tls_psk.hpp"

struct ssl_st;

namespace peal::net {

enum class TlsVersion : std::uint8_t { tls_1_2, tls_1_3 };

enum class ClientCertificate : std::uint8_t {
  off,
  optional,  // asked for; one that does not verify is refused
  require,
};

struct TlsServerOptions {
  /// A certificate for one server name (SNI). `name` may begin with "*.".
  struct Named {
    std::string name;
    std::string certificate;
    std::string key;
  };

  std::string certificate;  // PEM file: the chain, the server's own first; may be empty with `psk`
  std::string key;          // PEM file
  std::vector<Named> named;
  TlsVersion min_version = TlsVersion::tls_1_2;
  ClientCertificate client_certificate = ClientCertificate::off;
  std::string client_ca;               // PEM file; needed unless client_certificate is off
  std::string client_revocation_list;  // PEM file, may be empty
  std::vector<std::string> protocols = {"mqtt", "http/1.1"};  // ALPN, best first
  PskLookup psk;                                              // null: no client is let in by key
};

struct TlsClientOptions {
  std::string ca_file;  // PEM; with both empty the system's store is used
  std::string ca_path;
  std::string certificate;  // PEM file, may be empty
  std::string key;
  std::string key_password;
  bool insecure = false;   // believe any certificate
  bool check_name = true;  // the certificate must be the server's: have its name
  TlsVersion min_version = TlsVersion::tls_1_2;
  TlsVersion max_version = TlsVersion::tls_1_3;
  std::string ciphers;                 // of TLS 1.2, as OpenSSL lists them; empty: OpenSSL's choice
  std::vector<std::string> protocols;  // ALPN
  OwnPsk psk;  // with a key: shown in place of certificates; the system's store is not used then
};

class TlsContext {
 public:
  /// errors   a sentence with the file and the reason.
  [[nodiscard]] static std::expected<std::unique_ptr<TlsContext>, std::string> server(
      TlsServerOptions options);
  [[nodiscard]] static std::expected<std::unique_ptr<TlsContext>, std::string> client(
      const TlsClientOptions& options);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  /// Reads the files of a server again; new connections get what they say, and no session of before
  /// is resumed. On an error everything stays as it was.    threads   any.
  [[nodiscard]] std::expected<void, std::string> reload();

  /// The files that `reload` reads; none of a client.
  [[nodiscard]] std::vector<std::string> files() const;
  /// When what new connections get comes to its end; of several in one file, the first that does.
  [[nodiscard]] std::vector<TlsExpiry> expiries() const;

  /// Whether a list that was read last revokes the certificate that the client showed in `session`,
  /// and that was good then.    cost   O(log of the list), for each list.    threads   any.
  [[nodiscard]] bool is_revoked(const ssl_st* session) const;

  /// A session with what is valid now. The caller frees it; null: no memory.    threads   any.
  [[nodiscard]] ssl_st* make_session() const;

  /// Whether a client compares the server's name with its certificate.
  [[nodiscard]] bool checks_name() const;

 private:
  struct Loaded;
  struct State;
  explicit TlsContext(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace peal::net
