// One connection under load: bytes that wait to be written, and half a packet that waits for its
// rest.
#pragma once

#include <cstring>
#include <stdexcept>

#include "peal/cli/bench_packets.hpp"
#include "peal/cli/bench_socket.hpp"

namespace peal::cli {

class BenchPeer {
 public:
  explicit BenchPeer(BenchSocket socket) : socket_(std::move(socket)) {}

  [[nodiscard]] int fd() const { return socket_.fd(); }

  /// Where packets are appended before `flush`.
  [[nodiscard]] Packet& out() { return out_; }
  [[nodiscard]] bool has_output() const { return out_at_ < out_.size(); }
  [[nodiscard]] std::size_t unsent_bytes() const { return out_.size() - out_at_; }

  /// Writes what fits.    returns   whether everything went.
  bool flush();

  /// Writes `bytes` and keeps what does not fit, behind what waits already.
  /// returns   false when something was kept and nothing had been before.
  [[nodiscard]] bool send(Bytes bytes);

  /// Reads once, without looking at what it is.
  [[nodiscard]] std::size_t read(MutableBytes room) const { return socket_.read_some(room); }

  /// Reads once into `room` and gives every whole packet to `take(frame)`.
  /// `room`   shared by all peers; larger than the largest packet.
  template <typename Take>
  void receive(MutableBytes room, Take take) {
    if (!half_.empty()) {
      std::memcpy(room.data(), half_.data(), half_.size());
    }
    const std::size_t got = socket_.read_some(room.subspan(half_.size()));
    Bytes rest = room.first(half_.size() + got);
    for (;;) {
      const auto frame = mqtt::next_frame(rest, room.size());
      if (!frame) {
        throw std::runtime_error("the broker sent something that is no packet");
      }
      if (!*frame) {
        break;
      }
      take(**frame);
      rest = rest.subspan((*frame)->size);
    }
    half_.assign(rest.begin(), rest.end());
  }

  /// Whether the loop was asked to say when the socket takes bytes again.
  bool waits_for_room = false;

 private:
  BenchSocket socket_;
  Packet out_;
  std::size_t out_at_ = 0;
  Packet half_;
};

}  // namespace peal::cli
