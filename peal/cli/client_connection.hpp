// One blocking connection to a server, packet by packet.
//
// It waits in one place (`next`), where it also notices signals and one more descriptor, so that a
// program with one thread can read its standard input, answer packets and stop when it is told to.
// Owned and used by one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "peal/base/bytes.hpp"
#include "peal/cli/options.hpp"
#include "peal/mqtt/frame.hpp"

namespace peal::net {
class Stream;
class TlsContext;
}  // namespace peal::net

namespace peal::cli {

using Clock = std::chrono::steady_clock;

/// Why `next` brings no packet.
enum class NoPacket : std::uint8_t {
  timed_out,
  interrupted,  // a signal asked us to stop (interrupt.hpp)
  input_ready,  // the watched descriptor can be read
  closed,       // the server closed the connection
  failed,       // the network did
  malformed,    // what came is not MQTT
};

class ClientConnection {
 public:
  /// Connects to `endpoint`: TCP or a Unix socket, TLS, WebSocket.
  /// errors   a sentence for a person.
  [[nodiscard]] static std::expected<std::unique_ptr<ClientConnection>, std::string> open(
      const Endpoint& endpoint);
  ~ClientConnection();

  /// Sends one packet, waiting as long as the server needs.    returns   false when it is gone.
  [[nodiscard]] bool send(Bytes packet);

  /// The next packet; its bytes are valid until the next call.
  /// `deadline`   when to give up.    `watched_fd`   -1, or a descriptor that ends the wait.
  [[nodiscard]] std::expected<mqtt::Frame, NoPacket> next(Clock::time_point deadline,
                                                          int watched_fd = -1);
  void close();
  /// What the network said when `next` gave `closed` or `failed`.
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  ClientConnection();
  [[nodiscard]] std::expected<void, NoPacket> wait(Clock::time_point deadline,
                                                   int watched_fd) const;
  /// Takes what is there without waiting.    returns   false when there was nothing.
  [[nodiscard]] std::expected<bool, NoPacket> read_more();

  std::unique_ptr<net::TlsContext> tls_;  // outlives the stream
  std::unique_ptr<net::Stream> stream_;
  std::string error_;
  std::vector<std::uint8_t> input_;
  std::size_t begin_ = 0;  // of what was not given out yet
};

}  // namespace peal::cli
