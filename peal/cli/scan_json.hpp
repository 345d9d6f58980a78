// A scan's result for programs: one JSON object. Pure.
#pragma once

#include <string>

#include "peal/cli/scan_checks.hpp"

namespace peal::cli {

/// `is_failed`   whether something at or above `fail_on` was found.
[[nodiscard]] std::string scan_json(const HostSeen& host, const ScanVerdict& verdict,
                                    Severity fail_on);

}  // namespace peal::cli
