// What this machine is called, as a certificate of its server may say it.
#pragma once

#include <string>
#include <vector>

namespace peal::net {

/// As the system has it; empty when it has none.
[[nodiscard]] std::string host_name();

/// The addresses of its interfaces, without loopback and link-local ones, 64 at most.
[[nodiscard]] std::vector<std::string> interface_addresses();

}  // namespace peal::net
