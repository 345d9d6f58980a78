// Where a connection comes from: an IP address and port, or a Unix socket. A value of 20 bytes,
// because a worker keeps one for every connection it has.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "peal/base/bytes.hpp"

struct sockaddr;

namespace peal::net {

class Address {
 public:
  enum class Family : std::uint8_t { none, ipv4, ipv6, local };

  /// No address.
  Address() = default;

  /// An IPv4 address from its 4 bytes or an IPv6 address from its 16, as they are on the wire. An
  /// IPv4 address inside IPv6 (::ffff:a.b.c.d) becomes the IPv4 address that it is.
  [[nodiscard]] static Address from_bytes(Bytes bytes, std::uint16_t port);
  /// The end of a Unix socket.
  [[nodiscard]] static Address local();
  /// As the system gives it; none for a family that is not known here.
  [[nodiscard]] static Address from_system(const sockaddr& system);
  /// "192.0.2.1" or "2001:db8::1", in the form that inet_pton takes.
  [[nodiscard]] static std::optional<Address> parse(std::string_view text, std::uint16_t port);

  [[nodiscard]] Family family() const { return family_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// The 4 or 16 bytes of an IP address; none of anything else. A view.
  [[nodiscard]] Bytes bytes() const {
    const std::size_t size = family_ == Family::ipv4 ? 4 : family_ == Family::ipv6 ? 16 : 0;
    return Bytes(bytes_).first(size);
  }
  /// "192.0.2.1", "2001:db8::1", "unix"; empty for none.
  [[nodiscard]] std::string text() const;
  /// "192.0.2.1:1883", "[2001:db8::1]:1883", "unix".
  [[nodiscard]] std::string text_with_port() const;
  /// What it is counted with: an IPv4 address itself, the /64 of an IPv6 address. (An IPv4 address
  /// shares its number with a /64 that is never routed.)
  [[nodiscard]] std::uint64_t network() const;
  /// 127.0.0.0/8, ::1, or a Unix socket: a peer on this machine.
  [[nodiscard]] bool is_loopback() const;

  [[nodiscard]] bool operator==(const Address&) const = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
  std::uint16_t port_ = 0;
  Family family_ = Family::none;
};

}  // namespace peal::net
