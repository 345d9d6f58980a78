#include "peal/cli/bench_options.hpp"

#include <CLI/CLI.hpp>
#include <map>

namespace peal::cli {
namespace {

const std::map<std::string, Shape> shapes{
    {"pairs", Shape::pairs}, {"fan-in", Shape::fan_in}, {"fan-out", Shape::fan_out}};
const std::map<std::string, mqtt::QoS> qualities{{"0", mqtt::QoS::at_most_once},
                                                 {"1", mqtt::QoS::at_least_once},
                                                 {"2", mqtt::QoS::exactly_once}};
const std::map<std::string, mqtt::ProtocolVersion> versions{{"3", mqtt::ProtocolVersion::v3_1},
                                                            {"4", mqtt::ProtocolVersion::v3_1_1},
                                                            {"5", mqtt::ProtocolVersion::v5}};

void add_common(CLI::App& app, BenchOptions& options) {
  app.set_help_flag("--help", "Say what this mode takes");
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.add_option("-h,--host", options.host, "IPv4 address of the broker")->capture_default_str();
  app.add_option("-p,--port", options.port, "its port")->capture_default_str();
  app.add_option("-V,--protocol-version", options.version, "3, 4 or 5 (default 4: MQTT 3.1.1)")
      ->option_text("VERSION")
      ->transform(CLI::Transformer(versions));
  app.add_option("--broker-pid", options.broker_pid, "the broker's process, to read its costs");
  app.add_option("--cpu", options.cpu, "run on this CPU only");
  app.add_flag("--json", options.json, "print one JSON object");
}

void add_traffic(CLI::App& app, BenchOptions& options) {
  app.add_option("--shape", options.shape, "pairs (default), fan-in (n to 1) or fan-out (1 to n)")
      ->option_text("SHAPE")
      ->transform(CLI::Transformer(shapes));
  app.add_option("-c,--clients", options.clients, "n: pairs, publishers or subscribers")
      ->capture_default_str()
      ->check(CLI::Range(1, 60'000));
  app.add_option("-q,--qos", options.qos, "0 (default), 1 or 2")
      ->option_text("QOS")
      ->transform(CLI::Transformer(qualities));
  app.add_option("-s,--size", options.payload_bytes, "payload bytes")
      ->capture_default_str()
      ->check(CLI::Range(16, 1 << 26));
  app.add_option("--stall", options.stall_seconds,
                 "seconds of silence after which messages are lost")
      ->capture_default_str();
  app.add_flag("--spin", options.spin, "never sleep while waiting");
}

void add_backlog(CLI::App& bench, BenchOptions& options) {
  CLI::App& app = *bench.add_subcommand(
      "backlog", "Stop the broker, fill its sockets, let it go on: CPU seconds per million");
  add_common(app, options);
  add_traffic(app, options);
  app.add_option("--depth", options.depth, "messages of each publisher in a round")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000'000));
  app.add_option("--rounds", options.rounds, "rounds over the same connections; 0 only connects")
      ->capture_default_str()
      ->check(CLI::Range(0, 10'000));
}

void add_rated(CLI::App& bench, BenchOptions& options) {
  CLI::App& paced = *bench.add_subcommand("paced", "Latency and cost at a given rate");
  CLI::App& capacity = *bench.add_subcommand(
      "capacity", "The highest rate with a bounded median latency and nothing lost");
  for (CLI::App* app : {&paced, &capacity}) {
    add_common(*app, options);
    add_traffic(*app, options);
    app->add_option("--rate", options.rate, "publishes a second in total (capacity: the first try)")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    app->add_option("--seconds", options.seconds, "how long a rate is offered")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    app->add_option("--batch", options.batch, "messages in one write of a publisher")
        ->capture_default_str()
        ->check(CLI::Range(1, 100'000));
  }
  capacity.add_option("--latency-limit", options.latency_limit_ms, "bound of the median, in ms")
      ->capture_default_str();
}

void add_footprint(CLI::App& bench, BenchOptions& options) {
  const std::map<std::string, std::string> modes{
      {"conn", "Resident bytes of an idle connection"},
      {"subs", "Resident bytes of a subscription"},
      {"retained", "Resident bytes of a retained message"},
      {"queued", "Resident bytes of a message that waits for a session"}};
  for (const auto& [name, text] : modes) {
    CLI::App& app = *bench.add_subcommand(name, text);
    add_common(app, options);
    app.add_option("-c,--clients", options.clients, "connections or sessions")
        ->capture_default_str()
        ->check(CLI::Range(1, 1'000'000));
    app.add_flag("--hold", options.hold, "keep everything until standard input ends");
    if (name != "conn") {
      app.add_option("-n,--items", options.items, "how many of them")->capture_default_str();
    }
    if (name == "retained" || name == "queued") {
      app.add_option("-s,--size", options.payload_bytes, "payload bytes")
          ->capture_default_str()
          ->check(CLI::Range(16, 1 << 20));
    }
    if (name == "queued") {
      app.add_option("--topics", options.topics, "distinct topics (default: one for each session)");
    }
  }
}

void add_durable(CLI::App& bench, BenchOptions& options) {
  CLI::App& keep = *bench.add_subcommand(
      "keep", "QoS 1 into sessions that are away, one message open for each publisher");
  CLI::App& drain =
      *bench.add_subcommand("drain", "The sessions of `queued` or `keep` take what waits for them");
  for (CLI::App* app : {&keep, &drain}) {
    add_common(*app, options);
    app->add_option("-c,--clients", options.clients, "sessions")
        ->capture_default_str()
        ->check(CLI::Range(1, 1'000'000));
    app->add_option("-s,--size", options.payload_bytes, "payload bytes")
        ->capture_default_str()
        ->check(CLI::Range(16, 1 << 20));
  }
  keep.add_option("--publishers", options.publishers, "publishers")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000));
  keep.add_option("--seconds", options.seconds, "how long")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  drain.add_option("-n,--items", options.items, "how many messages wait")->capture_default_str();
}

void add_relay(CLI::App& bench, BenchOptions& options) {
  CLI::App& app = *bench.add_subcommand(
      "relay", "Be a server that only reads and writes: what the kernel alone costs (QoS 0)");
  add_common(app, options);
}

BenchMode mode_of(const std::string& name) {
  for (const BenchMode mode :
       {BenchMode::backlog, BenchMode::paced, BenchMode::capacity, BenchMode::conn, BenchMode::subs,
        BenchMode::retained, BenchMode::queued, BenchMode::keep, BenchMode::drain}) {
    if (bench_name(mode) == name) {
      return mode;
    }
  }
  return BenchMode::relay;
}

}  // namespace

std::string bench_name(BenchMode mode) {
  switch (mode) {
    case BenchMode::backlog:
      return "backlog";
    case BenchMode::paced:
      return "paced";
    case BenchMode::capacity:
      return "capacity";
    case BenchMode::conn:
      return "conn";
    case BenchMode::subs:
      return "subs";
    case BenchMode::retained:
      return "retained";
    case BenchMode::queued:
      return "queued";
    case BenchMode::keep:
      return "keep";
    case BenchMode::drain:
      return "drain";
    case BenchMode::relay:
      return "relay";
  }
  return {};
}

std::string bench_name(Shape shape) {
  switch (shape) {
    case Shape::pairs:
      return "pairs";
    case Shape::fan_in:
      return "fan-in";
    case Shape::fan_out:
      return "fan-out";
  }
  return {};
}

BenchCommand parse_bench_options(int argc, char** argv) {
  BenchOptions options;
  CLI::App bench("Measures an MQTT broker from outside", "peal bench");
  bench.set_help_flag("--help", "Say what there is");
  bench.require_subcommand(1);
  add_backlog(bench, options);
  add_rated(bench, options);
  add_footprint(bench, options);
  add_durable(bench, options);
  add_relay(bench, options);
  try {
    bench.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = bench.exit(error);
    return {.options = std::nullopt, .exit_code = code == 0 ? 0 : 2};
  }
  options.mode = mode_of(bench.get_subcommands().front()->get_name());
  return {.options = options, .exit_code = 0};
}

}  // namespace peal::cli
