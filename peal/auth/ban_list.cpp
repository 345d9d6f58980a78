#include "peal/auth/ban_list.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <utility>

#include "peal/auth/login_guard.hpp"

namespace peal::auth {

namespace {

constexpr std::size_t bans_limit = 100'000;
constexpr std::array<std::string_view, 3> words = {"address", "client", "user"};

/// IPv4 addresses as IPv6 has them (::ffff:192.0.2.1), so that there is one kind.
struct Network {
  std::array<std::uint8_t, 16> bytes{};
  unsigned bits = 128;

  [[nodiscard]] bool is_v4() const {
    constexpr std::array<std::uint8_t, 12> prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    return std::equal(prefix.begin(), prefix.end(), bytes.begin()) && bits >= 96;
  }
  [[nodiscard]] Network cut(unsigned to_bits) const {
    Network result{.bytes = bytes, .bits = to_bits};
    for (unsigned bit = to_bits; bit < 128; ++bit) {
      result.bytes[bit / 8] &= static_cast<std::uint8_t>(~(0x80U >> (bit % 8)));
    }
    return result;
  }
  [[nodiscard]] std::string text() const {
    std::array<char, INET6_ADDRSTRLEN> buffer{};
    const bool v4 = is_v4();
    (void)inet_ntop(v4 ? AF_INET : AF_INET6, bytes.data() + (v4 ? 12 : 0), buffer.data(),
                    buffer.size());
    const std::string address = buffer.data();
    return bits == 128 ? address : address + "/" + std::to_string(v4 ? bits - 96 : bits);
  }
};

std::optional<Network> parse_address(std::string text) {
  Network network;
  if (text.starts_with('[') && text.ends_with(']')) {
    text = text.substr(1, text.size() - 2);
  }
  if (inet_pton(AF_INET6, text.c_str(), network.bytes.data()) == 1) {
    return network;
  }
  network.bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  if (inet_pton(AF_INET, text.c_str(), network.bytes.data() + 12) == 1) {
    return network;
  }
  return std::nullopt;
}

std::optional<Network> parse_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  auto network = parse_address(std::string(text.substr(0, slash)));
  if (!network || slash == std::string_view::npos) {
    return network;
  }
  const std::string_view digits = text.substr(slash + 1);
  const bool is_v4 = text.find(':') == std::string_view::npos;
  unsigned bits = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  if (error != std::errc{} || end != digits.data() + digits.size() || bits > (is_v4 ? 32U : 128U)) {
    return std::nullopt;
  }
  return network->cut(is_v4 ? bits + 96 : bits);
}

bool holds(const Ban& ban, Ban::Time now) { return !ban.until || now < *ban.until; }

}  // namespace

std::string_view word_of(BanKind kind) { return words[static_cast<std::size_t>(kind)]; }

std::optional<BanKind> ban_kind_of(std::string_view word) {
  const auto found = std::ranges::find(words, word);
  return found == words.end() ? std::nullopt
                              : std::optional(static_cast<BanKind>(found - words.begin()));
}

std::optional<std::string> normal_network(std::string_view text) {
  const auto network = parse_network(text);
  return network ? std::optional(network->text()) : std::nullopt;
}

bool BanList::add(Ban ban) {
  std::optional<Network> network;
  if (ban.kind == BanKind::address) {
    network = parse_network(ban.name);
    if (!network) {
      return false;
    }
    ban.name = network->text();
  }
  const std::scoped_lock lock(mutex_);
  Key key{ban.kind, ban.name};
  if (bans_.size() >= bans_limit && !bans_.contains(key)) {
    return false;
  }
  if (network && !bans_.contains(key)) {
    ++network_sizes_[network->bits];
  }
  bans_[std::move(key)] = std::move(ban);
  count_.store(bans_.size(), std::memory_order_relaxed);
  return true;
}

bool BanList::remove(BanKind kind, std::string_view name) {
  const auto network = kind == BanKind::address ? parse_network(name) : std::nullopt;
  const std::scoped_lock lock(mutex_);
  const bool was_there = bans_.erase(Key{kind, network ? network->text() : std::string(name)}) > 0;
  if (was_there && network && --network_sizes_[network->bits] == 0) {
    network_sizes_.erase(network->bits);
  }
  count_.store(bans_.size(), std::memory_order_relaxed);
  return was_there;
}

std::optional<Ban> BanList::find(BanKind kind, std::string_view name, Ban::Time now) const {
  if (is_empty()) {
    return std::nullopt;
  }
  const std::scoped_lock lock(mutex_);
  const auto found = bans_.find(Key{kind, std::string(name)});
  return found != bans_.end() && holds(found->second, now) ? std::optional(found->second)
                                                           : std::nullopt;
}

std::optional<Ban> BanList::find_address(std::string_view address, Ban::Time now) const {
  if (is_empty()) {
    return std::nullopt;
  }
  // A Unix socket has no address that could be banned.
  const auto parsed = parse_address(std::string(without_port(address)));
  if (!parsed) {
    return std::nullopt;
  }
  std::vector<unsigned> sizes;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [bits, count] : network_sizes_) {
      sizes.push_back(bits);
    }
  }
  for (const unsigned bits : sizes) {
    if (auto ban = find(BanKind::address, parsed->cut(bits).text(), now)) {
      return ban;
    }
  }
  return std::nullopt;
}

std::vector<Ban> BanList::list(Ban::Time now) const {
  const std::scoped_lock lock(mutex_);
  std::vector<Ban> all;
  for (const auto& [key, ban] : bans_) {
    if (holds(ban, now)) {
      all.push_back(ban);
    }
  }
  return all;
}

}  // namespace peal::auth
