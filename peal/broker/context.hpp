// What every part of a worker needs of the world and of its worker, in one place. References
// outlive the worker.
#pragma once

#include "peal/base/arena.hpp"
#include "peal/base/timer_wheel.hpp"
#include "peal/broker/counters.hpp"
#include "peal/broker/mail.hpp"
#include "peal/broker/ports/authenticator.hpp"
#include "peal/broker/ports/authorizer.hpp"
#include "peal/broker/ports/clock.hpp"
#include "peal/broker/ports/journal.hpp"
#include "peal/broker/ports/log.hpp"
#include "peal/broker/ports/mailbox.hpp"
#include "peal/broker/ports/publish_hook.hpp"
#include "peal/broker/ports/random.hpp"
#include "peal/broker/ports/user_sessions.hpp"
#include "peal/broker/settings.hpp"

namespace peal::broker {

/// Once so much output waits for the flush (in the arena, or in another worker's mail), the flush
/// comes early and no more is made before it.
inline constexpr std::size_t flush_from_bytes = std::size_t{1} << 20;

struct Context {
  const Settings& settings;
  Clock& clock;
  Random& random;
  Log& log;
  Mailbox& mailbox;
  Journal& journal;
  Authenticator& authenticator;
  Authorizer& authorizer;
  PublishHook* publish_hook = nullptr;    // may be null
  RetainedTotals& retained_totals;        // shared by all workers
  Totals& totals;                         // so are these
  UserSessions* user_sessions = nullptr;  // null: nobody counts
  Arena& arena;                           // of this worker's iteration
  /// The same on every worker: names are hashed with it to find their home.
  std::uint64_t hash_key = 0;
  WorkerIndex self{};
  unsigned worker_count = 1;
};

/// The worker that `name` of `space` belongs to: a session's by its Client Identifier, a retained
/// message's by its topic, a group's by its filter.    cost   O(size).      threads   pure.
[[nodiscard]] WorkerIndex home_of(std::string_view name, NamespaceId space, std::uint64_t hash_key,
                                  unsigned worker_count);

}  // namespace peal::broker
