#include "peal/cli/bench.hpp"

#include <cstdio>
#include <sys/prctl.h>

#include "peal/cli/bench_backlog.hpp"
#include "peal/cli/bench_durable.hpp"
#include "peal/cli/bench_footprint.hpp"
#include "peal/cli/bench_options.hpp"
#include "peal/cli/bench_paced.hpp"
#include "peal/cli/bench_process.hpp"
#include "peal/cli/bench_relay.hpp"

namespace peal::cli {
namespace {

BenchReport measure(const BenchOptions& options) {
  switch (options.mode) {
    case BenchMode::backlog:
      return run_backlog(options);
    case BenchMode::paced:
      return run_paced(options);
    case BenchMode::capacity:
      return run_capacity(options);
    case BenchMode::keep:
      return run_keep(options);
    case BenchMode::drain:
      return run_drain(options);
    default:
      return run_footprint(options);
  }
}

}  // namespace

int bench_main(int argc, char** argv) {
  const BenchCommand command = parse_bench_options(argc, argv);
  if (!command.options) {
    return command.exit_code;
  }
  const BenchOptions& options = *command.options;
  if (options.cpu) {
    pin_to_cpu(*options.cpu);
  }
  ::prctl(PR_SET_TIMERSLACK, 1000UL);  // nanoseconds: wake when asked to
  raise_open_file_limit();
  if (options.mode == BenchMode::relay) {
    run_relay(options);
    return 0;
  }
  const BenchReport report = measure(options);
  if (!options.hold) {
    std::fputs((options.json ? report.as_json() : report.as_text()).c_str(), stdout);
  }
  return 0;
}

}  // namespace peal::cli
