// A set of addresses that begin alike: "10.0.0.0/8", "2001:db8::/32", or one alone.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "peal/net/address.hpp"

namespace peal::net {

/// A value of an address and a length. An IPv4 network holds IPv4 addresses only, however they were
/// written (::ffff:10.0.0.1).
class Network {
 public:
  /// "ADDRESS" or "ADDRESS/BITS", bits beyond which may be set.    errors   nothing.
  [[nodiscard]] static std::optional<Network> parse(std::string_view text);

  [[nodiscard]] bool contains(const Address& address) const;

 private:
  Network(const Address& address, unsigned bits) : address_(address), bits_(bits) {}

  Address address_;
  unsigned bits_;
};

/// Whether one of them does.
[[nodiscard]] bool contains(std::span<const Network> networks, const Address& address);

}  // namespace peal::net
