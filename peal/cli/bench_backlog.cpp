#include "peal/cli/bench_backlog.hpp"

#include <algorithm>
#include <numeric>

#include "peal/cli/bench_process.hpp"
#include "peal/cli/bench_rig.hpp"

namespace peal::cli {
namespace {

struct Round {
  double cpu_seconds = 0;
  double wall_seconds = 0;
  double handed_share = 0;  // of the bytes, before the broker went on
  std::uint64_t delivered = 0;
};

Round run_round(LoadRig& rig, const BrokerProcess& broker, std::size_t depth) {
  const std::uint64_t delivered_before = rig.tally().delivered;
  broker.stop();
  const auto cpu_before = broker.cpu_time();
  for (std::size_t publisher = 0; publisher < rig.publisher_count(); ++publisher) {
    for (std::size_t nth = 0; nth < depth; ++nth) {
      rig.stamp(publisher, steady_now());
    }
  }
  const std::size_t all_bytes = rig.unsent_bytes();
  for (std::size_t publisher = 0; publisher < rig.publisher_count(); ++publisher) {
    rig.flush(publisher);
  }
  const std::size_t waiting_bytes = rig.unsent_bytes();
  const std::int64_t begin = steady_now();
  broker.resume();
  const std::int64_t end = rig.drain();
  const auto cpu = broker.settled_cpu_time() - cpu_before;
  return {.cpu_seconds = std::chrono::duration<double>(cpu).count(),
          .wall_seconds = static_cast<double>(end - begin) * 1e-9,
          .handed_share = 1 - static_cast<double>(waiting_bytes) / static_cast<double>(all_bytes),
          .delivered = rig.tally().delivered - delivered_before};
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[values.size() / 2];
}

}  // namespace

BenchReport run_backlog(const BenchOptions& options) {
  const BrokerProcess broker(options.broker_pid);
  LoadRig rig(options);
  std::vector<double> cpu_per_million;
  double wall_seconds = 0;
  double handed_share = 1;
  for (std::size_t nth = 0; nth < options.rounds; ++nth) {
    const Round round = run_round(rig, broker, options.depth);
    cpu_per_million.push_back(round.cpu_seconds * 1e6 / static_cast<double>(round.delivered));
    wall_seconds += round.wall_seconds;
    handed_share = std::min(handed_share, round.handed_share);
  }
  BenchReport report;
  report.add_traffic(options);
  report.add("depth", std::uint64_t{options.depth});
  report.add("cpu_s_per_million", median(cpu_per_million));
  report.add("cpu_s_per_million_rounds", cpu_per_million);
  report.add_tally(rig.tally(), rig.expected());
  report.add("wall_s", wall_seconds);
  report.add("handed_before_resume", handed_share);
  report.add("broker_resident_bytes", broker.resident_bytes());
  return report;
}

}  // namespace peal::cli
