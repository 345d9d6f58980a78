// Judges of what a stranger may do: get in, read, publish, guess a password. Pure.
#pragma once

#include "peal/cli/scan_checks.hpp"

namespace peal::cli {

[[nodiscard]] Judgement judge_anonymous(const HostSeen& host, const PortSeen& port);
[[nodiscard]] Judgement judge_any_password(const HostSeen& host, const PortSeen& port);
[[nodiscard]] Judgement judge_known_passwords(const HostSeen& host, const PortSeen& port);
[[nodiscard]] Judgement judge_reading(const HostSeen& host, const PortSeen& port);
[[nodiscard]] Judgement judge_system(const HostSeen& host, const PortSeen& port);
[[nodiscard]] Judgement judge_publishing(const HostSeen& host, const PortSeen& port);
[[nodiscard]] Judgement judge_will(const HostSeen& host, const PortSeen& port);

}  // namespace peal::cli
