// A directory of secrets: for its owner alone (0700, files 0600), every file put in its place
// whole, and one writer at a time.
//
// A file is written under a temporary name, fsynced and renamed, so that neither a crash nor a
// reader meets a half. What a crash left under a temporary name is removed by the next writer. What
// root makes here belongs to the directory's owner.
// Names are the caller's own, never a peer's text.
//
// Nothing is kept open but the lock; any thread, any process.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace peal::net {

class PrivateDirectory {
 public:
  /// Whether it worked; a sentence with the path and what to do when it did not.
  using Done = std::expected<void, std::string>;

  /// The right to write; given back when destroyed.
  class Lock {
   public:
    explicit Lock(int fd) : fd_(fd) {}
    ~Lock();
    Lock(Lock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Lock& operator=(Lock&&) = delete;

   private:
    int fd_;
  };

  explicit PrivateDirectory(std::string path) : path_(std::move(path)) {}

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string path_of(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const;

  /// Makes it unless it is there; not the directories above it.
  [[nodiscard]] Done make() const;
  /// Waits for another writer, some seconds at most.
  [[nodiscard]] std::expected<Lock, std::string> lock() const;
  /// The whole file.    errors   cannot be read, no regular file, longer than a megabyte.
  [[nodiscard]] std::expected<std::string, std::string> read(std::string_view name) const;
  /// On the disk when this returns. Replaces what has the name.
  [[nodiscard]] Done write(std::string_view name, std::string_view text) const;
  /// Sorted names of regular files, none that begins with a dot.
  [[nodiscard]] std::expected<std::vector<std::string>, std::string> names() const;
  /// Removes what a crash left behind; call with the lock.
  void remove_leftovers() const;

 private:
  std::string path_;
};

}  // namespace peal::net
