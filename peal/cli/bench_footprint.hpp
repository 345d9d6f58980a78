// Resident memory: how much a broker grows for very many of one thing. Each measurement wants a
// freshly started broker.
#pragma once

#include "peal/cli/bench_options.hpp"
#include "peal/cli/bench_report.hpp"

namespace peal::cli {

/// Modes conn, subs, retained and queued. With `hold`, returns after printing the report and
/// waiting for the end of standard input.
[[nodiscard]] BenchReport run_footprint(const BenchOptions& options);

}  // namespace peal::cli
