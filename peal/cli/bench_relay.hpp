// The kernel's floor: a server that looks like a broker until the first PUBLISH of a connection and
// from then on only reads and writes bytes, to destinations known beforehand. QoS 0; no broker that
// understands what it forwards can be cheaper.
#pragma once

#include "peal/cli/bench_options.hpp"

namespace peal::cli {

/// Prints `listening ADDRESS:PORT` and serves until killed. Port 1883 (the default) and 0 stand for
/// a free one.
void run_relay(const BenchOptions& options);

}  // namespace peal::cli
