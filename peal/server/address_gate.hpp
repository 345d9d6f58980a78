// Who may come in from where: how many connections one address has, and how many new ones it makes.
//
// An IPv4 address counts by itself, an IPv6 address with its /64, because that is the least that
// one site has. Loopback counts like any other; a Unix socket has no address and is not asked
// about. Rates are token buckets: a burst at once, then so many a second.
//
// Every address with connections is known, and of the others as many as there is room for; the one
// that was here longest ago is forgotten first, and comes back with a full bucket. So the table is
// bounded, and once it is full nothing is allocated.
//
// One for a server.    threads   any.    cost   O(1).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <unordered_map>

#include "peal/base/hash.hpp"
#include "peal/net/address.hpp"
#include "peal/server/config.hpp"

namespace peal::server {

class AddressGate {
 public:
  using Clock = std::chrono::steady_clock;
  enum class Answer : std::uint8_t { welcome, too_many, too_fast };

  /// `hash_key`          secret: who chooses addresses cannot choose collisions.
  /// `addresses_limit`   addresses without connections that are remembered beside those with some.
  AddressGate(const AddressLimits& limits, std::uint64_t hash_key,
              std::size_t addresses_limit = 65'536)
      : addresses_limit_(addresses_limit), limits_(limits), by_network_(0, Hash{hash_key}) {}

  /// From now on; who has more keeps them.
  void use(const AddressLimits& limits);

  /// Another connection from there. After `welcome` it counts until `leave`.
  [[nodiscard]] Answer enter(const net::Address& address, Clock::time_point now);
  void leave(const net::Address& address);

  /// How many addresses are known.
  [[nodiscard]] std::size_t known() const;

 private:
  struct Entry {
    std::uint64_t network = 0;
    std::size_t connections = 0;
    double tokens = 0;  // connections that may be made at once
    Clock::time_point filled_at;
  };
  using Entries = std::list<Entry>;
  struct Hash {
    std::uint64_t key;
    std::size_t operator()(std::uint64_t network) const { return mix(network, key); }
  };

  [[nodiscard]] Entries::iterator find_or_add(std::uint64_t network, Clock::time_point now);
  [[nodiscard]] bool take_token(Entry& entry, Clock::time_point now) const;

  std::size_t addresses_limit_;
  mutable std::mutex mutex_;  // guards what follows
  AddressLimits limits_;
  std::unordered_map<std::uint64_t, Entries::iterator, Hash> by_network_;
  Entries busy_;  // have connections
  Entries idle_;  // have none; who was here longest ago stands in front
};

}  // namespace peal::server
