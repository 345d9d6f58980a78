#include "peal/net/private_directory.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace peal::net {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view lock_name = "lock";
constexpr std::string_view temporary_begin = ".new-";
constexpr std::size_t file_bytes_limit = std::size_t{1} << 20;
constexpr std::chrono::seconds lock_patience{10};

std::unexpected<std::string> failed(const std::string& path, std::string_view what, int error) {
  std::string text = path;
  text.append(" ").append(what).append(": ").append(std::generic_category().message(error));
  if (error == EACCES || error == EPERM) {
    text += "; it belongs to the user that the server runs as";
  } else if (error == ENOSPC || error == EDQUOT) {
    text += "; make room first";
  } else if (error == EROFS) {
    text += "; its file system cannot be written to";
  }
  return std::unexpected(std::move(text));
}

/// A descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t size = ::write(fd, text.data(), text.size());
    if (size < 0 && errno != EINTR) {
      return false;
    }
    text.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  }
  return true;
}

/// What root puts into somebody's directory belongs to that somebody, who has to read it.
bool give_to_owner_of(const std::string& directory, int fd) {
  struct stat status{};
  if (::stat(directory.c_str(), &status) != 0) {
    return false;
  }
  return status.st_uid == ::geteuid() || ::fchown(fd, status.st_uid, status.st_gid) == 0;
}

bool sync_directory(const std::string& path) {
  const Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // EINVAL: this file system knows no better.
  return directory.get() >= 0 && (::fsync(directory.get()) == 0 || errno == EINVAL);
}

}  // namespace

PrivateDirectory::Lock::~Lock() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

std::string PrivateDirectory::path_of(std::string_view name) const {
  std::string path = path_;
  return path.append("/").append(name);
}

bool PrivateDirectory::has(std::string_view name) const {
  struct stat status{};
  return ::lstat(path_of(name).c_str(), &status) == 0;
}

PrivateDirectory::Done PrivateDirectory::make() const {
  if (::mkdir(path_.c_str(), S_IRWXU) == 0) {
    const fs::path above = fs::path(path_).parent_path();
    const std::string parent = above.empty() ? "." : above.string();
    const Descriptor made(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (made.get() < 0 || !give_to_owner_of(parent, made.get())) {
      return failed(path_, "cannot be given to the owner of the directory above", errno);
    }
    if (!sync_directory(parent)) {
      return failed(path_, "cannot be synchronised with the disk", errno);
    }
    return {};
  }
  if (errno != EEXIST) {
    return failed(path_, "cannot be made", errno);
  }
  struct stat status{};
  if (::stat(path_.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    return std::unexpected(path_ + " is not a directory; move it away");
  }
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0 && ::chmod(path_.c_str(), S_IRWXU) != 0) {
    return failed(path_, "is open to other users and cannot be closed (chmod 700)", errno);
  }
  return {};
}

std::expected<PrivateDirectory::Lock, std::string> PrivateDirectory::lock() const {
  const std::string path = path_of(lock_name);
  Descriptor file(
      ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR));
  if (file.get() < 0 || !give_to_owner_of(path_, file.get())) {
    return failed(path, "cannot be opened", errno);
  }
  const auto deadline = std::chrono::steady_clock::now() + lock_patience;
  while (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) {
      return failed(path, "cannot be locked", errno);
    }
    if (std::chrono::steady_clock::now() > deadline) {
      return std::unexpected(path + " is held by another process; try again when it is done");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return Lock(file.release());
}

std::expected<std::string, std::string> PrivateDirectory::read(std::string_view name) const {
  const std::string path = path_of(name);
  // A pipe would let us wait for who never writes.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status{};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) {
    return failed(path, "cannot be read", errno);
  }
  if (!S_ISREG(status.st_mode)) {
    return std::unexpected(path + " is not a regular file; move it away");
  }
  std::string text;
  std::array<char, 4096> buffer{};
  for (;;) {
    const ssize_t size = ::read(file.get(), buffer.data(), buffer.size());
    if (size < 0 && errno != EINTR) {
      return failed(path, "cannot be read", errno);
    }
    if (size == 0) {
      return text;
    }
    text.append(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    if (text.size() > file_bytes_limit) {
      return std::unexpected(path + " is longer than a megabyte; it is none of ours");
    }
  }
}

PrivateDirectory::Done PrivateDirectory::write(std::string_view name, std::string_view text) const {
  const std::string path = path_of(name);
  std::string temporary = path_of(std::string(temporary_begin) + "XXXXXX");
  const Descriptor file(::mkostemp(temporary.data(), O_CLOEXEC));  // mode 0600
  if (file.get() < 0) {
    return failed(path, "cannot be written", errno);
  }
  if (!write_all(file.get(), text) || !give_to_owner_of(path_, file.get()) ||
      ::fsync(file.get()) != 0 || ::rename(temporary.c_str(), path.c_str()) != 0) {
    const int error = errno;
    ::unlink(temporary.c_str());
    return failed(path, "cannot be written", error);
  }
  if (!sync_directory(path_)) {
    return failed(path_, "cannot be synchronised with the disk", errno);
  }
  return {};
}

std::expected<std::vector<std::string>, std::string> PrivateDirectory::names() const {
  std::vector<std::string> found;
  std::error_code error;
  for (fs::directory_iterator at(path_, error), end; !error && at != end; at.increment(error)) {
    std::string name = at->path().filename().string();
    if (!name.starts_with('.') && at->is_regular_file(error)) {
      found.push_back(std::move(name));
    }
  }
  if (error) {
    return failed(path_, "cannot be read", error.value());
  }
  std::ranges::sort(found);
  return found;
}

void PrivateDirectory::remove_leftovers() const {
  std::error_code error;
  for (fs::directory_iterator at(path_, error), end; !error && at != end; at.increment(error)) {
    if (at->path().filename().string().starts_with(temporary_begin)) {
      std::error_code ignored;
      fs::remove(at->path(), ignored);
    }
  }
}

}  // namespace peal::net
