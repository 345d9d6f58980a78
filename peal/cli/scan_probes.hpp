// The questions of a scan: a table of probes, each of which talks to one port and writes down what
// it saw. What it means is judged elsewhere (scan_checks.hpp).
#pragma once

#include <span>
#include <string_view>

#include "peal/cli/scan_dialer.hpp"
#include "peal/cli/scan_options.hpp"
#include "peal/cli/scan_seen.hpp"

namespace peal::cli {

/// What a probe talks with.
struct ScanTools {
  const ScanOptions& options;
  ScanDialer& dialer;
};

struct ScanProbe {
  std::string_view name;
  std::string_view asks;
  void (*look)(ScanTools& tools, PortSeen& seen);
};

/// In the order in which they are made: later ones need what earlier ones saw.
[[nodiscard]] std::span<const ScanProbe> scan_probes();

/// Looks at every port of `options`, and tries well-known passwords on one of them.
[[nodiscard]] HostSeen scan_host(const ScanOptions& options);

}  // namespace peal::cli
