// A file that a person writes, line by line: users, rules. Whoever can put another file in its
// place must not be able to hold the server up: nothing is waited for (a pipe, a device), nothing
// is kept beyond a limit, and what is refused is named by its place.
#pragma once

#include <cstddef>
#include <cstdio>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

namespace peal::auth {

/// What such a file may have, and what its writer is told. The texts live as long as the process.
struct TextFileKind {
  std::size_t line_bytes;
  std::size_t file_bytes;
  std::string_view form;        // "write USER:HASH"
  std::string_view if_missing;  // "`peal passwd -c FILE USER` makes one"
};

/// One reading: owned by its reader, on one thread.
class TextLines {
 public:
  /// Opens the file and looks at what it is.
  ///
  /// errors   a sentence that begins with `path: ` and says what to do: it cannot be read, is no
  ///          regular file, is larger than it may be, or everybody may write into it (who writes
  ///          users or rules may do everything).
  /// cost     waits for the disk.
  [[nodiscard]] static std::expected<TextLines, std::string> open(const std::string& path,
                                                                  const TextFileKind& kind);

  /// Goes on to the next line, which ends with LF, CR LF or the file. A byte order mark in front of
  /// the first one is left out.
  ///
  /// returns   false at the end, or when there is a `problem`.      cost   waits for the disk.
  [[nodiscard]] bool next();
  /// The line without its end; good until the next call.
  [[nodiscard]] std::string_view line() const { return line_; }
  /// Of the line, from 1.
  [[nodiscard]] std::size_t number() const { return number_; }
  /// What a sentence about the line begins with: "acl:3: ".
  [[nodiscard]] std::string place() const;
  /// Why it ended before the file did, a sentence with its place; empty when it did not.
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  using File = std::unique_ptr<std::FILE, Closer>;
  TextLines(std::string path, const TextFileKind& kind, File file);
  void read_line();

  std::string path_;
  TextFileKind kind_;
  File file_;
  std::string line_;
  std::size_t number_ = 0;
  std::size_t bytes_ = 0;
  std::string problem_;
};

/// Whether every user of this machine may read the file; false, too, when nobody can tell.
[[nodiscard]] bool is_readable_by_all(const std::string& path);

}  // namespace peal::auth
