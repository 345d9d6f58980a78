#include "peal/net/network.hpp"

#include <algorithm>
#include <charconv>

namespace peal::net {

namespace {

/// How many bits of an address say what it is: of an IPv4 address, 32.
unsigned width(const Address& address) { return static_cast<unsigned>(address.bytes().size()) * 8; }

}  // namespace

std::optional<Network> Network::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = Address::parse(text.substr(0, slash), 0);
  if (!address) {
    return std::nullopt;
  }
  if (slash == std::string_view::npos) {
    return Network(*address, width(*address));
  }
  const std::string_view digits = text.substr(slash + 1);
  unsigned bits = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  const bool is_number = error == std::errc{} && end == digits.data() + digits.size();
  // "::ffff:10.0.0.0/104" became the IPv4 network that it is; its bits did not.
  const bool is_mapped =
      address->family() == Address::Family::ipv4 && text.find(':') != std::string_view::npos;
  if (!is_number || is_mapped || bits > width(*address)) {
    return std::nullopt;
  }
  return Network(*address, bits);
}

bool Network::contains(const Address& address) const {
  if (address.family() != address_.family()) {
    return false;
  }
  const Bytes ours = address_.bytes();
  const Bytes theirs = address.bytes();
  const unsigned whole = bits_ / 8;
  if (!std::equal(ours.begin(), ours.begin() + whole, theirs.begin())) {
    return false;
  }
  const unsigned rest = bits_ % 8;
  return rest == 0 || (ours[whole] ^ theirs[whole]) >> (8 - rest) == 0;
}

bool contains(std::span<const Network> networks, const Address& address) {
  return std::ranges::any_of(networks,
                             [&](const Network& network) { return network.contains(address); });
}

}  // namespace peal::net
