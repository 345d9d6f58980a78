// The commands of the control socket about the configuration.
//
// For the .cpp files of this layer only: it brings Boost.JSON.
#pragma once

#include <boost/json/object.hpp>

#include "peal/server/control_commands.hpp"

namespace peal::server {

/// {"command": "config.reload"}: {"changes": [...]}, or an error with what is wrong.
[[nodiscard]] boost::json::object reload_config(const ControlContext& context,
                                                const boost::json::object& request);
/// {"command": "config.pending"}: what a reload would change.
[[nodiscard]] boost::json::object pending_config(const ControlContext& context,
                                                 const boost::json::object& request);
/// {"command": "config.entries"}: what counts now, where it is not the default.
[[nodiscard]] boost::json::object list_config(const ControlContext& context,
                                              const boost::json::object& request);

/// As the commands above have them.
[[nodiscard]] boost::json::array json_of(const std::vector<ConfigChange>& changes);
[[nodiscard]] boost::json::array json_of(const std::vector<ConfigEntry>& entries);

}  // namespace peal::server
