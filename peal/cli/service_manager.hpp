// What the service manager wants to hear: `Type=notify` of systemd, sd_notify(3), spoken by hand.
#pragma once

#include <string_view>

namespace peal::cli {

/// Sends `state` ("READY=1") to the socket that the environment names. Nobody listens, or it cannot
/// be sent: nothing happens; the manager then does what its unit says about silence.
///
/// cost   one datagram; never waits.
void tell_service_manager(std::string_view state);

}  // namespace peal::cli
