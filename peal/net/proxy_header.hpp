// The PROXY protocol, versions 1 and 2: what a load balancer says in front of a connection about
// where it really comes from. (HAProxy's proxy-protocol.txt)
#pragma once

#include <cstddef>
#include <cstdint>

#include "peal/base/bytes.hpp"
#include "peal/net/address.hpp"

namespace peal::net {

struct ProxyHeader {
  enum class Status : std::uint8_t { need_more, complete, bad };
  Status status = Status::need_more;
  std::size_t bytes = 0;  // complete: the header's length
  Address source;  // none when the proxy speaks for itself (LOCAL) or does not know (UNKNOWN)
};

/// The longest header that is accepted: version 2 with 4 KiB of addresses and extensions.
inline constexpr std::size_t proxy_header_bytes_max = 16 + 4096;

/// Reads the header at the beginning of `bytes`. Extensions of version 2 are passed over.
///
/// errors      bad: no header, an unknown version, command or family, a wrong length or address.
/// cost        O(header), no allocation but for a version 1 address.      threads   pure.
[[nodiscard]] ProxyHeader parse_proxy_header(Bytes bytes);

}  // namespace peal::net
