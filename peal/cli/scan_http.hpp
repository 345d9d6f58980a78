// HTTP and WebSockets on one port: who may open one, and what the answers say of the server.
#pragma once

#include <string>
#include <string_view>

#include "peal/cli/scan_probes.hpp"

namespace peal::cli {

/// The origin of a page that no server can know.
inline constexpr std::string_view foreign_origin = "https://peal-scan.example";

/// Asks for a WebSocket as a page of another site would; where that is refused, as no page.
[[nodiscard]] HttpSeen probe_port_http(ScanTools& tools, PortSeen& seen);

/// The value of the header called `name`, in any case, in the header of an HTTP answer; empty when
/// there is none.
[[nodiscard]] std::string_view header_of_answer(std::string_view answer, std::string_view name);

}  // namespace peal::cli
