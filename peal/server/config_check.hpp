// What single values cannot say: whether those of a configuration go together.
#pragma once

#include <string>
#include <vector>

#include "peal/server/config.hpp"

namespace peal::server {

/// Each with its place.    threads   pure.
[[nodiscard]] std::vector<std::string> problems_of(const Config& config);

}  // namespace peal::server
