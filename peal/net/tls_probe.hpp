// What a server's TLS looks like to a stranger: which versions it agrees to, and what its
// certificate says. For `peal scan`, never for a connection that carries anything: nobody is
// believed here, and versions are offered that Peal itself refuses.
//
// Blocking, with one deadline. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace peal::net {

/// Which version is offered, alone; `any` offers all.
enum class OfferedTls : std::uint8_t { any, tls_1_0, tls_1_1, tls_1_2, tls_1_3 };

/// A server's certificate, as far as it tells how well it protects.
struct CertificateFacts {
  using Time = std::chrono::system_clock::time_point;

  std::string subject;  // in the form of RFC 2253, as the next one
  std::string issuer;
  std::vector<std::string> names;  // the host names and addresses that it is for
  Time valid_from;
  Time valid_until;
  std::string key;                 // "RSA, 2048 bits"
  bool is_weak_key = false;        // below 112 bits of security: RSA under 2048, EC under 224
  std::string signature;           // the digest in it: "SHA256"
  bool is_weak_signature = false;  // of another one's key, with a digest that can be forged
  bool is_self_signed = false;
  bool is_for_server = false;  // it has the name that was asked for
  std::string distrust;        // why this machine does not believe it, but for time; empty: it does
};

struct TlsProbe {
  enum class Outcome : std::uint8_t {
    agreed,    // the handshake is done
    refused,   // the server speaks TLS, but not so
    no_tls,    // it closed, or what it said is no TLS
    silent,    // nothing came in time
    untested,  // this machine's OpenSSL does not offer that version
  };
  Outcome outcome = Outcome::untested;
  std::string version;                          // agreed: "TLSv1.3"
  bool asks_for_certificate = false;            // of the client
  std::optional<CertificateFacts> certificate;  // agreed
};

struct TlsProbeOptions {
  OfferedTls version = OfferedTls::any;
  std::string server_name;  // SNI, and what `is_for_server` means
  std::string ca_file;      // PEM; empty: the system's store
  std::chrono::milliseconds timeout{3000};
};

/// One handshake on `fd`, a connected socket that does not block; it stays the caller's and is of
/// no further use. SIGPIPE has to be ignored.
/// errors   none of its own: a `ca_file` that cannot be read makes everything distrusted.
[[nodiscard]] TlsProbe probe_tls(int fd, const TlsProbeOptions& options);

}  // namespace peal::net
