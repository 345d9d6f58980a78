// Lines from a descriptor that may be a pipe: read when it is ready, take what is complete.
#pragma once

#include <optional>
#include <string>

namespace peal::cli {

class LineReader {
 public:
  explicit LineReader(int fd) : fd_(fd) {}

  /// Reads once, waiting if nothing is there.
  void read();
  /// The next line, without its end. At the end of the input also what has no end of line.
  [[nodiscard]] std::optional<std::string> take();
  /// Whether everything was read (and, after `take` gave nothing, taken).
  [[nodiscard]] bool is_at_end() const { return is_at_end_; }

 private:
  int fd_;
  bool is_at_end_ = false;
  std::string text_;
  std::size_t begin_ = 0;
};

}  // namespace peal::cli
