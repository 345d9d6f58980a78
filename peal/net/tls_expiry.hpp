// When what a TLS context was made of comes to its end: to warn in time.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

struct ssl_ctx_st;

namespace peal::net {

struct TlsExpiry {
  enum class Kind : std::uint8_t { certificate, client_ca, revocation_list };
  Kind kind = Kind::certificate;
  std::string file;
  std::chrono::system_clock::time_point ends;
};

/// Of the context's own certificate, which there is; `file` is where it came from.
[[nodiscard]] TlsExpiry expiry_of_certificate(const ssl_ctx_st* context, const std::string& file);

/// Adds those whom client certificates are checked against: of several authorities or lists the
/// one that ends first.
void add_expiries_of_store(std::vector<TlsExpiry>& all, const ssl_ctx_st* context,
                           const std::string& ca_file, const std::string& list_file);

}  // namespace peal::net
