// Publishers and subscribers of one scenario, connected to the broker, and the loop that serves
// them. One thread. Everything a measurement needs is made in the constructor.
//
// Topics: pairs use bench/pair/I; fan-in publishes to bench/in/I and subscribes to bench/in/+;
// fan-out uses bench/out.
#pragma once

#include <chrono>
#include <memory>
#include <sys/epoll.h>
#include <vector>

#include "peal/cli/bench_histogram.hpp"
#include "peal/cli/bench_options.hpp"
#include "peal/cli/bench_peer.hpp"
#include "peal/cli/bench_sequence.hpp"

namespace peal::cli {

class LoadRig {
 public:
  /// Connects, subscribes, and sends one message through every path, which must arrive.
  /// errors   throws when the broker does not play along.
  explicit LoadRig(const BenchOptions& options);

  [[nodiscard]] std::size_t publisher_count() const { return publishers_.size(); }
  /// How many subscribers get each message.
  [[nodiscard]] std::size_t copies() const {
    return options_.shape == Shape::fan_out ? subscribers_.size() : 1;
  }

  /// Appends one message of `publisher`, without writing it.
  void stamp(std::size_t publisher, std::int64_t due);
  /// Writes what `publisher` has; what does not fit goes when there is room.
  void flush(std::size_t publisher) { write_out(publishers_[publisher].peer, publisher); }

  /// Waits until there is something to do, at most `timeout`, and does it.
  void poll(std::chrono::nanoseconds timeout);

  /// Polls until everything stamped has arrived and is acknowledged, or nothing has moved for
  /// `stall_seconds`.
  /// returns   when the last message arrived (steady_now()).
  std::int64_t drain();

  /// Deliveries since `forget_tally`, and what they should be.
  [[nodiscard]] const Tally& tally() const { return tally_; }
  [[nodiscard]] std::uint64_t expected() const { return stamped_ * copies(); }
  [[nodiscard]] const Histogram& latencies() const { return latencies_; }
  [[nodiscard]] std::size_t unsent_bytes() const;
  void forget_tally();

 private:
  struct Publisher {
    BenchPeer peer;
    PublishTemplate message;
    std::uint32_t sequence = 0;
  };
  struct Subscriber {
    BenchPeer peer;
    std::uint32_t first_publisher;
    std::vector<SequenceCheck> streams;  // one for each publisher it listens to
  };

  void connect_subscribers();
  void connect_publishers();
  [[nodiscard]] BenchPeer connect(std::string_view role, std::size_t index, std::size_t nth);
  void watch(const BenchPeer& peer, std::size_t key) const;
  void write_out(BenchPeer& peer, std::size_t key);
  void serve_publisher(std::size_t index);
  void serve_subscriber(std::size_t index, std::int64_t& read_at);
  void take_publish(Subscriber& subscriber, const mqtt::Frame& frame, std::int64_t read_at);
  [[nodiscard]] bool is_complete() const;

  BenchOptions options_;
  AckWriter acks_;
  BenchSocket epoll_;
  Packet room_;
  std::vector<Publisher> publishers_;
  std::vector<Subscriber> subscribers_;
  std::vector<epoll_event> events_;
  Tally tally_;
  Histogram latencies_;
  std::uint64_t stamped_ = 0;
};

}  // namespace peal::cli
