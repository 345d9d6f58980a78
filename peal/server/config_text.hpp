// What a text of the configuration leaves to somebody else: ${env:NAME} stands for a variable of
// the environment, ${file:PATH} for what is in a file (without the end of its last line), so that
// passwords need not stand in the configuration itself. $${ is a plain ${.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace peal::server {

struct ExpandedText {
  std::string text;
  std::vector<std::string> secrets;  // what was put in
};

/// errors   a clause with the variable or the file: not set, cannot be read, longer than 64 KiB,
///          no UTF-8.
[[nodiscard]] std::expected<ExpandedText, std::string> expand_text(std::string_view text);

/// Whether it stands for something else.    threads   pure.
[[nodiscard]] bool has_reference(std::string_view text);

/// The whole of a file, for the configuration.
/// errors   a clause: "cannot be read: No such file or directory", "is larger than ...".
[[nodiscard]] std::expected<std::string, std::string> read_whole_file(const std::string& path,
                                                                      std::size_t limit);

/// `text` with "***" for each of `secrets` that it has.
[[nodiscard]] std::string without_secrets(std::string text,
                                          const std::vector<std::string>& secrets);

}  // namespace peal::server
