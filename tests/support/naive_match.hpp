// Whether a Topic Filter matches, as plainly as it can be said: to compare the fast one with.
#pragma once

#include <string>
#include <string_view>

namespace peal::mqtt::test {

/// Both are valid and neither is shared.
[[nodiscard]] bool naive_match(const std::string& filter, const std::string& topic);

}  // namespace peal::mqtt::test
