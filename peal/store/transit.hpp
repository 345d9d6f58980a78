// What is on its way between workers, as the store has it: a copy of a session that nobody has, one
// for each worker that mail goes to, with where it goes in the place of Subscription Identifiers.
// So pages, their book, and the table of what outlived its page know nothing of it.
// (docs/formats/store.md)
#pragma once

#include <optional>

#include "peal/broker/ports/journal.hpp"
#include "peal/store/key.hpp"

namespace peal::store {

/// The session that nobody has of a worker: of the stream that is never given.
[[nodiscard]] constexpr StoredId transit_session(broker::WorkerIndex worker) {
  return StoredId{std::uint64_t{1} + static_cast<std::uint8_t>(worker)};
}
[[nodiscard]] constexpr bool is_transit_session(StoredId session) {
  return session > StoredId::none &&
         session <= transit_session(broker::WorkerIndex{broker::workers_limit - 1});
}

[[nodiscard]] broker::StoredCopy transit_copy(const broker::StoredTransit& transit);
/// Nothing: it is none.
[[nodiscard]] std::optional<broker::StoredTransit> read_transit(StoredId session,
                                                                const broker::StoredCopy& copy);

}  // namespace peal::store
