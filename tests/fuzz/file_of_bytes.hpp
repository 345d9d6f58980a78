// Bytes under a path, for what reads files: without a disk.
#pragma once

#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "peal/base/assert.hpp"
#include "peal/base/bytes.hpp"

namespace peal::test {

/// A file in memory; one for a process, filled anew for each input.
class FileOfBytes {
 public:
  FileOfBytes() : fd_(::memfd_create("input", MFD_CLOEXEC)) {
    PEAL_ASSERT(fd_ >= 0 && ::fchmod(fd_, S_IRUSR | S_IWUSR) == 0);
  }
  ~FileOfBytes() { ::close(fd_); }
  FileOfBytes(const FileOfBytes&) = delete;
  FileOfBytes& operator=(const FileOfBytes&) = delete;

  void fill(Bytes bytes) {
    PEAL_ASSERT(::ftruncate(fd_, 0) == 0);
    PEAL_ASSERT(::pwrite(fd_, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  }
  [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};

/// What a person is told about it ends no line and moves no cursor.
inline void check_error(const std::string& error) {
  PEAL_ASSERT(!error.empty());
  for (const char c : error) {
    PEAL_ASSERT(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
  }
}

}  // namespace peal::test
