// A scan's result for people: the ports, the grade, each finding with what to do about it, and what
// was looked at and is well. Pure.
#pragma once

#include <cstddef>
#include <string>

#include "peal/cli/scan_checks.hpp"

namespace peal::cli {

struct ScanStyle {
  std::size_t columns = 100;
  bool is_colored = false;
  std::string other_address;  // of this machine, to scan instead of a loopback one; may be empty
};

[[nodiscard]] std::string scan_text(const HostSeen& host, const ScanVerdict& verdict,
                                    const ScanStyle& style);

/// What one port speaks: "MQTT 5 and 3.1.1 without TLS; WebSocket".
[[nodiscard]] std::string port_text(const PortSeen& port);

/// `text` in lines of at most `columns`, each but the first behind `indent` blanks. A word that is
/// too long stands alone.
[[nodiscard]] std::string wrapped(std::string_view text, std::size_t indent, std::size_t columns);

}  // namespace peal::cli
