#include "peal/cli/bench_rig.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <fmt/format.h>
#include <stdexcept>
#include <unistd.h>

namespace peal::cli {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t subscriber_bit = std::size_t{1} << 31;

std::string publish_topic(Shape shape, std::size_t index) {
  switch (shape) {
    case Shape::pairs:
      return fmt::format("bench/pair/{}", index);
    case Shape::fan_in:
      return fmt::format("bench/in/{}", index);
    case Shape::fan_out:
      return "bench/out";
  }
  return {};
}

std::string subscribe_filter(Shape shape, std::size_t index) {
  return shape == Shape::fan_in ? "bench/in/+" : publish_topic(shape, index);
}

[[noreturn]] void throw_unexpected(const mqtt::Frame& frame) {
  throw std::runtime_error(
      fmt::format("the broker sent {} in the middle", mqtt::packet_name(frame.header.type)));
}

}  // namespace

LoadRig::LoadRig(const BenchOptions& options)
    : options_(options),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      room_(std::max<std::size_t>(256 * 1024, options.payload_bytes * 2 + 1024)),
      events_(1024) {
  connect_subscribers();
  connect_publishers();
  for (std::size_t index = 0; index < publishers_.size(); ++index) {
    stamp(index, steady_now());
    flush(index);
  }
  drain();
  if (!is_complete()) {
    throw std::runtime_error("messages do not arrive");
  }
  forget_tally();
}

void LoadRig::connect_subscribers() {
  const std::size_t count = options_.shape == Shape::fan_in ? 1 : options_.clients;
  const std::size_t streams = options_.shape == Shape::fan_in ? options_.clients : 1;
  subscribers_.reserve(count);
  for (std::size_t index = 0; index < count; ++index) {
    subscribers_.push_back(
        {.peer = connect("sub", index, index),
         .first_publisher = options_.shape == Shape::pairs ? static_cast<std::uint32_t>(index) : 0,
         .streams = std::vector<SequenceCheck>(streams)});
    watch(subscribers_.back().peer, index | subscriber_bit);
  }
}

void LoadRig::connect_publishers() {
  const std::size_t count = options_.shape == Shape::fan_out ? 1 : options_.clients;
  publishers_.reserve(count);
  for (std::size_t index = 0; index < count; ++index) {
    publishers_.push_back(
        {.peer = connect("pub", index, subscribers_.size() + index),
         .message = PublishTemplate(options_.version, publish_topic(options_.shape, index),
                                    options_.qos, options_.payload_bytes)});
    watch(publishers_.back().peer, index);
  }
}

BenchPeer LoadRig::connect(std::string_view role, std::size_t index, std::size_t nth) {
  const std::string client_id = fmt::format("bench-{}-{}-{}", ::getpid(), role, index);
  BenchSocket socket =
      connect_client({options_.host, options_.port}, nth, options_.version, client_id);
  tune(socket);
  if (role == "sub") {
    const std::array filters{subscribe_filter(options_.shape, index)};
    subscribe(socket, options_.version, filters, options_.qos);
  }
  socket.set_nonblocking();
  return BenchPeer(std::move(socket));
}

void LoadRig::watch(const BenchPeer& peer, std::size_t key) const {
  epoll_event event{.events = EPOLLIN, .data = {.u64 = key}};
  ::epoll_ctl(epoll_.fd(), EPOLL_CTL_ADD, peer.fd(), &event);
}

void LoadRig::stamp(std::size_t publisher, std::int64_t due) {
  Publisher& from = publishers_[publisher];
  from.message.append_to(from.peer.out(), {.publisher = static_cast<std::uint32_t>(publisher),
                                           .sequence = from.sequence++,
                                           .due = due});
  ++stamped_;
}

void LoadRig::write_out(BenchPeer& peer, std::size_t key) {
  const bool must_wait = !peer.flush();
  if (must_wait != peer.waits_for_room) {
    epoll_event event{.events = EPOLLIN | (must_wait ? EPOLLOUT : 0U), .data = {.u64 = key}};
    ::epoll_ctl(epoll_.fd(), EPOLL_CTL_MOD, peer.fd(), &event);
    peer.waits_for_room = must_wait;
  }
}

void LoadRig::poll(std::chrono::nanoseconds timeout) {
  const timespec wait{.tv_sec = timeout / 1s, .tv_nsec = (timeout % 1s).count()};
  const int ready =
      ::epoll_pwait2(epoll_.fd(), events_.data(), static_cast<int>(events_.size()), &wait, nullptr);
  std::int64_t read_at = 0;
  for (int nth = 0; nth < ready; ++nth) {
    const epoll_event& event = events_[static_cast<std::size_t>(nth)];
    const std::size_t key = event.data.u64;
    const bool is_subscriber = (key & subscriber_bit) != 0;
    const std::size_t index = key & ~subscriber_bit;
    if ((event.events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) {
      is_subscriber ? serve_subscriber(index, read_at) : serve_publisher(index);
    }
    if ((event.events & EPOLLOUT) != 0) {
      write_out(is_subscriber ? subscribers_[index].peer : publishers_[index].peer, key);
    }
  }
}

void LoadRig::serve_publisher(std::size_t index) {
  BenchPeer& peer = publishers_[index].peer;
  const bool was_empty = !peer.has_output();
  peer.receive(room_, [&](const mqtt::Frame& frame) {
    switch (frame.header.type) {
      case mqtt::PacketType::puback:
      case mqtt::PacketType::pubcomp:
        ++tally_.acknowledged;
        break;
      case mqtt::PacketType::pubrec:
        acks_.append_to(peer.out(), mqtt::PacketType::pubrel,
                        static_cast<std::uint16_t>(frame.body[0] << 8 | frame.body[1]));
        break;
      default:
        throw_unexpected(frame);
    }
  });
  if (was_empty && peer.has_output()) {
    write_out(peer, index);
  }
}

void LoadRig::serve_subscriber(std::size_t index, std::int64_t& read_at) {
  Subscriber& subscriber = subscribers_[index];
  BenchPeer& peer = subscriber.peer;
  bool first = true;
  peer.receive(room_, [&](const mqtt::Frame& frame) {
    if (first) {
      read_at = steady_now();
      first = false;
    }
    if (frame.header.type == mqtt::PacketType::publish) {
      take_publish(subscriber, frame, read_at);
    } else if (frame.header.type == mqtt::PacketType::pubrel) {
      acks_.append_to(peer.out(), mqtt::PacketType::pubcomp,
                      static_cast<std::uint16_t>(frame.body[0] << 8 | frame.body[1]));
    } else {
      throw_unexpected(frame);
    }
  });
  if (peer.has_output() && !peer.waits_for_room) {
    write_out(peer, index | subscriber_bit);
  }
}

void LoadRig::take_publish(Subscriber& subscriber, const mqtt::Frame& frame, std::int64_t read_at) {
  const auto publish = read_stamp(frame, options_.payload_bytes);
  if (!publish) {
    throw_unexpected(frame);
  }
  const std::uint32_t stream = publish->stamp.publisher - subscriber.first_publisher;
  if (stream >= subscriber.streams.size()) {
    ++tally_.misdirected;
    return;
  }
  const Arrival arrival = subscriber.streams[stream].arrived(publish->stamp.sequence);
  tally_.duplicated += arrival == Arrival::duplicate ? 1 : 0;
  tally_.reordered += arrival == Arrival::reordered ? 1 : 0;
  tally_.delivered += arrival == Arrival::duplicate ? 0 : 1;
  latencies_.record(read_at - publish->stamp.due);
  if (publish->qos != mqtt::QoS::at_most_once) {
    acks_.append_to(subscriber.peer.out(),
                    publish->qos == mqtt::QoS::at_least_once ? mqtt::PacketType::puback
                                                             : mqtt::PacketType::pubrec,
                    publish->packet_id);
  }
}

std::int64_t LoadRig::drain() {
  const auto stall = static_cast<std::int64_t>(options_.stall_seconds * 1e9);
  const std::chrono::nanoseconds wait = options_.spin ? 0ns : 10ms;
  std::int64_t last_progress = steady_now();
  std::uint64_t seen = tally_.delivered + tally_.acknowledged;
  while (!is_complete() && steady_now() - last_progress < stall) {
    poll(wait);
    const std::uint64_t now_seen = tally_.delivered + tally_.acknowledged;
    if (now_seen != seen) {
      seen = now_seen;
      last_progress = steady_now();
    }
  }
  return last_progress;
}

bool LoadRig::is_complete() const {
  return tally_.delivered >= expected() &&
         (options_.qos == mqtt::QoS::at_most_once || tally_.acknowledged >= stamped_);
}

std::size_t LoadRig::unsent_bytes() const {
  std::size_t bytes = 0;
  for (const Publisher& publisher : publishers_) {
    bytes += publisher.peer.unsent_bytes();
  }
  return bytes;
}

void LoadRig::forget_tally() {
  tally_ = {};
  latencies_ = {};
  stamped_ = 0;
}

}  // namespace peal::cli
