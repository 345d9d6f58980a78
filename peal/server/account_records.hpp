// Users, roles and bans as bytes of the store's named records, and back. (docs/formats/store.md)
//
// Decoders give nothing rather than more than was there. All pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "peal/auth/ban_list.hpp"
#include "peal/auth/user_book.hpp"
#include "peal/broker/ports/authorizer.hpp"

namespace peal::server {

/// A role that was made while the server ran.
struct StoredRole {
  std::string name;
  std::vector<std::string> users;  // with '*' for any text
  std::vector<std::string> rules;  // "allow publish devices/%u/#"
  broker::PublishRate rate;
};

[[nodiscard]] std::string encode(const auth::User& user);
[[nodiscard]] std::string encode(const StoredRole& role);
[[nodiscard]] std::string encode(const auth::Ban& ban);

/// `name`   of the record.
[[nodiscard]] std::optional<auth::User> decode_user(std::string_view name, std::string_view record);
[[nodiscard]] std::optional<StoredRole> decode_role(std::string_view name, std::string_view record);
[[nodiscard]] std::optional<auth::Ban> decode_ban(std::string_view name, std::string_view record);

/// "address 192.0.2.1": what a ban's record is called.
[[nodiscard]] std::string record_name(const auth::Ban& ban);

}  // namespace peal::server
