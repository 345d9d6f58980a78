#include "peal/auth/password_file.hpp"

#include <algorithm>
#include <utility>

#include "peal/auth/text_lines.hpp"
#include "peal/base/trim.hpp"
#include "peal/mqtt/utf8.hpp"

namespace peal::auth {

namespace {

constexpr std::size_t max_user_bytes = 256;
constexpr std::size_t max_users = 1'000'000;

// A million users with the longest names and hashes there are take less.
constexpr TextFileKind password_file{.line_bytes = 4096,
                                     .file_bytes = std::size_t{1} << 30U,
                                     .form = "write USER:HASH",
                                     .if_missing = "`peal passwd -c FILE USER` makes one"};

/// C0 and C1, and DEL between them. `name` is UTF-8.
bool has_control_character(std::string_view name) {
  char last = 0;
  return std::ranges::any_of(name, [&last](char here) {
    const auto byte = static_cast<unsigned char>(here);
    const bool is_c1 = last == '\xC2' && byte < 0xA0;
    last = here;
    return byte < 0x20 || byte == 0x7F || is_c1;
  });
}

}  // namespace

std::string_view user_name_problem(std::string_view name) {
  if (name.empty()) {
    return "the user name is empty";
  }
  if (name.size() > max_user_bytes) {
    return "the user name is longer than 256 bytes";
  }
  if (!mqtt::is_utf8(name)) {
    return "the user name is not UTF-8";
  }
  if (has_control_character(name)) {
    return "the user name has a control character";
  }
  if (name.find(':') != std::string_view::npos) {
    return "the user name has a colon, which ends a user name";
  }
  if (name.front() == '#') {
    return "the user name begins with #, which begins a comment";
  }
  // Mosquitto takes them off: the same file would name other users there.
  if (trimmed(name).size() != name.size()) {
    return "the user name begins or ends with a blank";
  }
  return {};
}

std::expected<PasswordFile, std::string> PasswordFile::read(const std::string& path) {
  auto lines = TextLines::open(path, password_file);
  if (!lines) {
    return std::unexpected(std::move(lines.error()));
  }
  PasswordFile users;
  while (lines->next()) {
    if (const std::string problem = users.add(lines->line(), lines->number()); !problem.empty()) {
      return std::unexpected(lines->place() + problem);
    }
  }
  if (!lines->problem().empty()) {
    return std::unexpected(lines->problem());
  }
  return users;
}

const PasswordHash* PasswordFile::find(std::string_view user) const {
  const auto found = users_.find(user);
  return found == users_.end() ? nullptr : &found->second.hash;
}

std::string PasswordFile::add(std::string_view line, std::size_t number) {
  if (line.starts_with('#') || trimmed(line).empty()) {
    return {};
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) {
    return "the line has no colon; write USER:HASH, or # in front of a comment";
  }
  const std::string_view name = line.substr(0, colon);
  if (const std::string_view problem = user_name_problem(name); !problem.empty()) {
    return std::string(problem) + "; change it, or delete the line";
  }
  auto hash = PasswordHash::parse(trimmed(line.substr(colon + 1)));
  return hash ? add_user(name, std::move(*hash), number) : std::move(hash.error());
}

std::string PasswordFile::add_user(std::string_view name, PasswordHash hash, std::size_t number) {
  if (const auto found = users_.find(name); found != users_.end()) {
    return "the user '" + std::string(name) + "' stands on line " +
           std::to_string(found->second.line) + ", too; delete one of the two";
  }
  if (users_.size() == max_users) {
    return "there are more than 1000000 users; delete some";
  }
  users_.emplace(name, Entry{std::move(hash), number});
  return {};
}

}  // namespace peal::auth
