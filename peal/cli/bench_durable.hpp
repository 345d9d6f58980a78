// What durable sessions cost. `keep`: publishers that wait for each PUBACK before they send the
// next message, into sessions that are away, so that what counts is how many acknowledgements share
// a sync. `drain`: those sessions come back and take what waits.
#pragma once

#include "peal/cli/bench_options.hpp"
#include "peal/cli/bench_report.hpp"

namespace peal::cli {

[[nodiscard]] BenchReport run_keep(const BenchOptions& options);
[[nodiscard]] BenchReport run_drain(const BenchOptions& options);

}  // namespace peal::cli
