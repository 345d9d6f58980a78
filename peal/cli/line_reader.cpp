#include "peal/cli/line_reader.hpp"

#include <array>
#include <cerrno>
#include <unistd.h>

namespace peal::cli {

void LineReader::read() {
  text_.erase(0, begin_);
  begin_ = 0;
  std::array<char, 65536> buffer;
  const ssize_t size = ::read(fd_, buffer.data(), buffer.size());
  if (size > 0) {
    text_.append(buffer.data(), static_cast<std::size_t>(size));
  } else if (size == 0 || (errno != EINTR && errno != EAGAIN)) {
    is_at_end_ = true;
  }
}

std::optional<std::string> LineReader::take() {
  const std::size_t end = text_.find('\n', begin_);
  if (end == std::string::npos && (!is_at_end_ || begin_ == text_.size())) {
    return std::nullopt;
  }
  std::string line = text_.substr(begin_, end == std::string::npos ? end : end - begin_);
  begin_ = end == std::string::npos ? text_.size() : end + 1;
  return line;
}

}  // namespace peal::cli
