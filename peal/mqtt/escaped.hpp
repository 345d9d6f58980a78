// Text that somebody else chose, made fit for a line of a log, a message or a JSON string: it can
// neither end the line nor move a terminal's cursor nor turn the direction of reading around.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace peal::mqtt {

/// `text` with quotes and backslashes behind a backslash, and as \u001b control characters (C0,
/// DEL, C1), separators of lines, marks that turn the direction of writing, and bytes that are no
/// UTF-8. At most `limit` bytes of it, whole characters, then "...".
///
/// cost   O(limit), at most six bytes for each one.      threads   pure.
[[nodiscard]] std::string escaped(std::string_view text, std::size_t limit = 256);

/// A whole message, of which parts may be somebody else's: as `escaped`, but quotes and backslashes
/// stay, and nothing is cut.
[[nodiscard]] std::string printable(std::string_view message);

}  // namespace peal::mqtt
