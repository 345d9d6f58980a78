// Who a client turned out to be.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace peal::auth {

/// Who a source says that a client is.
struct Identity {
  std::string user;
  /// Rights that came with it, besides those of its roles; a rule on each line: "allow publish
  /// FILTER", "deny subscribe FILTER", "allow all FILTER", or "role NAME". Empty: none.
  std::string grants;
  /// When it ends, and the connection with it; nothing: never.
  std::optional<std::chrono::system_clock::time_point> expires;
};

}  // namespace peal::auth
