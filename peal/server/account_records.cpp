#include "peal/server/account_records.hpp"

#include <chrono>

#include "peal/store/byte_order.hpp"

namespace peal::server {

namespace {

using store::ByteReader;
using store::put_little;
using SystemTime = std::chrono::system_clock::time_point;

constexpr unsigned device_bit = 1U << 0;
constexpr unsigned disabled_bit = 1U << 1;
constexpr unsigned known_bits = device_bit | disabled_bit;

void put_text(std::string& out, std::string_view text) {
  put_little(out, static_cast<std::uint32_t>(text.size()));
  out.append(text);
}
std::string take_text(ByteReader& reader) {
  return std::string(reader.text(reader.little<std::uint32_t>()));
}

void put_list(std::string& out, const std::vector<std::string>& list) {
  put_little(out, static_cast<std::uint32_t>(list.size()));
  for (const std::string& text : list) {
    put_text(out, text);
  }
}
std::vector<std::string> take_list(ByteReader& reader) {
  const auto count = reader.little<std::uint32_t>();
  std::vector<std::string> list;
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
    list.push_back(take_text(reader));
  }
  return list;
}

/// Seconds since 1970.
void put_time(std::string& out, SystemTime time) {
  put_little(
      out, static_cast<std::int64_t>(
               std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count()));
}
SystemTime take_time(ByteReader& reader) {
  constexpr std::int64_t latest = 1LL << 33;  // what a nanosecond clock can hold, by far
  const auto seconds = reader.little<std::int64_t>();
  reader.require(seconds >= 0 && seconds <= latest);
  return SystemTime{std::chrono::seconds{reader.ok() ? seconds : 0}};
}

template <typename T>
std::optional<T> whole(const ByteReader& reader, T value) {
  return reader.ok() && reader.is_at_end() ? std::optional(std::move(value)) : std::nullopt;
}

}  // namespace

std::string encode(const auth::User& user) {
  std::string out;
  put_little(out, static_cast<std::uint8_t>((user.is_device ? device_bit : 0U) |
                                            (user.is_disabled ? disabled_bit : 0U)));
  put_time(out, user.created);
  put_text(out, user.password);
  put_list(out, user.roles);
  return out;
}

std::optional<auth::User> decode_user(std::string_view name, std::string_view record) {
  ByteReader reader(as_bytes(record));
  auth::User user;
  user.name = name;
  const auto flags = reader.little<std::uint8_t>();
  reader.require(flags <= known_bits);
  user.is_device = (flags & device_bit) != 0;
  user.is_disabled = (flags & disabled_bit) != 0;
  user.created = take_time(reader);
  user.password = take_text(reader);
  user.roles = take_list(reader);
  return whole(reader, std::move(user));
}

std::string encode(const StoredRole& role) {
  std::string out;
  put_list(out, role.users);
  put_list(out, role.rules);
  for (const std::uint64_t number : {role.rate.messages_per_second, role.rate.messages_burst,
                                     role.rate.bytes_per_second, role.rate.bytes_burst}) {
    put_little(out, number);
  }
  return out;
}

std::optional<StoredRole> decode_role(std::string_view name, std::string_view record) {
  ByteReader reader(as_bytes(record));
  StoredRole role;
  role.name = name;
  role.users = take_list(reader);
  role.rules = take_list(reader);
  role.rate.messages_per_second = reader.little<std::uint64_t>();
  role.rate.messages_burst = reader.little<std::uint64_t>();
  role.rate.bytes_per_second = reader.little<std::uint64_t>();
  role.rate.bytes_burst = reader.little<std::uint64_t>();
  return whole(reader, std::move(role));
}

std::string encode(const auth::Ban& ban) {
  std::string out;
  put_time(out, ban.until.value_or(SystemTime{}));
  put_text(out, ban.reason);
  return out;
}

std::optional<auth::Ban> decode_ban(std::string_view name, std::string_view record) {
  ByteReader reader(as_bytes(record));
  const std::size_t blank = name.find(' ');
  const auto kind = auth::ban_kind_of(name.substr(0, blank));
  reader.require(kind.has_value() && blank != std::string_view::npos);
  auth::Ban ban;
  const SystemTime until = take_time(reader);
  if (until != SystemTime{}) {
    ban.until = until;
  }
  ban.reason = take_text(reader);
  if (!reader.ok() || !kind) {
    return std::nullopt;
  }
  ban.kind = *kind;
  ban.name = name.substr(blank + 1);
  return whole(reader, std::move(ban));
}

std::string record_name(const auth::Ban& ban) {
  return std::string(auth::word_of(ban.kind)) + " " + ban.name;
}

}  // namespace peal::server
