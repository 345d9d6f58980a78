// One accepted or opened stream connection, whatever it is wrapped in: PROXY header, TLS,
// WebSocket.
//
// The owner sees application bytes only. What the connection speaks is found out from its first
// bytes: a PROXY header where the listener requires one, then a TLS record or plain bytes, then an
// HTTP request (WebSocket upgrade or the small page) or something else, which is given to the
// handler as it is.
//
//     descriptor -> [PROXY header] -> [TLS] -> [HTTP upgrade, WebSocket frames] ->
//     ConnectionHandler::on_bytes
//
// Owned by one worker, used on its thread; `detach` and `attach` move it to another worker's loop
// with its TLS and WebSocket state and the bytes not yet consumed. An idle connection owns no
// buffer.
//
// Output is by reference: `send` keeps views, `flush` writes them with one system call, and only
// what the socket did not take is copied (or held, where the bytes belong to a SharedBuffer).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "peal/base/bytes.hpp"
#include "peal/base/shared_buffer.hpp"
#include "peal/net/loop.hpp"

namespace peal::net {

class TlsContext;
struct HttpRequest;
struct HttpAnswer;

/// Why a connection ended.
enum class CloseCause : std::uint8_t {
  by_us,          // `close` was called
  by_peer,        // end of stream
  network_error,  // reset, timed out, unreachable
  tls_error,
  websocket_error,  // a frame that RFC 6455 forbids, a text frame [MQTT-6.0.0-1]
  proxy_error,      // the PROXY header that the listener requires was wrong or missing
  http_done,        // an HTTP request was answered; there was never an MQTT client
  not_accepted,     // the listener does not serve this protocol
};

/// What the first bytes turned out to be, and what TLS proved about the peer.
struct Peer {
  std::string address;  // "192.0.2.1", "2001:db8::1", "unix"; the one the PROXY header names where
                        // there is one
  std::uint16_t port = 0;
  bool is_loopback = false;  // really: never for a proxied or forwarded connection
  bool is_proxied = false;
  bool is_websocket = false;
  bool is_tls = false;
  std::string tls_version;          // "TLSv1.3"
  std::string server_name;          // SNI
  std::string certificate_subject;  // RFC 2253 form, empty without a verified client certificate
  std::string certificate_common_name;
};

/// How a listener's connections begin. Outlives them.
struct ConnectionSettings {
  bool accept_plain = true;  // MQTT (or whatever it is) directly
  bool accept_http = true;   // HTTP and WebSocket
  bool require_proxy_header = false;
  TlsContext* tls = nullptr;  // null: no TLS here
  bool require_tls = false;
  std::string websocket_path = "/mqtt";      // "/" is always accepted too
  std::vector<std::string> allowed_origins;  // besides the own host
  std::size_t unsent_bytes_limit = std::size_t{1} << 20;
};

class ConnectionHandler {
 public:
  virtual ~ConnectionHandler() = default;

  /// Application bytes in order, beginning with what was left over last time.
  /// returns   how many were consumed. The rest is kept and offered again when more has come (or
  /// after `resume`).
  virtual std::size_t on_bytes(Bytes bytes) = 0;
  /// The connection is gone; nothing is called after this. The owner destroys it with
  /// `Loop::later`.
  virtual void on_closed(CloseCause cause) = 0;
  /// All output was taken by the socket, after `flush` had found it full.
  virtual void on_drained() = 0;
  /// An HTTP request that is no WebSocket upgrade. The answer is written and the connection closed.
  virtual HttpAnswer on_http(const HttpRequest& request) = 0;
};

class Connection final : public EventSource {
 public:
  /// Takes the connected, non-blocking descriptor `fd`. `settings` and `handler` outlive the
  /// connection.
  Connection(int fd, const ConnectionSettings& settings, ConnectionHandler& handler);
  ~Connection() override;  // closes the descriptor

  /// Joins `loop`. False: the system refused; the owner destroys the connection.
  [[nodiscard]] bool attach(Loop& loop);
  /// Leaves its loop; input not yet consumed is kept. Call from inside `on_bytes` or outside of
  /// callbacks.
  void detach();

  /// Application bytes to send with this iteration's flush.
  /// `bytes`   stay valid until the flush.    cost   O(1); joins the piece before when it is
  /// adjacent.
  void send(Bytes bytes);
  /// The same for bytes inside `owner`, which is held for as long as they wait.
  void send(Bytes bytes, const SharedBuffer& owner);

  /// Writes what waits, once. Called by the loop.
  void flush();

  /// Bytes that the socket did not take yet.
  [[nodiscard]] std::size_t unsent_bytes() const;

  /// Writes what waits as far as possible, ends TLS and WebSocket politely, closes. `on_closed`
  /// follows, not from inside this call.
  void close();
  /// The same without writing.
  void abort();
  [[nodiscard]] bool is_closing() const;

  /// Stops reading (back-pressure, a pending authentication) until `resume`.
  void pause();
  void resume();

  /// Whether application bytes have begun to flow and `peer` is complete.
  [[nodiscard]] bool is_open() const;
  [[nodiscard]] const Peer& peer() const;
  [[nodiscard]] int fd() const { return fd_; }

  void on_event(std::uint32_t events) override;

 private:
  friend class Loop;
  // The worker on this file fills in the state; keep an idle plain connection under 160 bytes here,
  // put what only TLS, WebSocket, a slow peer or half a packet needs behind one pointer each.
  int fd_ = -1;
};

}  // namespace peal::net
