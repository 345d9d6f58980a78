// One TCP connection of the load generator. Blocking until `set_nonblocking`: connecting and
// subscribing are not measured, so they are written the simple way.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "peal/base/bytes.hpp"
#include "peal/cli/bench_packets.hpp"

namespace peal::cli {

class BenchSocket {
 public:
  BenchSocket() = default;
  explicit BenchSocket(int fd) : fd_(fd) {}
  BenchSocket(BenchSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  BenchSocket& operator=(BenchSocket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~BenchSocket();

  [[nodiscard]] int fd() const { return fd_; }

  /// Writes all, waiting as long as it takes.
  void send_all(Bytes bytes) const;

  /// Reads byte by byte until one packet is there, and expects it to be of `type`: what comes
  /// behind it stays in the socket.
  [[nodiscard]] Packet await(mqtt::PacketType type) const;

  void set_nonblocking() const;

  /// Takes what fits.    returns   how many bytes; throws when the peer has gone.
  [[nodiscard]] std::size_t write_some(Bytes bytes) const;

  /// returns   how many bytes; 0 when there is nothing; throws when the peer has gone.
  [[nodiscard]] std::size_t read_some(MutableBytes room) const;

 private:
  int fd_ = -1;
};

struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
};

/// A listening socket on 127.0.0.1 and the port given (0: a free one).
[[nodiscard]] BenchSocket listen_on(std::uint16_t port);
[[nodiscard]] std::uint16_t port_of(const BenchSocket& listener);

/// Buffers large enough that a whole backlog fits (as far as the kernel lets), no Nagle.
void tune(const BenchSocket& socket);

/// Connects over TCP; on loopback from 127.0.0.(1 + index / 20000), since one source address has
/// about 28000 ports.    errors   throws.
[[nodiscard]] BenchSocket connect_to(const Endpoint& broker, std::size_t index);

/// The same, and through CONNECT and CONNACK.    errors   throws also when the broker refuses.
[[nodiscard]] BenchSocket connect_client(const Endpoint& broker, std::size_t index,
                                         mqtt::ProtocolVersion version, std::string_view client_id,
                                         bool keeps_session = false);

/// Sends SUBSCRIBE for `filters` (one packet) and waits for a SUBACK without a refusal.
void subscribe(const BenchSocket& socket, mqtt::ProtocolVersion version,
               std::span<const std::string> filters, mqtt::QoS qos);

}  // namespace peal::cli
