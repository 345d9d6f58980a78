// A blocking connection for programs that have one: `peal pub`, `peal sub`. TCP or a Unix socket,
// TLS and WebSocket when asked.
//
// Everything takes a time limit, and errors are sentences for people. One thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "peal/base/bytes.hpp"

namespace peal::net {

class FrameDecoder;
class TlsContext;
class TlsSession;

// Empty texts are written out so that callers may name only the members they set.
struct StreamOptions {
  std::string host = "localhost";
  std::string address{};  // connected to instead of looking `host` up, which is still its name
  std::uint16_t port = 1883;
  std::string unix_path{};                            // instead of host and port
  std::string bind_address{};                         // to connect from; empty: the system chooses
  std::chrono::milliseconds connect_timeout{10'000};  // for all of it: TCP, TLS, WebSocket
  TlsContext* tls = nullptr;                          // outlives the stream; null: plain
  std::string server_name{};                          // for TLS; empty: `host`
  bool websocket = false;
  std::string websocket_path = "/mqtt";
};

class Stream {
 public:
  using Milliseconds = std::chrono::milliseconds;

  /// errors   a sentence: the address and what went wrong.
  [[nodiscard]] static std::expected<std::unique_ptr<Stream>, std::string> connect(
      const StreamOptions& options);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// Waits for at most `timeout` (zero: looks only; negative: for ever) until something comes.
  /// returns   how many bytes of `buffer` were filled; 0 when nothing came in time.
  /// errors    the connection ended (`is_at_end` tells whether the peer closed it) or broke.
  [[nodiscard]] std::expected<std::size_t, std::string> read(MutableBytes buffer,
                                                             Milliseconds timeout);
  /// Writes all of `bytes`, as one WebSocket frame where that is spoken.
  [[nodiscard]] std::expected<void, std::string> write_all(Bytes bytes,
                                                           Milliseconds timeout = Milliseconds{
                                                               30'000});

  /// Ends WebSocket and TLS politely and stops writing. `read` may still bring what was under way.
  void close();

  /// Whether the peer has closed.
  [[nodiscard]] bool is_at_end() const { return is_at_end_; }
  /// To wait on together with others. Bytes may already be inside: `read` with a timeout of zero
  /// until it gives 0, then wait.
  [[nodiscard]] int fd() const { return fd_; }
  /// "TLSv1.3"; empty without TLS.
  [[nodiscard]] std::string tls_version() const;

 private:
  using Clock = std::chrono::steady_clock;
  using Done = std::expected<void, std::string>;

  Stream();
  [[nodiscard]] Done open_tcp(const StreamOptions& options, Clock::time_point deadline);
  [[nodiscard]] Done open_unix(const std::string& path);
  [[nodiscard]] Done open_one(const void* address, std::size_t size, int family,
                              const std::string& bind_address, Clock::time_point deadline);
  [[nodiscard]] Done begin_tls(const StreamOptions& options, Clock::time_point deadline);
  [[nodiscard]] Done begin_websocket(const StreamOptions& options, Clock::time_point deadline);
  /// Reads what there is on the descriptor or in TLS; 0 with `is_at_end_` for the end.
  [[nodiscard]] std::expected<std::size_t, std::string> read_raw(MutableBytes buffer,
                                                                 Clock::time_point deadline);
  /// `has_limit`   ends at the deadline also while frames come that have nothing in them.
  [[nodiscard]] std::expected<std::size_t, std::string> read_frames(MutableBytes buffer,
                                                                    Clock::time_point deadline,
                                                                    bool has_limit);
  [[nodiscard]] Done write_raw(Bytes bytes, Clock::time_point deadline);
  [[nodiscard]] Done write_frame(std::uint8_t type, Bytes payload, Clock::time_point deadline);
  [[nodiscard]] Done answer_frames(Clock::time_point deadline);

  int fd_ = -1;
  bool is_at_end_ = false;
  bool is_closed_ = false;
  std::unique_ptr<TlsSession> tls_;
  std::unique_ptr<FrameDecoder> decoder_;  // with WebSocket
  std::vector<std::uint8_t> undecoded_;    // came together with the answer to the upgrade
  std::vector<std::uint8_t> frame_;        // what is being sent
};

}  // namespace peal::net
