// For hash tables whose keys are std::string and that are asked with views. Unkeyed: for texts of
// the operator's, or where who chooses them pays more for each than a longer search costs.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

namespace peal {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};

}  // namespace peal
