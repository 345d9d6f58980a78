// The users of a server, as Mosquitto's password files list them: `user:hash`, one on a line; empty
// lines and lines that begin with # say nothing. `peal passwd` and mosquitto_passwd write them.
//
// A file is read whole or refused whole: a server that knew half of its users would lock the other
// half out, and nobody would see why.
#pragma once

#include <cstddef>
#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "peal/auth/password_hash.hpp"
#include "peal/base/text_hash.hpp"

namespace peal::auth {

/// What speaks against `name` as a user of such a file, a clause; empty when nothing does.
///
/// cost   O(size), no allocation.      threads   pure.
[[nodiscard]] std::string_view user_name_problem(std::string_view name);

/// One reading of a file: a value. Whoever wants to see changes reads again.
class PasswordFile {
 public:
  /// errors   a sentence with `path:line: ` in front that says what to do: a file that `TextLines`
  ///          refuses (at most 1 GiB, 4 KiB a line), a line without a colon, a bad user name, a
  ///          user twice, a hash that does not parse, more than a million users.
  /// cost     O(size), about two microseconds a user: nothing is hashed. Waits for the disk.
  [[nodiscard]] static std::expected<PasswordFile, std::string> read(const std::string& path);

  /// returns  the user's hash, which lives as long as this object is neither moved nor destroyed;
  ///          null when there is no such user.      cost   O(1), no allocation.
  [[nodiscard]] const PasswordHash* find(std::string_view user) const;

  /// The hash of some user; null when there is none. Lives as one that was found.
  [[nodiscard]] const PasswordHash* any() const {
    return users_.empty() ? nullptr : &users_.begin()->second.hash;
  }

  [[nodiscard]] std::size_t size() const { return users_.size(); }

 private:
  struct Entry {
    PasswordHash hash;
    std::size_t line;
  };

  /// returns   what is wrong with the line; empty when nothing is.
  std::string add(std::string_view line, std::size_t number);
  std::string add_user(std::string_view name, PasswordHash hash, std::size_t number);

  std::unordered_map<std::string, Entry, TextHash, std::equal_to<>> users_;
};

}  // namespace peal::auth
