#include "peal/cli/new_file.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <stdexcept>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace peal::cli {

namespace {

[[noreturn]] void fail(const std::string& path, int error) {
  throw std::runtime_error(
      fmt::format("{} cannot be written: {}{}", path, std::generic_category().message(error),
                  error == EEXIST ? "; move it away, or choose another name" : ""));
}

}  // namespace

NewFile::NewFile(std::string path)
    : path_(std::move(path)),
      fd_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR)) {
  if (fd_ < 0) {
    fail(path_, errno);
  }
}

NewFile::~NewFile() {
  ::close(fd_);
  if (!is_written_) {
    ::unlink(path_.c_str());
  }
}

void NewFile::write(std::string_view text) {
  while (!text.empty()) {
    const ssize_t size = ::write(fd_, text.data(), text.size());
    if (size < 0 && errno != EINTR) {
      fail(path_, errno);
    }
    text.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  }
  if (::fsync(fd_) != 0 && errno != EINVAL) {
    fail(path_, errno);
  }
  is_written_ = true;
}

}  // namespace peal::cli
