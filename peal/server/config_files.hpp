// The files that a configuration names, tried without a server: certificates, users, keys, rules.
#pragma once

#include <string>
#include <vector>

#include "peal/server/config.hpp"

namespace peal::server {

/// What is wrong with them for whoever asks, who may be allowed less than the server is.
[[nodiscard]] std::vector<std::string> problems_with_files(const Config& config);

}  // namespace peal::server
