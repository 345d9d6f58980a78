// A given rate: messages are due at fixed moments, and latency counts from when a message was due,
// so that a generator held up by the broker does not hide it.
#pragma once

#include "peal/cli/bench_options.hpp"
#include "peal/cli/bench_report.hpp"

namespace peal::cli {

[[nodiscard]] BenchReport run_paced(const BenchOptions& options);

/// Looks for the highest rate whose median latency stays under the limit with nothing lost.
[[nodiscard]] BenchReport run_capacity(const BenchOptions& options);

}  // namespace peal::cli
