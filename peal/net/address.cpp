#include "peal/net/address.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace peal::net {
namespace {

constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

Bytes bytes_of(const void* data, std::size_t size) {
  return {static_cast<const std::uint8_t*>(data), size};
}

}  // namespace

Address Address::from_bytes(Bytes bytes, std::uint16_t port) {
  Address address;
  if (bytes.size() == 16 && std::equal(mapped_prefix.begin(), mapped_prefix.end(), bytes.begin())) {
    bytes = bytes.subspan(mapped_prefix.size());
  }
  if (bytes.size() != 4 && bytes.size() != 16) {
    return address;
  }
  std::copy(bytes.begin(), bytes.end(), address.bytes_.begin());
  address.port_ = port;
  address.family_ = bytes.size() == 4 ? Family::ipv4 : Family::ipv6;
  return address;
}

Address Address::local() {
  Address address;
  address.family_ = Family::local;
  return address;
}

Address Address::from_system(const sockaddr& system) {
  switch (system.sa_family) {
    case AF_INET: {
      const auto& in = reinterpret_cast<const sockaddr_in&>(system);
      return from_bytes(bytes_of(&in.sin_addr, 4), ntohs(in.sin_port));
    }
    case AF_INET6: {
      const auto& in = reinterpret_cast<const sockaddr_in6&>(system);
      return from_bytes(bytes_of(&in.sin6_addr, 16), ntohs(in.sin6_port));
    }
    case AF_UNIX:
      return local();
    default:
      return {};
  }
}

std::optional<Address> Address::parse(std::string_view text, std::uint16_t port) {
  if (text.find('\0') != std::string_view::npos) {
    return std::nullopt;  // inet_pton would stop there
  }
  const std::string terminated(text);
  std::array<std::uint8_t, 16> bytes{};
  if (inet_pton(AF_INET, terminated.c_str(), bytes.data()) == 1) {
    return from_bytes({bytes.data(), 4}, port);
  }
  if (inet_pton(AF_INET6, terminated.c_str(), bytes.data()) == 1) {
    return from_bytes(bytes, port);
  }
  return std::nullopt;
}

std::string Address::text() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  switch (family_) {
    case Family::ipv4:
      return inet_ntop(AF_INET, bytes_.data(), text.data(), text.size());
    case Family::ipv6:
      return inet_ntop(AF_INET6, bytes_.data(), text.data(), text.size());
    case Family::local:
      return "unix";
    case Family::none:
      break;
  }
  return {};
}

std::string Address::text_with_port() const {
  switch (family_) {
    case Family::ipv4:
      return text() + ":" + std::to_string(port_);
    case Family::ipv6:
      return std::string("[").append(text()).append("]:").append(std::to_string(port_));
    default:
      return text();
  }
}

std::uint64_t Address::network() const {
  std::uint64_t first_half = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    first_half = first_half << 8 | bytes_[i];
  }
  // ::a.b.c.d/64, so to say: beside 2001:db8::/64 it would look like 32.1.13.184.
  return family_ == Family::ipv4 ? first_half >> 32 : first_half;
}

bool Address::is_loopback() const {
  switch (family_) {
    case Family::ipv4:
      return bytes_[0] == 127;
    case Family::ipv6:
      return bytes_[15] == 1 && std::all_of(bytes_.begin(), bytes_.end() - 1,
                                            [](std::uint8_t byte) { return byte == 0; });
    case Family::local:
      return true;
    case Family::none:
      break;
  }
  return false;
}

}  // namespace peal::net
