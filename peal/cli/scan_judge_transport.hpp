// Judges of what protects the bytes on their way, and of what a server says of itself. Pure.
#pragma once

#include "peal/cli/scan_checks.hpp"

namespace peal::cli {

[[nodiscard]] Judgement judge_plain_text(const HostSeen& host, const PortSeen& port);
[[nodiscard]] Judgement judge_old_tls(const HostSeen& host, const PortSeen& port);
[[nodiscard]] Judgement judge_new_tls(const HostSeen& host, const PortSeen& port);
[[nodiscard]] Judgement judge_certificate_time(const HostSeen& host, const PortSeen& port);
[[nodiscard]] Judgement judge_certificate_issuer(const HostSeen& host, const PortSeen& port);
[[nodiscard]] Judgement judge_certificate_name(const HostSeen& host, const PortSeen& port);
[[nodiscard]] Judgement judge_certificate_key(const HostSeen& host, const PortSeen& port);
[[nodiscard]] Judgement judge_origin(const HostSeen& host, const PortSeen& port);
[[nodiscard]] Judgement judge_version(const HostSeen& host, const PortSeen& port);

}  // namespace peal::cli
