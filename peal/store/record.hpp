// The values of the tables, and the records of the log's pages, as bytes. (docs/formats/store.md)
//
// Encoders append to a string. Decoders take bytes that anything may have happened to: they give
// nothing rather than more than was there, never assert, and never allocate more than they were
// given. What they return are views into the bytes unless it says otherwise. All pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "peal/broker/ports/journal.hpp"
#include "peal/store/byte_order.hpp"
#include "peal/store/key.hpp"
#include "peal/store/wall_clock.hpp"

namespace peal::store {

/// The first byte of every value, but for retained messages.
inline constexpr std::uint8_t format_version = 1;
/// 2: with who published it.
inline constexpr std::uint8_t retained_format_version = 2;

/// A session's copy of a message, the message with it.
struct PendingView {
  broker::StoredCopy copy;  // `message`, `packet_id` and `is_released` are not in the value
  broker::MessageFields message;
};

struct Flight {
  mqtt::PacketId packet_id{};
  bool is_released = false;
};

void encode_session(std::string& out, const broker::StoredSession& session, const WallClock& clock);
/// Owned; its id, subscriptions, identifiers and queue are elsewhere.
[[nodiscard]] std::optional<broker::RestoredSession> decode_session(Bytes value,
                                                                    const WallClock& clock);

void encode_subscription(std::string& out, const broker::StoredSubscription& subscription);
/// `filter`   from the key.
[[nodiscard]] std::optional<broker::StoredSubscription> decode_subscription(std::string_view filter,
                                                                            Bytes value);

void encode_pending(std::string& out, const broker::StoredCopy& copy,
                    const broker::MessageFields& message, const WallClock& clock);
[[nodiscard]] std::optional<PendingView> decode_pending(Bytes value, const WallClock& clock);

/// A retained message; `publisher` without a Client Identifier: not known.
struct RetainedView {
  broker::MessageFields message;
  broker::ClientIdentity publisher;
};
void encode_retained(std::string& out, const broker::MessageFields& message,
                     const broker::ClientIdentity& publisher, const WallClock& clock);
/// `topic`   from the key. Of version 1, too, in which nobody is known.
[[nodiscard]] std::optional<RetainedView> decode_retained(std::string_view topic, Bytes value,
                                                          const WallClock& clock);

void encode_flight(std::string& out, Flight flight);
[[nodiscard]] std::optional<Flight> decode_flight(Bytes value);

/// One number of `meta`.
void encode_number(std::string& out, std::uint64_t number);
[[nodiscard]] std::optional<std::uint64_t> decode_number(Bytes value);

// --- Records of a page -------------------------------------------------------------------------

struct MessageRecord {
  KeptId id{};
  broker::MessageFields message;
};
struct AttachRecord {
  StoredId session{};
  broker::StoredCopy copy;
};
struct DoneRecord {
  StoredId session{};
  KeptId message{};
};
using Record = std::variant<MessageRecord, AttachRecord, DoneRecord>;

void append_message(std::string& out, KeptId id, const broker::MessageFields& message,
                    const WallClock& clock);
void append_attach(std::string& out, StoredId session, const broker::StoredCopy& copy);
void append_done(std::string& out, StoredId session, KeptId message);

/// Reads one record; a failure sticks in `reader`.
[[nodiscard]] Record read_record(ByteReader& reader, const WallClock& clock);

}  // namespace peal::store
