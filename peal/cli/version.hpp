// The version of this program, as CMakeLists.txt gives it.
#pragma once

#include <string_view>

namespace peal::cli {

inline constexpr std::string_view program_version = "0.1.0";

}  // namespace peal::cli
