#include "peal/cli/bench_footprint.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <fmt/format.h>
#include <poll.h>
#include <thread>

#include "peal/cli/bench_process.hpp"
#include "peal/cli/bench_socket.hpp"

namespace peal::cli {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t filters_in_one_subscribe = 500;
constexpr std::size_t publishes_in_flight = 1000;
constexpr int silence_ms = 1000;

/// What one measurement made and counted.
struct Footprint {
  std::vector<BenchSocket> sockets;  // stay open until the report is printed
  std::uint64_t bytes_before = 0;
  std::uint64_t items = 0;
  std::uint64_t sample_expected = 0;  // a part of the items, looked at afterwards
  std::uint64_t sample_found = 0;
};

/// Memory once the broker has come to rest.
std::uint64_t settled_bytes(const BrokerProcess& broker) {
  (void)broker.settled_cpu_time();
  std::this_thread::sleep_for(300ms);
  return broker.resident_bytes();
}

BenchSocket connect_nth(const BenchOptions& options, std::size_t index,
                        bool keeps_session = false) {
  return connect_client({options.host, options.port}, index, options.version,
                        fmt::format("footprint-{}", index), keeps_session);
}

/// Publishes with QoS 1, some in flight at a time: `topic_of(n)` for n below `count`.
template <typename TopicOf>
void publish_all(const BenchSocket& socket, const BenchOptions& options, std::size_t count,
                 bool retain, TopicOf topic_of) {
  Packet out;
  for (std::size_t begin = 0; begin < count; begin += publishes_in_flight) {
    const std::size_t end = std::min(begin + publishes_in_flight, count);
    out.clear();
    for (std::size_t nth = begin; nth < end; ++nth) {
      PublishTemplate(options.version, topic_of(nth), mqtt::QoS::at_least_once,
                      options.payload_bytes, retain)
          .append_to(out, {.publisher = 0, .sequence = static_cast<std::uint32_t>(nth), .due = 0});
    }
    socket.send_all(out);
    for (std::size_t nth = begin; nth < end; ++nth) {
      (void)socket.await(mqtt::PacketType::puback);
    }
  }
}

/// Messages that come until there is silence, each acknowledged when it asks for it.
std::uint64_t count_messages(const BenchSocket& socket, std::size_t payload_bytes) {
  const AckWriter acks;
  std::uint64_t count = 0;
  pollfd ready{.fd = socket.fd(), .events = POLLIN, .revents = 0};
  while (::poll(&ready, 1, silence_ms) == 1) {
    const Packet packet = socket.await(mqtt::PacketType::publish);
    const auto frame = mqtt::next_frame(packet, packet.size());
    const auto publish = read_stamp(**frame, payload_bytes);
    ++count;
    if (publish && publish->qos == mqtt::QoS::at_least_once) {
      Packet ack;
      acks.append_to(ack, mqtt::PacketType::puback, publish->packet_id);
      socket.send_all(ack);
    }
  }
  return count;
}

Footprint make_connections(const BenchOptions& options, const BrokerProcess& broker) {
  Footprint made;
  made.bytes_before = settled_bytes(broker);
  for (std::size_t index = 0; index < options.clients; ++index) {
    made.sockets.push_back(connect_nth(options, index));
  }
  made.items = options.clients;
  return made;
}

Footprint make_subscriptions(const BenchOptions& options, const BrokerProcess& broker) {
  Footprint made = make_connections(options, broker);
  made.items = 0;
  made.bytes_before = settled_bytes(broker);
  const std::size_t each = options.items / options.clients;
  for (std::size_t index = 0; index < options.clients; ++index) {
    std::vector<std::string> filters;
    for (std::size_t nth = 0; nth < each; ++nth) {
      filters.push_back(fmt::format("fleet/{}/device-{}/command", index, made.items++));
      if (filters.size() == filters_in_one_subscribe || nth + 1 == each) {
        subscribe(made.sockets[index], options.version, filters, mqtt::QoS::at_least_once);
        filters.clear();
      }
    }
  }
  return made;
}

Footprint make_retained(const BenchOptions& options, const BrokerProcess& broker) {
  Footprint made;
  made.sockets.push_back(connect_nth(options, 0));
  made.bytes_before = settled_bytes(broker);
  made.items = options.items;
  publish_all(made.sockets[0], options, options.items, true,
              [](std::size_t nth) { return fmt::format("fleet/{}/device-{}", nth % 100, nth); });
  return made;
}

Footprint make_queued(const BenchOptions& options, const BrokerProcess& broker) {
  Footprint made;
  const std::size_t clients = std::max<std::size_t>(1, options.clients);
  const std::size_t topics = options.topics == 0 ? clients : options.topics;
  for (std::size_t index = 0; index < options.clients; ++index) {
    const BenchSocket session = connect_nth(options, index, true);
    const std::array filters{fmt::format("inbox/{}", index % topics)};
    subscribe(session, options.version, filters, mqtt::QoS::at_least_once);
    session.send_all(disconnect_packet(options.version));
  }
  made.sockets.push_back(connect_nth(options, options.clients));
  made.bytes_before = settled_bytes(broker);
  const std::size_t publishes = options.items * topics / clients;
  made.items = publishes * clients / topics;
  made.sample_expected = publishes / topics;
  publish_all(made.sockets[0], options, publishes, false,
              [&](std::size_t nth) { return fmt::format("inbox/{}", nth % topics); });
  return made;
}

/// Looks whether what was measured is really there: the messages of one session, a hundredth of the
/// retained ones.
void look_at_sample(const BenchOptions& options, Footprint& made) {
  if (options.mode == BenchMode::queued) {
    const BenchSocket session = connect_nth(options, 0, true);
    made.sample_found = count_messages(session, options.payload_bytes);
  }
  if (options.mode == BenchMode::retained) {
    const BenchSocket reader = connect_nth(options, 1);
    const std::array<std::string, 1> filters{"fleet/0/#"};
    reader.send_all(subscribe_packet(options.version, filters, mqtt::QoS::at_most_once));
    made.sample_expected = (options.items + 99) / 100;
    made.sample_found = count_messages(reader, options.payload_bytes);
  }
}

Footprint make(const BenchOptions& options, const BrokerProcess& broker) {
  switch (options.mode) {
    case BenchMode::conn:
      return make_connections(options, broker);
    case BenchMode::subs:
      return make_subscriptions(options, broker);
    case BenchMode::retained:
      return make_retained(options, broker);
    default:
      return make_queued(options, broker);
  }
}

void wait_for_end_of_input() {
  while (std::getchar() != EOF) {
  }
}

}  // namespace

BenchReport run_footprint(const BenchOptions& options) {
  const BrokerProcess broker(options.broker_pid);
  const std::int64_t begin = steady_now();
  Footprint made = make(options, broker);
  const double seconds = static_cast<double>(steady_now() - begin) * 1e-9;
  const std::uint64_t bytes_after = settled_bytes(broker);
  look_at_sample(options, made);

  BenchReport report;
  report.add("mode", bench_name(options.mode));
  report.add("items", made.items);
  report.add("clients", std::uint64_t{options.clients});
  report.add("payload_bytes", std::uint64_t{options.payload_bytes});
  report.add("resident_bytes_before", made.bytes_before);
  report.add("resident_bytes_after", bytes_after);
  report.add("resident_bytes_each",
             (static_cast<double>(bytes_after) - static_cast<double>(made.bytes_before)) /
                 static_cast<double>(made.items));
  report.add("sample_expected", made.sample_expected);
  report.add("sample_found", made.sample_found);
  report.add("wall_s", seconds);
  if (options.hold) {
    fmt::print("{}", options.json ? report.as_json() : report.as_text());
    std::fflush(stdout);
    wait_for_end_of_input();
  }
  return report;
}

}  // namespace peal::cli
