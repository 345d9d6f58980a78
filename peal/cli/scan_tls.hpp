// The TLS of one port: which versions it agrees to, and its certificate.
#pragma once

#include "peal/cli/scan_probes.hpp"

namespace peal::cli {

/// One handshake that offers everything, and where that is answered one for each version.
[[nodiscard]] TlsSeen probe_port_tls(ScanTools& tools, PortSeen& seen);

}  // namespace peal::cli
