// What `peal bench` was asked to do. (The names are the command line's.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>

#include "peal/mqtt/protocol_version.hpp"

namespace peal::cli {

enum class BenchMode : std::uint8_t {
  backlog,   // the cost of the work itself: stop the broker, fill its sockets, let it go on
  paced,     // latency and cost at a given rate
  capacity,  // the highest rate with bounded latency and nothing lost
  conn,      // idle connections
  subs,      // subscriptions
  retained,  // retained messages
  queued,    // messages waiting for sessions that are away
  keep,      // publishers that wait for each acknowledgement, into sessions that are away
  drain,     // those sessions come back
  relay,     // not a client: the kernel's floor, a server that only reads and writes
};

/// Who sends to whom; `clients` is the number on the many side.
enum class Shape : std::uint8_t { pairs, fan_in, fan_out };

struct BenchOptions {
  BenchMode mode = BenchMode::backlog;
  std::string host = "127.0.0.1";
  std::uint16_t port = 1883;
  mqtt::ProtocolVersion version = mqtt::ProtocolVersion::v3_1_1;
  mqtt::QoS qos = mqtt::QoS::at_most_once;
  Shape shape = Shape::pairs;
  std::size_t clients = 100;
  std::size_t payload_bytes = 64;
  std::size_t depth = 1000;       // backlog: messages of each publisher in one round
  std::size_t rounds = 1;         // backlog: how often, over the same connections
  double rate = 4000;             // paced: publishes a second, all publishers together
  double seconds = 5;             // paced, capacity: how long one rate is offered
  std::size_t batch = 1;          // paced, capacity: messages in one write of a publisher
  double latency_limit_ms = 20;   // capacity: bound of the median
  double stall_seconds = 5;       // without a delivery for so long, what is missing counts as lost
  std::size_t publishers = 10;    // keep: each with one message open
  std::size_t items = 1'000'000;  // subs, retained, queued: how many of them
  std::size_t topics = 0;         // queued: distinct topics; 0 = one for each session
  pid_t broker_pid = 0;
  std::optional<unsigned> cpu;
  bool spin = false;  // never sleep in epoll_wait
  bool json = false;
  bool hold = false;  // conn, subs, ...: keep everything until standard input ends
};

/// How parsing the command line ended: with options, or with an exit code after something was
/// printed.
struct BenchCommand {
  std::optional<BenchOptions> options;
  int exit_code = 0;
};

/// `argv[0]` is the word `bench`.
[[nodiscard]] BenchCommand parse_bench_options(int argc, char** argv);

/// "backlog", "fan-out", ...
[[nodiscard]] std::string bench_name(BenchMode mode);
[[nodiscard]] std::string bench_name(Shape shape);

}  // namespace peal::cli
