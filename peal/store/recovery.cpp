#include "peal/store/recovery.hpp"

#include <algorithm>
#include <optional>

#include "peal/store/log_replay.hpp"
#include "peal/store/record.hpp"
#include "peal/store/row_error.hpp"
#include "peal/store/transit.hpp"

namespace peal::store {

namespace {

/// Finds sessions by id, asked in rising order: each table is sorted as the sessions are.
class SessionCursor {
 public:
  explicit SessionCursor(std::vector<broker::RestoredSession>& sessions) : sessions_(sessions) {}
  /// Null: there is none.
  broker::RestoredSession* find(StoredId id) {
    while (at_ < sessions_.size() && sessions_[at_].id < id) {
      ++at_;
    }
    return at_ < sessions_.size() && sessions_[at_].id == id ? &sessions_[at_] : nullptr;
  }

 private:
  std::vector<broker::RestoredSession>& sessions_;
  std::size_t at_ = 0;
};

class Recovery {
 public:
  Recovery(Database& database, const RecoveryOptions& options)
      : database_(database),
        options_(options),
        errors_(database, options, recovered_),
        write_(database) {}

  Recovered run() {
    if (options_.log && !database_.torn_end().empty()) {
      options_.log(broker::LogLevel::warning,
                   "what was half written when the power went, and acknowledged to nobody, is left "
                   "out: " +
                       database_.torn_end());
    }
    replay_log(database_, options_, errors_, recovered_);
    read_sessions();
    read_subscriptions();
    read_received();
    read_queues();
    read_retained();
    write_.finish();
    return std::move(recovered_);
  }

 private:
  /// Calls `visit(scan)` for every row; what it returns says why the row cannot be used, if so.
  template <typename Visit>
  void for_each_row(Family family, Visit visit) {
    TableScan scan(database_, family);
    for (; scan.has_row(); scan.next()) {
      const std::string_view problem = visit(scan);
      if (!problem.empty()) {
        errors_.unreadable(scan, problem);
        write_.erase(family, scan.key());
      }
      write_.end_of_step();
    }
    errors_.require_end(scan);
  }

  void drop(const TableScan& scan, std::uint64_t& count) {
    ++count;
    write_.erase(scan.family(), scan.key());
  }

  void read_sessions();
  void read_subscriptions();
  void read_received();
  void read_queues();
  void read_retained();
  std::string_view read_transit_row(CopyName name, const TableScan& scan);
  std::string_view read_copy(const TableScan& scan, SessionCursor& sessions, TableScan& flights);
  std::optional<Flight> take_flight(CopyName copy, TableScan& flights);

  static constexpr std::string_view is_no_key = "it is not a key of this table";
  static constexpr std::string_view is_no_value = "its value cannot be read";

  Database& database_;
  const RecoveryOptions& options_;
  Recovered recovered_;
  RowErrors errors_;
  SlowWrite write_;
};

void Recovery::read_sessions() {
  for_each_row(Family::sessions, [&](const TableScan& scan) -> std::string_view {
    const auto id = session_of_key(scan.key());
    if (!id || scan.key().size() != sizeof(StoredId)) {
      return is_no_key;
    }
    auto session = decode_session(scan.value(), options_.clock);
    if (!session) {
      return is_no_value;
    }
    session->id = *id;
    recovered_.sessions.push_back(std::move(*session));
    return {};
  });
}

void Recovery::read_subscriptions() {
  SessionCursor sessions(recovered_.sessions);
  for_each_row(Family::subscriptions, [&](const TableScan& scan) -> std::string_view {
    const auto id = session_of_key(scan.key());
    if (!id) {
      return is_no_key;
    }
    auto subscription = decode_subscription(scan.key().substr(sizeof(StoredId)), scan.value());
    if (!subscription) {
      return is_no_value;
    }
    if (broker::RestoredSession* session = sessions.find(*id)) {
      session->subscriptions.push_back(std::move(*subscription));
    } else {
      drop(scan, recovered_.orphaned);
    }
    return {};
  });
}

void Recovery::read_received() {
  SessionCursor sessions(recovered_.sessions);
  for_each_row(Family::received, [&](const TableScan& scan) -> std::string_view {
    ByteReader key(as_bytes(scan.key()));
    const StoredId id{key.big<std::uint64_t>()};
    const mqtt::PacketId packet_id{key.big<std::uint16_t>()};
    if (!key.ok() || !key.is_at_end() || packet_id == mqtt::PacketId::none) {
      return is_no_key;
    }
    if (broker::RestoredSession* session = sessions.find(id)) {
      session->received.push_back(packet_id);
    } else {
      drop(scan, recovered_.orphaned);
    }
    return {};
  });
}

/// What was sent of a copy; rows of copies that are no more are erased on the way.
std::optional<Flight> Recovery::take_flight(CopyName copy, TableScan& flights) {
  for (; flights.has_row(); flights.next()) {
    const auto name = copy_of_key(flights.key());
    if (name && *name > copy) {
      return std::nullopt;
    }
    const auto flight = decode_flight(flights.value());
    if (!name || !flight) {
      errors_.unreadable(flights, name ? is_no_value : is_no_key);
      write_.erase(Family::flights, flights.key());
    } else if (*name == copy) {
      flights.next();
      return flight;
    } else {
      drop(flights, recovered_.orphaned);
    }
  }
  return std::nullopt;
}

std::string_view Recovery::read_transit_row(CopyName name, const TableScan& scan) {
  auto pending = decode_pending(scan.value(), options_.clock);
  if (!pending) {
    return is_no_value;
  }
  pending->copy.message = name.message;
  auto transit = read_transit(name.session, pending->copy);
  if (!transit) {
    return is_no_value;
  }
  recovered_.transits.push_back({*transit, broker::Message::make(pending->message)});
  return {};
}

std::string_view Recovery::read_copy(const TableScan& scan, SessionCursor& sessions,
                                     TableScan& flights) {
  const auto name = copy_of_key(scan.key());
  if (!name) {
    return is_no_key;
  }
  if (is_transit_session(name->session)) {
    return read_transit_row(*name, scan);
  }
  broker::RestoredSession* session = sessions.find(name->session);
  if (session == nullptr) {
    drop(scan, recovered_.orphaned);  // and what was sent of it, by `take_flight`
    return {};
  }
  const auto flight = take_flight(*name, flights);
  auto pending = decode_pending(scan.value(), options_.clock);
  if (!pending) {
    return is_no_value;
  }
  // What was sent already is brought to its end, however late (MQTT 5 §3.3.2.3.3).
  if (!flight && pending->message.expires <= options_.now) {
    drop(scan, recovered_.expired);
    return {};
  }
  pending->copy.message = name->message;
  if (flight) {
    pending->copy.packet_id = flight->packet_id;
    pending->copy.is_released = flight->is_released;
  }
  session->queue.push_back(std::move(pending->copy));
  ++recovered_.queued;
  return {};
}

void Recovery::read_queues() {
  SessionCursor sessions(recovered_.sessions);
  TableScan flights(database_, Family::flights);
  for_each_row(Family::pending,
               [&](const TableScan& scan) { return read_copy(scan, sessions, flights); });
  constexpr CopyName behind_all{StoredId{~std::uint64_t{0}}, KeptId{~std::uint64_t{0}}};
  (void)take_flight(behind_all, flights);
  std::ranges::sort(recovered_.transits, {},
                    [](const broker::RestoredTransit& each) { return each.transit.message; });
  errors_.require_end(flights);
}

void Recovery::read_retained() {
  for_each_row(Family::retained, [&](const TableScan& scan) -> std::string_view {
    ByteReader key(as_bytes(scan.key()));
    const NamespaceId space{key.big<std::uint16_t>()};
    if (!key.ok()) {
      return is_no_key;
    }
    const auto found = decode_retained(key.text(key.left()), scan.value(), options_.clock);
    if (!found) {
      return is_no_value;
    }
    if (found->message.expires <= options_.now) {
      drop(scan, recovered_.expired);
      return {};
    }
    ++recovered_.retained;
    if (options_.retained) {
      options_.retained(space, found->message, found->publisher);
    }
    return {};
  });
}

}  // namespace

Recovered recover(Database& database, const RecoveryOptions& options) {
  return Recovery(database, options).run();
}

}  // namespace peal::store
