// A listening socket: TCP over IPv4 or IPv6, or a Unix socket.
//
// Several workers may each have a listener on one TCP address (`share_port`); the kernel spreads
// new connections over them. A Unix socket has one listener.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "peal/net/address.hpp"
#include "peal/net/loop.hpp"

namespace peal::net {

struct ListenerSettings {
  /// "127.0.0.1:1883", "[::1]:1883", "localhost:0" or "unix:/run/peal/mqtt.sock". Port 0 is a free
  /// one. "[::]" takes IPv4 too.
  std::string bind{};
  bool share_port = false;    // SO_REUSEPORT
  unsigned unix_mode = 0600;  // permissions of a Unix socket
};

class Listener final : public EventSource {
 public:
  /// Takes over the connected, non-blocking descriptor. TCP_NODELAY, a TCP_USER_TIMEOUT of 120 s
  /// and keepalive after ten minutes are set.
  using OnAccept = std::move_only_function<void(int fd, const Address& peer)>;

  /// Opens the socket and listens; nothing is accepted before `attach`.
  /// errors   a sentence with the address and the reason.
  [[nodiscard]] static std::expected<std::unique_ptr<Listener>, std::string> open(
      const ListenerSettings& settings);
  /// Stops listening, and removes the file of a Unix socket.
  ~Listener() override;

  /// Accepts in `loop` from now on, at most 64 connections in one turn. False: the system refused.
  /// When the process has no descriptor left, waiting connections are accepted and closed at once.
  [[nodiscard]] bool attach(Loop& loop, OnAccept on_accept);
  /// Lets other sockets of this user on its port, too: for one that is opened before this one goes.
  /// threads   any.
  void share_port() const;
  /// Stops accepting. Waiting connections stay with the kernel.
  void detach();

  /// Where it listens, with the port that was chosen for port 0: "127.0.0.1:40123", "[::1]:1883",
  /// "unix:/path".
  [[nodiscard]] const std::string& bound_address() const { return bound_address_; }
  /// The same port number; 0 for a Unix socket.
  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// Connections closed because the process had no descriptor left.
  [[nodiscard]] std::uint64_t shed() const { return shed_; }

  void on_event(std::uint32_t events) override;

 private:
  explicit Listener(int fd);
  [[nodiscard]] static std::expected<std::unique_ptr<Listener>, std::string> open_tcp(
      const ListenerSettings& settings);
  [[nodiscard]] static std::expected<std::unique_ptr<Listener>, std::string> open_unix(
      const ListenerSettings& settings);
  [[nodiscard]] bool accept_one();
  [[nodiscard]] bool shed_one();

  int fd_;
  int reserve_fd_;
  Loop* loop_ = nullptr;
  OnAccept on_accept_;
  std::string bound_address_;
  std::string unix_path_;
  std::uint16_t port_ = 0;
  std::uint64_t shed_ = 0;
};

/// "host:port" or "[v6]:port", taken apart.
struct HostAndPort {
  std::string host;  // without brackets
  std::uint16_t port = 0;
};
/// errors   a sentence that says what an address looks like.
[[nodiscard]] std::expected<HostAndPort, std::string> parse_host_and_port(const std::string& text);

}  // namespace peal::net
