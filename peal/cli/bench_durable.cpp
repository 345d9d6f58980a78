#include "peal/cli/bench_durable.hpp"

#include <array>
#include <fmt/format.h>
#include <stdexcept>
#include <sys/epoll.h>
#include <vector>

#include "peal/cli/bench_histogram.hpp"
#include "peal/cli/bench_peer.hpp"
#include "peal/cli/bench_process.hpp"
#include "peal/cli/bench_socket.hpp"

namespace peal::cli {
namespace {

constexpr int events_at_once = 256;
constexpr std::size_t read_room_bytes = std::size_t{256} << 10;
constexpr double nanoseconds = 1e-9;

/// The same sessions and topics as `queued` makes, which so can be filled by it.
BenchSocket connect_session(const BenchOptions& options, std::size_t index) {
  return connect_client({options.host, options.port}, index, options.version,
                        fmt::format("footprint-{}", index), true);
}
std::string topic_of(std::size_t index) { return fmt::format("inbox/{}", index); }

void make_sessions(const BenchOptions& options) {
  for (std::size_t index = 0; index < options.clients; ++index) {
    const BenchSocket session = connect_session(options, index);
    subscribe(session, options.version, std::array{topic_of(index)}, mqtt::QoS::at_least_once);
    session.send_all(disconnect_packet(options.version));
  }
}

/// Many connections that one thread serves as they become readable.
class Crowd {
 public:
  Crowd() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), room_(read_room_bytes) {}

  BenchPeer& add(BenchSocket socket) {
    socket.set_nonblocking();
    BenchPeer& peer = peers_.emplace_back(std::move(socket));
    epoll_event event{.events = EPOLLIN, .data = {.u64 = peers_.size() - 1}};
    if (::epoll_ctl(epoll_.fd(), EPOLL_CTL_ADD, peer.fd(), &event) != 0) {
      throw std::runtime_error("epoll_ctl failed");
    }
    return peer;
  }
  [[nodiscard]] std::vector<BenchPeer>& peers() { return peers_; }

  /// Calls `take(index, frame)` for every packet that comes within `timeout_ms`; flushes what that
  /// appended.    returns   whether anything came.
  template <typename Take>
  bool serve(int timeout_ms, Take take) {
    std::array<epoll_event, events_at_once> events;
    const int count = ::epoll_wait(epoll_.fd(), events.data(), events_at_once, timeout_ms);
    for (int i = 0; i < count; ++i) {
      const std::size_t index = events[static_cast<std::size_t>(i)].data.u64;
      BenchPeer& peer = peers_[index];
      peer.receive(room_, [&](const mqtt::Frame& frame) { take(index, frame); });
      // What does not fit goes with the next packet's answer: acknowledgements are small.
      (void)peer.flush();
    }
    return count > 0;
  }

 private:
  BenchSocket epoll_;
  Packet room_;
  std::vector<BenchPeer> peers_;
};

/// What the broker used between two moments.
class Meter {
 public:
  explicit Meter(const BrokerProcess& broker)
      : broker_(broker),
        cpu_(broker.settled_cpu_time()),
        written_(broker.written_bytes()),
        begin_(steady_now()) {}

  void stop() { seconds_ = static_cast<double>(steady_now() - begin_) * nanoseconds; }
  [[nodiscard]] double seconds() const { return seconds_; }

  void add_to(BenchReport& report, std::uint64_t messages, std::size_t payload_bytes) const {
    const auto count = static_cast<double>(messages);
    const auto cpu = static_cast<double>((broker_.settled_cpu_time() - cpu_).count());
    report.add("wall_s", seconds_);
    report.add("messages_per_second", count / seconds_);
    report.add("cpu_s_per_million", cpu * nanoseconds / count * 1e6);
    report.add("written_per_payload_byte", static_cast<double>(broker_.written_bytes() - written_) /
                                               (count * static_cast<double>(payload_bytes)));
  }

 private:
  const BrokerProcess& broker_;
  std::chrono::nanoseconds cpu_;
  std::uint64_t written_;
  std::int64_t begin_;
  double seconds_ = 0;
};

/// Sends the next message of each publisher when the one before was acknowledged.
class ClosedLoop {
 public:
  explicit ClosedLoop(const BenchOptions& options) : options_(options) {
    for (std::size_t index = 0; index < options.clients; ++index) {
      messages_.emplace_back(options.version, topic_of(index), mqtt::QoS::at_least_once,
                             options.payload_bytes);
    }
    for (std::size_t index = 0; index < options.publishers; ++index) {
      crowd_.add(connect_client({options.host, options.port}, options.clients + index,
                                options.version, fmt::format("keeper-{}", index)));
    }
    states_.resize(options.publishers);
  }

  void run() {
    const std::int64_t end = steady_now() + static_cast<std::int64_t>(options_.seconds * 1e9);
    for (std::size_t index = 0; index < options_.publishers; ++index) {
      publish(index);
      (void)crowd_.peers()[index].flush();
    }
    while (open_ > 0) {
      const bool came = crowd_.serve(static_cast<int>(options_.stall_seconds * 1000),
                                     [&](std::size_t index, const mqtt::Frame& frame) {
                                       acknowledged(index, frame, steady_now() < end);
                                     });
      if (!came) {
        throw std::runtime_error("the broker acknowledges nothing any more");
      }
    }
  }

  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] const Histogram& latencies() const { return latencies_; }

 private:
  struct State {
    std::uint32_t sequence = 0;
    std::int64_t sent_at = 0;
  };

  void publish(std::size_t index) {
    State& state = states_[index];
    const std::size_t topic = (index + state.sequence * options_.publishers) % messages_.size();
    state.sent_at = steady_now();
    messages_[topic].append_to(crowd_.peers()[index].out(),
                               {.publisher = static_cast<std::uint32_t>(index),
                                .sequence = state.sequence++,
                                .due = state.sent_at});
    ++open_;
  }

  void acknowledged(std::size_t index, const mqtt::Frame& frame, bool goes_on) {
    if (frame.header.type != mqtt::PacketType::puback) {
      return;
    }
    ++count_;
    --open_;
    latencies_.record(steady_now() - states_[index].sent_at);
    if (goes_on) {
      publish(index);
    }
  }

  const BenchOptions& options_;
  Crowd crowd_;
  std::vector<PublishTemplate> messages_;
  std::vector<State> states_;
  std::size_t open_ = 0;
  std::uint64_t count_ = 0;
  Histogram latencies_;
};

}  // namespace

BenchReport run_keep(const BenchOptions& options) {
  const BrokerProcess broker(options.broker_pid);
  make_sessions(options);
  ClosedLoop loop(options);
  Meter meter(broker);
  loop.run();
  meter.stop();
  BenchReport report;
  report.add("mode", bench_name(options.mode));
  report.add("publishers", std::uint64_t{options.publishers});
  report.add("clients", std::uint64_t{options.clients});
  report.add("messages", loop.count());
  report.add("latency_p50_ms", static_cast<double>(loop.latencies().quantile(0.5).count()) * 1e-6);
  report.add("latency_p99_ms", static_cast<double>(loop.latencies().quantile(0.99).count()) * 1e-6);
  meter.add_to(report, loop.count(), options.payload_bytes);
  return report;
}

BenchReport run_drain(const BenchOptions& options) {
  const BrokerProcess broker(options.broker_pid);
  const std::uint64_t resident = broker.resident_bytes();
  Meter meter(broker);
  Crowd crowd;
  const AckWriter acks;
  std::uint64_t received = 0;
  const auto take = [&](std::size_t index, const mqtt::Frame& frame) {
    const auto publish = frame.header.type == mqtt::PacketType::publish
                             ? read_stamp(frame, options.payload_bytes)
                             : std::nullopt;
    if (publish) {
      ++received;
      acks.append_to(crowd.peers()[index].out(), mqtt::PacketType::puback, publish->packet_id);
    }
  };
  for (std::size_t index = 0; index < options.clients; ++index) {
    crowd.add(connect_session(options, index));
  }
  while (received < options.items &&
         crowd.serve(static_cast<int>(options.stall_seconds * 1000), take)) {
  }
  meter.stop();
  BenchReport report;
  report.add("mode", bench_name(options.mode));
  report.add("clients", std::uint64_t{options.clients});
  report.add("messages", received);
  report.add("lost", options.items - std::min<std::uint64_t>(received, options.items));
  report.add("resident_bytes_before", resident);
  report.add("resident_bytes_after", broker.resident_bytes());
  meter.add_to(report, received, options.payload_bytes);
  return report;
}

}  // namespace peal::cli
