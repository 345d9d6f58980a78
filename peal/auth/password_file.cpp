#include "peal/auth/password_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "peal/base/trim.hpp"
#include "peal/mqtt/utf8.hpp"

namespace peal::auth {

namespace {

constexpr std::size_t max_line_bytes = 4096;
constexpr std::size_t max_user_bytes = 256;
constexpr std::size_t max_users = 1'000'000;

struct Closer {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Closer>;

std::string unreadable(int error) {
  std::string text = "cannot be read: " + std::generic_category().message(error);
  if (error == ENOENT) {
    text += "; `peal passwd -c FILE USER` makes one";
  } else if (error == EACCES || error == EPERM) {
    text += "; give it to the user that the server runs as";
  }
  return text;
}

std::expected<File, std::string> open_file(const std::string& path) {
  // A pipe would let the server wait for who never writes.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    return std::unexpected(unreadable(errno));
  }
  struct stat status{};
  File file(::fdopen(fd, "r"));
  if (!file || ::fstat(fd, &status) != 0) {
    return std::unexpected(unreadable(errno));
  }
  if (!S_ISREG(status.st_mode)) {
    return std::unexpected("is not a regular file; name one with a line USER:HASH for each user");
  }
  return file;
}

/// Reads one line without its end; of one that is too long, one byte more than it may have.
///
/// returns   false at the end of the file, or when it cannot be read (std::ferror).
bool read_line(std::FILE* file, std::string& line) {
  line.clear();
  int byte = 0;
  while (line.size() <= max_line_bytes && (byte = ::getc_unlocked(file)) != EOF && byte != '\n') {
    line += static_cast<char>(byte);
  }
  return !line.empty() || byte == '\n';
}

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
  const auto file = open_file(path);
  if (!file) {
    return std::unexpected(path + ": " + file.error());
  }
  PasswordFile users;
  std::string line;
  for (std::size_t number = 1; read_line(file->get(), line); ++number) {
    if (const std::string problem = users.add(line, number); !problem.empty()) {
      return std::unexpected(path + ':' + std::to_string(number) + ": " + problem);
    }
  }
  if (std::ferror(file->get()) != 0) {
    return std::unexpected(path + ": " + unreadable(errno));
  }
  return users;
}

const PasswordHash* PasswordFile::find(std::string_view user) const {
  const auto found = users_.find(user);
  return found == users_.end() ? nullptr : &found->second.hash;
}

std::string PasswordFile::add(std::string_view line, std::size_t number) {
  if (line.size() > max_line_bytes) {
    return "the line is longer than 4096 bytes; write USER:HASH";
  }
  if (line.ends_with('\r')) {
    line.remove_suffix(1);
  }
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
