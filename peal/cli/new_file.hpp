// A file that was not there before, for its owner alone (0600): secrets are never written over
// something else, nor where others read along.
#pragma once

#include <string>
#include <string_view>

namespace peal::cli {

/// Gone again unless it was written.
class NewFile {
 public:
  /// Makes it, empty.    errors   std::runtime_error: there is such a file, no permission, ...
  explicit NewFile(std::string path);
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  /// All of it, once; on the disk when this returns.    errors   std::runtime_error.
  void write(std::string_view text);

 private:
  std::string path_;
  int fd_;
  bool is_written_ = false;
};

}  // namespace peal::cli
