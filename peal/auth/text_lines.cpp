#include "peal/auth/text_lines.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace peal::auth {

namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

std::string unreadable(int error, const TextFileKind& kind) {
  std::string text = "cannot be read: " + std::generic_category().message(error);
  if (error == ENOENT) {
    text.append("; ").append(kind.if_missing);
  } else if (error == EACCES || error == EPERM) {
    text += "; give it to the user that the server runs as";
  }
  return text;
}

/// What speaks against a file like that, a clause; empty when nothing does.
std::string problem_of(const struct stat& status, const TextFileKind& kind) {
  if (!S_ISREG(status.st_mode)) {
    return "is not a regular file; name one with lines: " + std::string(kind.form);
  }
  if ((status.st_mode & S_IWOTH) != 0) {
    return "may be written by every user of this machine, who could let anybody in; `chmod o-w` it";
  }
  if (static_cast<std::uintmax_t>(status.st_size) > kind.file_bytes) {
    return "is larger than " + std::to_string(kind.file_bytes >> 20U) + " MiB; make it shorter";
  }
  return {};
}

}  // namespace

std::expected<TextLines, std::string> TextLines::open(const std::string& path,
                                                      const TextFileKind& kind) {
  const auto refuse = [&](const std::string& why) { return std::unexpected(path + ": " + why); };
  // A pipe would let the server wait for who never writes.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    return refuse(unreadable(errno, kind));
  }
  File file(::fdopen(fd, "r"));
  if (!file) {
    const int error = errno;
    ::close(fd);
    return refuse(unreadable(error, kind));
  }
  struct stat status{};
  if (::fstat(fd, &status) != 0) {
    return refuse(unreadable(errno, kind));
  }
  if (const std::string problem = problem_of(status, kind); !problem.empty()) {
    return refuse(problem);
  }
  return TextLines(path, kind, std::move(file));
}

TextLines::TextLines(std::string path, const TextFileKind& kind, File file)
    : path_(std::move(path)), kind_(kind), file_(std::move(file)) {}

std::string TextLines::place() const { return path_ + ':' + std::to_string(number_) + ": "; }

/// Of a line that is too long, no more is kept than tells that it is.
void TextLines::read_line() {
  const std::size_t enough = kind_.line_bytes + 2;  // CR, and one byte too many
  line_.clear();
  int byte = 0;
  while (line_.size() < enough && (byte = ::getc_unlocked(file_.get())) != EOF && byte != '\n') {
    line_ += static_cast<char>(byte);
  }
  bytes_ += line_.size() + (byte == '\n' ? 1 : 0);
  if (line_.ends_with('\r')) {
    line_.pop_back();
  }
}

bool TextLines::next() {
  if (!problem_.empty()) {
    return false;
  }
  const std::size_t before = bytes_;
  read_line();
  if (std::ferror(file_.get()) != 0) {
    problem_ = path_ + ": " + unreadable(errno, kind_);
    return false;
  }
  if (bytes_ == before) {
    return false;
  }
  ++number_;
  if (number_ == 1 && line_.starts_with(byte_order_mark)) {
    line_.erase(0, byte_order_mark.size());
  }
  if (line_.size() > kind_.line_bytes) {
    problem_ = place() + "the line is longer than " + std::to_string(kind_.line_bytes) +
               " bytes; " + std::string(kind_.form);
  } else if (bytes_ > kind_.file_bytes) {  // it grew since it was opened, or its size is not told
    problem_ = place() + "the file goes on for more than " +
               std::to_string(kind_.file_bytes >> 20U) + " MiB; make it shorter";
  }
  return problem_.empty();
}

bool is_readable_by_all(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && (status.st_mode & S_IROTH) != 0;
}

}  // namespace peal::auth
