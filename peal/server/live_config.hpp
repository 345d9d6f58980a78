// What the control socket asks of a running server about its configuration.
#pragma once

#include <string_view>
#include <vector>

#include "peal/server/config.hpp"
#include "peal/server/config_changes.hpp"

namespace peal::server {

/// What a reload did. What needs a restart is among the changes, and did not happen.
struct ReloadReport {
  std::vector<ConfigChange> changes;
};

/// threads   any; one at a time gets its turn.
class LiveConfig {
 public:
  LiveConfig() = default;
  LiveConfig(const LiveConfig&) = delete;
  LiveConfig& operator=(const LiveConfig&) = delete;
  virtual ~LiveConfig() = default;

  /// Reads everything again and applies it. `how` is who asked, for the log.
  /// errors   ConfigError and others: everything stays as it was.
  virtual ReloadReport reload(std::string_view how) = 0;
  /// What `reload` would change.    errors   ConfigError: it could not.
  [[nodiscard]] virtual std::vector<ConfigChange> pending() = 0;
  /// What counts now, where it is not the default.
  [[nodiscard]] virtual std::vector<ConfigEntry> entries() = 0;
};

}  // namespace peal::server
