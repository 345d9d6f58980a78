#include "peal/cli/bench_paced.hpp"

#include <algorithm>
#include <cmath>
#include <unistd.h>

#include "peal/cli/bench_process.hpp"
#include "peal/cli/bench_rig.hpp"

namespace peal::cli {
namespace {

using namespace std::chrono_literals;

/// A sleeping thread wakes late; the last stretch before a message is due is spent awake.
constexpr std::int64_t awake_before_due = 60'000;
constexpr std::size_t unsent_bytes_limit = std::size_t{256} << 20;

struct Offer {
  std::uint64_t expected = 0;
  Tally tally;
  double cpu_seconds = 0;
  double offered_per_second = 0;  // publishes that were really written, by the time it took
  // While the rate was offered, as shares of one CPU:
  double broker_load = 0;    // time on it
  double broker_demand = 0;  // and time in its queue, behind other processes
  double generator_demand = 0;
};

/// Writes all batches that are due, at most a few before subscribers get their turn.
void write_due(LoadRig& rig, std::size_t batch, double interval, std::int64_t begin,
               std::uint64_t& sent) {
  for (int writes = 0; writes < 32; ++writes) {
    const auto due = begin + static_cast<std::int64_t>(interval * static_cast<double>(sent));
    if (due > steady_now()) {
      return;
    }
    const std::size_t publisher = sent % rig.publisher_count();
    for (std::size_t nth = 0; nth < batch; ++nth) {
      rig.stamp(publisher, due);
    }
    rig.flush(publisher);
    ++sent;
  }
}

Offer offer_rate(LoadRig& rig, const BrokerProcess& broker, const BenchOptions& options,
                 double rate) {
  rig.forget_tally();
  const double interval = 1e9 * static_cast<double>(options.batch) / rate;
  const auto batches = static_cast<std::uint64_t>(std::ceil(options.seconds * 1e9 / interval));
  const BrokerProcess self(::getpid());
  const auto cpu_before = broker.cpu_time();
  const auto wanted_before = broker.wanted_time();
  const auto own_before = self.wanted_time();
  const std::int64_t begin = steady_now();
  std::uint64_t sent = 0;
  while (sent < batches && rig.unsent_bytes() < unsent_bytes_limit) {
    write_due(rig, options.batch, interval, begin, sent);
    const auto next_due = begin + static_cast<std::int64_t>(interval * static_cast<double>(sent));
    const std::int64_t idle = next_due - steady_now() - awake_before_due;
    rig.poll(std::chrono::nanoseconds(options.spin ? 0 : std::max<std::int64_t>(idle, 0)));
  }
  const double offering = static_cast<double>(steady_now() - begin) * 1e-9;
  const double cpu_offering = std::chrono::duration<double>(broker.cpu_time() - cpu_before).count();
  const double wanted = std::chrono::duration<double>(broker.wanted_time() - wanted_before).count();
  const double own = std::chrono::duration<double>(self.wanted_time() - own_before).count();
  rig.drain();
  const auto cpu = broker.settled_cpu_time() - cpu_before;
  return {.expected = rig.expected(),
          .tally = rig.tally(),
          .cpu_seconds = std::chrono::duration<double>(cpu).count(),
          .offered_per_second = static_cast<double>(sent * options.batch) / offering,
          .broker_load = cpu_offering / offering,
          .broker_demand = wanted / offering,
          .generator_demand = own / offering};
}

double milliseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

void add_latencies(BenchReport& report, const Histogram& latencies) {
  report.add("latency_p50_ms", milliseconds(latencies.quantile(0.5)));
  report.add("latency_p99_ms", milliseconds(latencies.quantile(0.99)));
  report.add("latency_p999_ms", milliseconds(latencies.quantile(0.999)));
  report.add("latency_max_ms", milliseconds(latencies.max()));
}

bool is_carried(const LoadRig& rig, const Offer& offer, const BenchOptions& options, double rate) {
  return offer.tally.delivered == offer.expected && offer.offered_per_second > 0.97 * rate &&
         milliseconds(rig.latencies().quantile(0.5)) < options.latency_limit_ms;
}

/// Who had no time left when a rate was not carried.
std::string_view limit_of(const Offer& offer) {
  if (offer.broker_demand > 0.9) {
    return "broker";
  }
  return offer.generator_demand > 0.9 ? "load generator" : "neither";
}

}  // namespace

BenchReport run_paced(const BenchOptions& options) {
  const BrokerProcess broker(options.broker_pid);
  LoadRig rig(options);
  const Offer offer = offer_rate(rig, broker, options, options.rate);
  BenchReport report;
  report.add_traffic(options);
  report.add("rate", options.rate);
  report.add("offered_per_second", offer.offered_per_second);
  report.add("batch", std::uint64_t{options.batch});
  report.add("cpu_s_per_million",
             offer.cpu_seconds * 1e6 / static_cast<double>(offer.tally.delivered));
  report.add("broker_load", offer.broker_load);
  report.add_tally(offer.tally, offer.expected);
  add_latencies(report, rig.latencies());
  return report;
}

BenchReport run_capacity(const BenchOptions& options) {
  const BrokerProcess broker(options.broker_pid);
  LoadRig rig(options);
  double carried = 0;
  double refused = 0;
  Offer refused_offer;
  Histogram latencies;
  double rate = options.rate;
  for (int step = 0; step < 24 && (refused == 0 || refused > 1.06 * carried); ++step) {
    const Offer offer = offer_rate(rig, broker, options, rate);
    if (is_carried(rig, offer, options, rate)) {
      carried = rate;
      latencies = rig.latencies();
    } else {
      refused = rate;
      refused_offer = offer;
    }
    rate = refused == 0 ? 2 * rate : carried == 0 ? rate / 2 : std::sqrt(carried * refused);
  }
  BenchReport report;
  report.add_traffic(options);
  report.add("batch", std::uint64_t{options.batch});
  report.add("publishes_per_second", carried);
  report.add("deliveries_per_second", carried * static_cast<double>(rig.copies()));
  report.add("limited_by", limit_of(refused_offer));
  report.add("broker_demand_when_refused", refused_offer.broker_demand);
  report.add("generator_demand_when_refused", refused_offer.generator_demand);
  add_latencies(report, latencies);
  return report;
}

}  // namespace peal::cli
