// Who must not come in, by address (or network), Client Identifier or user name, for a while or for
// good. An operator writes it; see RepeatGuard for those that are put out by themselves.
//
// One for a server.    threads   any.    cost   O(1) while nobody is banned, else O(log n) for
// each size of network that is.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace peal::auth {

enum class BanKind : std::uint8_t { address, client, user };

[[nodiscard]] std::string_view word_of(BanKind kind);
[[nodiscard]] std::optional<BanKind> ban_kind_of(std::string_view word);

struct Ban {
  using Time = std::chrono::system_clock::time_point;

  BanKind kind = BanKind::address;
  std::string name;  // "192.0.2.1", "192.0.2.0/24", "2001:db8::/32"; a Client Identifier; a user
  std::optional<Time> until;  // nothing: for good
  std::string reason;         // for people
};

/// "192.0.2.7" or "2001:db8::/32" in the one way of writing it.    errors   a clause.
[[nodiscard]] std::optional<std::string> normal_network(std::string_view text);

class BanList {
 public:
  /// In place of one of the same name.    errors   false: more than 100 000, or no address.
  [[nodiscard]] bool add(Ban ban);
  /// returns   whether there was one.
  bool remove(BanKind kind, std::string_view name);

  /// The ban that keeps it out now. `address` may have a port.
  [[nodiscard]] std::optional<Ban> find_address(std::string_view address, Ban::Time now) const;
  /// For a Client Identifier or a user name.
  [[nodiscard]] std::optional<Ban> find(BanKind kind, std::string_view name, Ban::Time now) const;

  /// Those that still hold.
  [[nodiscard]] std::vector<Ban> list(Ban::Time now) const;
  [[nodiscard]] bool is_empty() const { return count_.load(std::memory_order_relaxed) == 0; }

 private:
  using Key = std::pair<BanKind, std::string>;

  mutable std::mutex mutex_;
  std::map<Key, Ban> bans_;
  std::map<unsigned, std::size_t> network_sizes_;  // in bits: how many networks have that size
  std::atomic<std::size_t> count_{0};
};

}  // namespace peal::auth
