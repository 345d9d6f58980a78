#include "peal/store/directory.hpp"

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "peal/store/store_error.hpp"

namespace peal::store {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view marker_text =
    "This directory is a store of the MQTT server Peal. `peal store check` looks into it.\n";

[[noreturn]] void refuse(const fs::path& directory, std::string_view why) {
  throw StoreError("the store directory " + directory.string() + " " + std::string(why));
}

std::string reason(int error) { return std::generic_category().message(error); }

[[noreturn]] void refuse_error(const fs::path& directory, std::string_view what, int error) {
  std::string why(what);
  why += ": " + reason(error);
  if (error == EACCES || error == EPERM) {
    why += "; give it to the user that the server runs as, or name another one";
  } else if (error == EROFS) {
    why += "; name one on a file system that can be written to";
  } else if (error == ENOSPC) {
    why += "; make room, or name another one";
  }
  refuse(directory, why);
}

/// Whether the directory has nothing in it but what a file system itself puts there.
bool has_nothing(const fs::path& directory) {
  std::error_code error;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    if (at->path().filename() != "lost+found") {
      return false;
    }
  }
  if (error) {
    refuse_error(directory, "cannot be read", error.value());
  }
  return true;
}

bool has_marker(const fs::path& directory) {
  std::error_code error;
  return fs::is_regular_file(directory / marker_name, error);
}

void make(const fs::path& directory) {
  std::error_code error;
  const fs::path parent = directory.parent_path();
  if (!parent.empty()) {
    fs::create_directories(parent, error);
  }
  if (error) {
    refuse_error(directory, "cannot be made", error.value());
  }
  if (::mkdir(directory.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
    refuse_error(directory, "cannot be made", errno);
  }
}

void mark(const fs::path& directory) {
  const std::string path = (directory / marker_name).string();
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  const bool is_written = fd >= 0 &&
                          ::write(fd, marker_text.data(), marker_text.size()) ==
                              static_cast<ssize_t>(marker_text.size()) &&
                          ::fsync(fd) == 0;
  const int error = errno;
  if (fd >= 0) {
    ::close(fd);
  }
  if (!is_written) {
    refuse_error(directory, "cannot be written to", error);
  }
}

/// errors   not a directory, or no access as `mode` says.
void require_access(const fs::path& directory, int mode) {
  std::error_code error;
  if (!fs::is_directory(directory, error)) {
    refuse(directory, error ? "cannot be read: " + error.message() : "is not a directory");
  }
  if (::access(directory.c_str(), mode) != 0) {
    refuse_error(directory, mode == R_OK ? "cannot be read" : "cannot be written to", errno);
  }
}

constexpr std::string_view is_foreign =
    "is not empty and not a store of Peal; name another one (nothing was written into it)";

}  // namespace

void prepare_directory(const fs::path& directory) {
  std::error_code error;
  if (!fs::exists(directory, error)) {
    make(directory);
  }
  require_access(directory, R_OK | W_OK | X_OK);
  if (has_marker(directory)) {
    return;
  }
  if (!has_nothing(directory)) {
    refuse(directory, is_foreign);
  }
  // RocksDB makes its files for everybody to read: the directory has to keep others out.
  (void)::chmod(directory.c_str(), S_IRWXU);
  mark(directory);
}

void require_store(const fs::path& directory) {
  std::error_code error;
  if (!fs::exists(directory, error)) {
    refuse(directory, "does not exist");
  }
  require_access(directory, R_OK | W_OK | X_OK);
  if (!has_marker(directory)) {
    refuse(directory, "is not a store of Peal");
  }
}

}  // namespace peal::store
