// Reads JSON text and hands it to a JsonWriter: the same value, in our form.
#pragma once

#include <string_view>

#include "peal/cli/json_writer.hpp"

namespace peal::cli {

/// Writes the one value that `text` is.    returns   false when it is no JSON; `out` then holds
/// rubbish.
[[nodiscard]] bool copy_json(std::string_view text, JsonWriter& out);

}  // namespace peal::cli
