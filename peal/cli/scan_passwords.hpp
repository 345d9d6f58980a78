// Passwords that everybody knows: those of manuals and of first starts.
#pragma once

#include <vector>

#include "peal/cli/scan_probes.hpp"

namespace peal::cli {

/// Tries the list on the first port that asks for a password, one after the other. Stops at the
/// first that is accepted, and when the server begins to refuse whoever asks.
[[nodiscard]] PasswordsSeen try_known_passwords(ScanTools& tools, std::vector<PortSeen>& ports);

}  // namespace peal::cli
