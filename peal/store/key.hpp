// Keys of every family, and the names that are numbers. Big-endian, so that they sort by session
// and then by message, and a stream's pages in their order. (docs/formats/store.md)
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "peal/broker/ports/journal.hpp"
#include "peal/store/byte_order.hpp"

namespace peal::store {

using broker::KeptId;
using broker::NamespaceId;
using broker::StoredId;

/// What one worker writes in one run of the server. Never given twice.
enum class StreamId : std::uint32_t { none = 0 };
/// A page of a stream; counts up by one.
enum class PageNumber : std::uint64_t {};

inline constexpr unsigned sequence_bits = 40;
inline constexpr std::uint64_t sequence_limit = std::uint64_t{1} << sequence_bits;
/// The highest bit of an identifier stays clear.
inline constexpr std::uint32_t stream_limit = std::uint32_t{1} << 23;

[[nodiscard]] constexpr KeptId kept_id(StreamId stream, std::uint64_t sequence) {
  return KeptId{(std::uint64_t{static_cast<std::uint32_t>(stream)} << sequence_bits) | sequence};
}
[[nodiscard]] constexpr StreamId stream_of(KeptId id) {
  return StreamId{static_cast<std::uint32_t>(static_cast<std::uint64_t>(id) >> sequence_bits)};
}

[[nodiscard]] inline std::string session_key(StoredId session) {
  std::string key;
  put_big(key, static_cast<std::uint64_t>(session));
  return key;
}
/// The first key behind all of this session's.
[[nodiscard]] inline std::string behind_session_key(StoredId session) {
  return session_key(StoredId{static_cast<std::uint64_t>(session) + 1});
}
[[nodiscard]] inline std::string subscription_key(StoredId session, std::string_view filter) {
  return session_key(session).append(filter);
}
[[nodiscard]] inline std::string received_key(StoredId session, mqtt::PacketId packet_id) {
  std::string key = session_key(session);
  put_big(key, static_cast<std::uint16_t>(packet_id));
  return key;
}
/// Of `pend` and `flight`.
[[nodiscard]] inline std::string copy_key(StoredId session, KeptId message) {
  std::string key = session_key(session);
  put_big(key, static_cast<std::uint64_t>(message));
  return key;
}
[[nodiscard]] inline std::string retained_key(NamespaceId space, std::string_view topic) {
  std::string key;
  put_big(key, static_cast<std::uint16_t>(space));
  return key.append(topic);
}
[[nodiscard]] inline std::string page_key(StreamId stream, PageNumber page) {
  std::string key;
  put_big(key, static_cast<std::uint32_t>(stream));
  put_big(key, static_cast<std::uint64_t>(page));
  return key;
}

/// A session's key, or the first part of a longer one.
[[nodiscard]] inline std::optional<StoredId> session_of_key(std::string_view key) {
  ByteReader reader(as_bytes(key));
  const auto session = reader.big<std::uint64_t>();
  return reader.ok() ? std::optional(StoredId{session}) : std::nullopt;
}

struct CopyName {
  StoredId session{};
  KeptId message{};
  friend auto operator<=>(const CopyName&, const CopyName&) = default;
};
[[nodiscard]] inline std::optional<CopyName> copy_of_key(std::string_view key) {
  ByteReader reader(as_bytes(key));
  const auto session = reader.big<std::uint64_t>();
  const auto message = reader.big<std::uint64_t>();
  if (!reader.ok() || !reader.is_at_end()) {
    return std::nullopt;
  }
  return CopyName{StoredId{session}, KeptId{message}};
}

struct PageName {
  StreamId stream{};
  PageNumber number{};
  friend auto operator<=>(const PageName&, const PageName&) = default;
};
[[nodiscard]] inline std::optional<PageName> page_of_key(std::string_view key) {
  ByteReader reader(as_bytes(key));
  const auto stream = reader.big<std::uint32_t>();
  const auto number = reader.big<std::uint64_t>();
  if (!reader.ok() || !reader.is_at_end()) {
    return std::nullopt;
  }
  return PageName{StreamId{stream}, PageNumber{number}};
}

}  // namespace peal::store
