// Backlog: the broker is stopped, the kernel is given a fixed number of publishes, the broker goes
// on; its CPU time until all have arrived. The same work for every broker.
#pragma once

#include "peal/cli/bench_options.hpp"
#include "peal/cli/bench_report.hpp"

namespace peal::cli {

[[nodiscard]] BenchReport run_backlog(const BenchOptions& options);

}  // namespace peal::cli
