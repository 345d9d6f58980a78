// Asks for a password: on a terminal without showing it, elsewhere from the standard input.
#pragma once

#include <string>
#include <string_view>

namespace peal::cli {

/// Twice the same from a terminal, or one line when the standard input is none.
///
/// returns   the bytes before the end of the line.
/// errors    std::runtime_error: the input ends before, the two differ, an interrupt.
[[nodiscard]] std::string ask_password(std::string_view user);

}  // namespace peal::cli
