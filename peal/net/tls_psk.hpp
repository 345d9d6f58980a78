// TLS with a key that both sides know beforehand (TLS-PSK), the server's side and a client's: TLS
// 1.2's PSK cipher suites and TLS 1.3's external keys.
//
// An identity that nobody has is answered as a wrong key is: with a key made up for this one
// handshake, so that it fails where a wrong one does and nobody learns which identities there are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

struct ssl_ctx_st;
struct ssl_st;

namespace peal::net {

/// The key of an identity (UTF-8 without control characters); empty when nobody has it. Called in
/// handshakes, by several threads at once; does not wait.
using PskLookup = std::function<std::vector<std::uint8_t>(std::string_view identity)>;

inline constexpr std::size_t psk_identity_bytes_limit = 256;  // OpenSSL's own
inline constexpr std::size_t psk_key_bytes_limit = 512;       // OpenSSL's own, as bytes

/// Lets clients in by key. Their cipher suites go before those with a certificate, of which there
/// are none without `has_certificate`: whoever offers a key means it.
/// errors   false: no memory.
[[nodiscard]] bool use_psk(ssl_ctx_st* context, const PskLookup& lookup, bool has_certificate);

/// What a client shows.
struct OwnPsk {
  std::string identity;  // at most `psk_identity_bytes_limit` bytes, no NUL among them
  std::vector<std::uint8_t> key;
};

/// Has a client show `psk`, and accept nothing of TLS 1.2 but suites with a key.
/// errors   false: no memory, or limits are exceeded.
[[nodiscard]] bool show_psk(ssl_ctx_st* context, OwnPsk psk);

/// Who the peer of a finished handshake is by its key; empty when it was let in by no key.
[[nodiscard]] std::string psk_identity_of(const ssl_st* ssl);

}  // namespace peal::net
