// The store's tables, one column family each. (docs/formats/store.md)
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace peal::store {

enum class Family : std::uint8_t {
  meta,           // numbers with names
  log,            // pages
  sessions,       // what a session is
  subscriptions,  // of sessions
  received,       // Packet Identifiers of QoS 2 messages from clients
  pending,        // messages that outlived their page
  flights,        // Packet Identifiers of QoS 2 messages to clients
  retained,       // one message for each topic
  accounts,       // users, roles, bans: what an operator makes while the server runs
};

inline constexpr std::array<std::string_view, 9> family_names = {
    "meta", "log", "sess", "subs", "recv", "pend", "flight", "ret", "acct"};

[[nodiscard]] constexpr std::size_t index_of(Family family) {
  return static_cast<std::size_t>(family);
}
[[nodiscard]] constexpr std::string_view name_of(Family family) {
  return family_names[index_of(family)];
}

}  // namespace peal::store
