#include "peal/server/address_gate.hpp"

#include <algorithm>

namespace peal::server {

void AddressGate::use(const AddressLimits& limits) {
  const std::scoped_lock lock(mutex_);
  limits_ = limits;
}

AddressGate::Answer AddressGate::enter(const net::Address& address, Clock::time_point now) {
  const std::scoped_lock lock(mutex_);
  const auto entry = find_or_add(address.network(), now);
  if (entry->connections >= limits_.connections) {
    return Answer::too_many;
  }
  if (!take_token(*entry, now)) {
    return Answer::too_fast;
  }
  if (++entry->connections == 1) {
    busy_.splice(busy_.end(), idle_, entry);
  }
  return Answer::welcome;
}

void AddressGate::leave(const net::Address& address) {
  const std::scoped_lock lock(mutex_);
  const auto found = by_network_.find(address.network());
  if (found != by_network_.end() && --found->second->connections == 0) {
    idle_.splice(idle_.end(), busy_, found->second);
  }
}

std::size_t AddressGate::known() const {
  const std::scoped_lock lock(mutex_);
  return by_network_.size();
}

/// The entry of `network`; an idle one is the last to be forgotten now.
AddressGate::Entries::iterator AddressGate::find_or_add(std::uint64_t network,
                                                        Clock::time_point now) {
  if (const auto found = by_network_.find(network); found != by_network_.end()) {
    if (found->second->connections == 0) {
      idle_.splice(idle_.end(), idle_, found->second);
    }
    return found->second;
  }
  if (idle_.size() < addresses_limit_) {
    idle_.emplace_back();
    by_network_.emplace(network, std::prev(idle_.end()));
  } else {
    // The memory of the one that is forgotten, in both.
    auto node = by_network_.extract(idle_.front().network);
    idle_.splice(idle_.end(), idle_, idle_.begin());
    node.key() = network;
    by_network_.insert(std::move(node));
  }
  idle_.back() = {.network = network,
                  .connections = 0,
                  .tokens = static_cast<double>(limits_.rate.burst),
                  .filled_at = now};
  return std::prev(idle_.end());
}

bool AddressGate::take_token(Entry& entry, Clock::time_point now) const {
  const ConnectRate& rate = limits_.rate;
  if (rate.per_second == 0) {
    return true;
  }
  const std::chrono::duration<double> passed = now - entry.filled_at;
  entry.filled_at = now;
  entry.tokens = std::min(static_cast<double>(rate.burst),
                          entry.tokens + passed.count() * static_cast<double>(rate.per_second));
  if (entry.tokens < 1) {
    return false;
  }
  entry.tokens -= 1;
  return true;
}

}  // namespace peal::server
