// "Did you mean ...": the known word that is nearest to what somebody typed.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace peal {

/// How many letters must be changed, added, removed or swapped with their neighbour to make `a`
/// into `b`.    cost   O(a * b).
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The word of `known` that is nearest to `typed`; empty when none is near enough to be meant.
[[nodiscard]] std::string_view nearest(std::string_view typed,
                                       std::span<const std::string_view> known);

}  // namespace peal
