// The reference page of all configuration keys, made from their table.
#pragma once

#include <string>

namespace peal::server {

/// docs/reference/config.md, whole.
[[nodiscard]] std::string config_reference();

}  // namespace peal::server
