#include "peal/cli/passwd_file.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "peal/auth/password_file.hpp"
#include "peal/base/trim.hpp"

namespace peal::cli {

namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& path, std::string_view what) {
  throw std::runtime_error(fmt::format("{}: {}", path, what));
}

[[noreturn]] void fail(const std::string& path, std::string_view what, int error) {
  std::string_view remedy;
  if (error == EACCES || error == EPERM) {
    remedy = "; run this as its owner or as root";
  } else if (error == ENOSPC || error == EDQUOT) {
    remedy = "; make room first";
  } else if (error == EROFS) {
    remedy = "; name one on a file system that can be written to";
  } else if (error == ENOENT) {
    remedy = "; make its directory first";
  }
  fail(path, fmt::format("{}: {}{}", what, std::generic_category().message(error), remedy));
}

/// A new file beside the one that it will replace; gone again unless `put` was reached.
class Replacement {
 public:
  Replacement(const std::string& path, const std::string& target)
      : path_(path), target_(target), name_(target + ".XXXXXX") {
    fd_ = ::mkostemp(name_.data(), O_CLOEXEC);  // mode 0600
    if (fd_ < 0) {
      fail(path_, "cannot be written", errno);
    }
  }
  ~Replacement() {
    ::close(fd_);
    if (!is_put_) {
      ::unlink(name_.c_str());
    }
  }
  Replacement(const Replacement&) = delete;
  Replacement& operator=(const Replacement&) = delete;

  void write(std::string_view text) {
    while (!text.empty()) {
      const ssize_t size = ::write(fd_, text.data(), text.size());
      if (size < 0 && errno != EINTR) {
        fail(path_, "cannot be written", errno);
      }
      text.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    }
  }

  /// Owner first: in the meantime nobody may read it who could not before.
  void take_owner_and_mode() {
    struct stat status{};
    if (::stat(target_.c_str(), &status) != 0) {
      return;
    }
    if (::fchown(fd_, status.st_uid, status.st_gid) != 0) {
      fail(path_, "cannot keep its owner and group", errno);
    }
    if (::fchmod(fd_, status.st_mode & 07777) != 0) {
      fail(path_, "cannot keep its mode", errno);
    }
  }

  void put() {
    if (::fsync(fd_) != 0 || ::rename(name_.c_str(), target_.c_str()) != 0) {
      fail(path_, "cannot be written", errno);
    }
    is_put_ = true;
  }

 private:
  const std::string& path_;
  const std::string& target_;
  std::string name_;
  int fd_ = -1;
  bool is_put_ = false;
};

/// Behind symbolic links, which stay: the file is replaced where it is.
std::string behind_links(const std::string& path) {
  std::error_code error;
  const fs::path target = fs::weakly_canonical(fs::absolute(path, error), error);
  if (error) {
    fail(path, "cannot be found", error.value());
  }
  return target.string();
}

std::vector<std::string> read_lines(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    lines.push_back(std::move(line));
  }
  if (!file.eof()) {  // it was not opened, or not read to its end
    fail(path, "cannot be read", errno);
  }
  return lines;
}

/// A line as reading sees it.
struct Entry {
  std::string_view user;
  std::string_view rest;  // behind the colon
};

/// returns   nothing for a comment and for a line without a colon.
std::optional<Entry> entry_of(std::string_view line) {
  if (line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  const std::size_t colon = line.find(':');
  if (line.starts_with('#') || colon == std::string_view::npos) {
    return std::nullopt;
  }
  return Entry{.user = line.substr(0, colon), .rest = line.substr(colon + 1)};
}

bool is_line_of(std::string_view user, std::string_view line) {
  const auto entry = entry_of(line);
  return entry && entry->user == user;
}

constexpr std::string_view blanks = " \t\r";

bool is_hash(std::string_view text) {
  return auth::PasswordHash::parse(trimmed(text, blanks)).has_value();
}

/// What speaks against making a hash of the plain text in `entry`; empty when nothing does.
std::string plain_text_problem(const Entry& entry) {
  if (const auto problem = auth::user_name_problem(entry.user); !problem.empty()) {
    return fmt::format("{}; change it, or delete the line", problem);
  }
  if (entry.rest.empty()) {
    return "the password is empty; write one, or delete the line";
  }
  if (entry.rest.size() > auth::max_password_bytes) {
    return "the password is longer than MQTT allows; write a shorter one";
  }
  // A hash of a damaged or foreign hash would lock the user out, and nobody could tell.
  const std::string_view text = trimmed(entry.rest, blanks);
  if (text.starts_with('$') && text.find('$', 1) != std::string_view::npos) {
    return "this looks like a hash, but is none that Peal can read; delete the line and set the "
           "password with `peal passwd FILE USER`";
  }
  return {};
}

}  // namespace

void PasswdFile::require(const std::string& path, Start start) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) {
    if (start == Start::existing) {
      fail(path, "does not exist; `peal passwd -c FILE USER` makes it");
    }
    return;
  }
  if (error) {
    fail(path, "cannot be read", error.value());
  }
  if (!fs::is_regular_file(status)) {
    fail(path, "is not a regular file; name another one");
  }
  if (start == Start::existing && ::access(path.c_str(), R_OK) != 0) {
    fail(path, "cannot be read", errno);
  }
}

PasswdFile::PasswdFile(const std::string& path, Start start)
    : path_(path), target_(behind_links(path)), directory_(path_, target_) {
  require(path_, start);
  if (start == Start::existing) {
    lines_ = read_lines(path_);
  }
}

PasswdFile::Directory::Directory(const std::string& path, const std::string& target)
    : fd_(::open(fs::path(target).parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (fd_ < 0) {
    fail(path, "cannot be written", errno);
  }
  // Where the file system has no locks, two writers at once stay the administrator's care.
  (void)::flock(fd_, LOCK_EX);
}

PasswdFile::Directory::~Directory() { ::close(fd_); }

void PasswdFile::set(std::string_view user, std::string_view hash) {
  const auto is_theirs = [user](const std::string& line) { return is_line_of(user, line); };
  std::string line = fmt::format("{}:{}", user, hash);
  const auto first = std::ranges::find_if(lines_, is_theirs);
  if (first == lines_.end()) {
    lines_.push_back(std::move(line));
    return;
  }
  *first = std::move(line);
  lines_.erase(std::remove_if(first + 1, lines_.end(), is_theirs), lines_.end());
}

bool PasswdFile::remove(std::string_view user) {
  return std::erase_if(lines_, [user](const std::string& line) { return is_line_of(user, line); }) >
         0;
}

std::size_t PasswdFile::hash_plain_text(auth::HashKind kind) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    if (lines_[i].starts_with('#') || trimmed(lines_[i], blanks).empty()) {
      continue;
    }
    const auto entry = entry_of(lines_[i]);
    if (entry && is_hash(entry->rest)) {
      continue;
    }
    const std::string problem =
        entry ? plain_text_problem(*entry)
              : "the line has no colon; write USER:PASSWORD, or # in front of a comment";
    if (!problem.empty()) {
      fail(fmt::format("{}:{}", path_, i + 1), problem);
    }
    lines_[i] = fmt::format("{}:{}", entry->user, auth::hash_password(as_bytes(entry->rest), kind));
    ++count;
  }
  return count;
}

void PasswdFile::save() {
  std::string text;
  for (const std::string& line : lines_) {
    text.append(line).push_back('\n');
  }
  Replacement file(path_, target_);
  file.write(text);
  file.take_owner_and_mode();
  file.put();
  // The name has to be on the disk, too; EINVAL: this file system knows no better.
  if (::fsync(directory_.fd()) != 0 && errno != EINVAL) {
    fail(path_, "cannot be synchronised with the disk", errno);
  }
}

}  // namespace peal::cli
