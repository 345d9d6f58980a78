// A password file while `peal passwd` changes it: read whole, changed in memory, and put in its
// place whole, so that neither a crash nor a server that reads it meanwhile sees a half. Lines that
// are not changed stay as they are, comments among them.
//
// Its directory is locked for as long as the object lives: of two programs that change one file at
// the same time, the second one waits for the first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "peal/auth/password_hash.hpp"

namespace peal::cli {

/// All members throw std::runtime_error, with the path and what to do, when the system refuses.
class PasswdFile {
 public:
  enum class Start : std::uint8_t {
    existing,  // with what is in the file, which has to be there
    empty,     // with nothing, whatever is there
  };

  /// Refuses a file that could not be started with.
  static void require(const std::string& path, Start start);

  PasswdFile(const std::string& path, Start start);

  /// The user's one line is afterwards `user:hash`, where it was or at the end.
  void set(std::string_view user, std::string_view hash);

  /// returns   whether there was such a user.
  bool remove(std::string_view user);

  /// Makes hashes of the passwords that are plain text; leaves hashes alone.
  ///
  /// returns   how many there were.
  /// errors    std::runtime_error with `path:line: `: no colon, a bad user name, an empty password,
  ///           what looks like a hash and is none.
  std::size_t hash_plain_text(auth::HashKind kind);

  /// Puts it in its place, on the disk when this returns. A file that was there keeps its owner and
  /// its mode; a new one is for its owner alone (0600).
  void save();

 private:
  /// The directory of a file, open and locked.
  class Directory {
   public:
    Directory(const std::string& path, const std::string& target);
    ~Directory();
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;
    [[nodiscard]] int fd() const { return fd_; }

   private:
    int fd_;
  };

  std::string path_;    // what errors name
  std::string target_;  // the same behind symbolic links
  Directory directory_;
  std::vector<std::string> lines_;
};

}  // namespace peal::cli
