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
// Each is an ordered, lossless stream of bytes both ways. [MQTT-4.2-1] [MQTT3-7.1.1-1]
//
// Owned by one worker, used on its thread; `detach` and `attach` move it to another worker's loop
// with its TLS and WebSocket state and the bytes not yet consumed. An idle connection owns no
// buffer.
//
// Output is by reference: `send` keeps views, `flush` writes them with one system call, and only
// what the socket did not take is copied (or held, where the bytes belong to a SharedBuffer).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "peal/base/bytes.hpp"
#include "peal/base/shared_buffer.hpp"
#include "peal/net/address.hpp"
#include "peal/net/loop.hpp"
#include "peal/net/output.hpp"

namespace peal::net {

class TlsContext;
class TlsSession;
class WebSocket;
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
  std::string certificate_alternative_name;  // the first DNS name, email address or URI
  std::string psk_identity;                  // empty without TLS-PSK
};

/// How a listener's connections begin. Outlives them.
struct ConnectionSettings {
  bool accept_plain = true;      // MQTT (or whatever it is) directly
  bool accept_http = true;       // HTTP and WebSocket
  bool accept_websocket = true;  // false: an upgrade is answered with 404
  bool require_proxy_header = false;
  TlsContext* tls = nullptr;  // null: no TLS here
  bool require_tls = false;
  std::string websocket_path = "/mqtt";      // "/" is always accepted too
  std::vector<std::string> allowed_origins;  // besides the own host
  std::vector<std::string> allowed_hosts;  // names that a Host header may have on loopback, besides
                                           // the loopback names
  /// A longer WebSocket frame is refused (1009), though nothing of it would be kept.
  std::uint64_t websocket_frame_bytes_limit = std::uint64_t{1} << 31;
  std::size_t unsent_bytes_limit = std::size_t{1} << 20;
  /// Counts connections that began with HTTP and are no WebSocket (yet); may be null.
  std::atomic<std::size_t>* http_connections = nullptr;
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
  /// The PROXY header named where the connection really comes from.
  /// returns   whether it may go on.
  [[nodiscard]] virtual bool on_proxied(const Address& /*source*/) { return true; }
};

class Connection final : public EventSource {
 public:
  /// Takes the connected, non-blocking descriptor `fd`. `settings` and `handler` outlive the
  /// connection.
  Connection(int fd, const ConnectionSettings& settings, ConnectionHandler& handler);
  ~Connection() override;  // closes the descriptor

  /// Joins `loop`. Input that was kept is offered in its next iteration. False: the system refused;
  /// the owner destroys the connection.
  [[nodiscard]] bool attach(Loop& loop);
  /// Leaves its loop, after writing what waits; input not yet consumed is kept. Call from inside
  /// `on_bytes` or outside of callbacks. Another thread may `attach` it only after the callback has
  /// returned (hand it over in `Loop::later`).
  void detach();
  /// From now on `handler` is called.
  void set_handler(ConnectionHandler& handler) { handler_ = &handler; }

  /// Application bytes to send with this iteration's flush. Dropped when the connection is closing.
  /// `bytes`   stay valid until the flush.    cost   O(1); joins the piece before when it is
  /// adjacent.
  void send(Bytes bytes) { enqueue(bytes, nullptr); }
  /// The same for bytes inside `owner`, which is held for as long as they wait. The caller's own
  /// hold lasts until the flush.
  void send(Bytes bytes, const SharedBuffer& owner) { enqueue(bytes, &owner); }

  /// Writes what waits, once. Called by the loop.
  void flush();

  /// Bytes that the socket did not take yet.
  [[nodiscard]] std::size_t unsent_bytes() const { return pending_ ? pending_->bytes() : 0; }
  /// Bytes that the socket took since the beginning. A peer for which this stands still while
  /// `unsent_bytes` is not zero does not read.
  [[nodiscard]] std::uint64_t written_bytes() const { return written_bytes_; }

  /// Writes what waits as far as possible, ends TLS and WebSocket politely, closes. `on_closed`
  /// follows at the end of the iteration, not from inside this call. The connection is attached.
  void close();
  /// The same without writing.
  void abort();
  /// Whether it has ended or is ending: `close` or `abort` was called, or the peer or an error did
  /// it.
  [[nodiscard]] bool is_closing() const { return closing_; }

  /// Stops reading (back-pressure, a pending authentication) until `resume`.
  void pause() { paused_ = true; }
  /// Reads on in the next iteration, and offers what was kept once more (also when not paused).
  void resume();

  /// Whether application bytes have begun to flow and `peer` is complete.
  [[nodiscard]] bool is_open() const { return stage_ == Stage::open; }
  /// Whether what is sent goes in WebSocket frames, one for each call of `send`.
  [[nodiscard]] bool is_websocket() const { return websocket_ != nullptr; }
  /// cost   builds the texts: ask once, keep the answer.
  [[nodiscard]] Peer peer() const;
  /// Whether the peer's certificate was revoked since it was shown (or just before that was known).
  [[nodiscard]] bool is_revoked() const;
  /// The address in `peer`, as a small value.
  [[nodiscard]] const Address& address() const { return address_; }
  [[nodiscard]] int fd() const { return fd_; }

  void on_event(std::uint32_t events) override;

 private:
  friend class Loop;

  // The next thing that the peer must say. Later stages have greater values.
  enum class Stage : std::uint8_t {
    proxy_header,  // the PROXY header
    outer_bytes,   // TLS or not
    tls_handshake,
    inner_bytes,  // HTTP or not
    http_request,
    open,  // application bytes
  };
  enum class Step : std::uint8_t { again, wait };  // go on at once, or when more has come
  struct Input {
    MutableBytes bytes;
    bool is_full = false;  // there may be more
    bool is_end = false;   // nothing will come after `bytes`
    CloseCause cause = CloseCause::by_peer;
  };

  // Beginning (connection_begin.cpp).
  [[nodiscard]] Stage first_stage() const;
  [[nodiscard]] bool begin();
  [[nodiscard]] Step read_proxy_header();
  [[nodiscard]] Step look_for_tls();
  [[nodiscard]] Step do_handshake();
  [[nodiscard]] Bytes peek(std::size_t limit);
  void choose_protocol(Bytes bytes);
  [[nodiscard]] MutableBytes take_http_request(MutableBytes bytes);
  void upgrade(const HttpRequest& request);
  void count_http(bool is_http);
  void answer(const HttpAnswer& answer, bool with_body = true);

  // Input (connection.cpp).
  void read();
  [[nodiscard]] Input read_some(MutableBytes buffer);
  [[nodiscard]] CloseCause cause_of_tls_failure() const;
  void offer_kept();
  void take(MutableBytes fresh);
  [[nodiscard]] MutableBytes consume(MutableBytes bytes);
  void keep(Bytes rest);
  void react_to_frames();
  [[nodiscard]] bool may_read() const { return !paused_ && !closing_ && loop_ != nullptr; }
  void end(CloseCause cause);
  void leave();
  void finish();

  // Output (connection_output.cpp).
  enum class Written : std::uint8_t { all, blocked, failed };
  void enqueue(Bytes bytes, const SharedBuffer* owner) {
    if (closing_ || bytes.empty()) {
      return;
    }
    if (output_ == nullptr) {
      begin_output();
    }
    output_->add(bytes, owner, websocket_ == nullptr);
  }
  void begin_output();
  void add_frames(Output& output);
  void write_now(std::string_view text);
  [[nodiscard]] Written write(std::span<Piece>& pieces);
  [[nodiscard]] Written write_plain(std::span<Piece>& pieces);
  [[nodiscard]] Written write_tls(std::span<Piece>& pieces);
  void hold(std::span<Piece> pieces);
  void write_pending();
  void fail_output();
  void end_politely();

  int fd_ = -1;
  Stage stage_ = Stage::inner_bytes;
  CloseCause cause_ = CloseCause::by_us;
  bool closing_ : 1 = false;
  bool paused_ : 1 = false;
  bool offer_again_ : 1 = false;    // kept input waits for a turn
  bool hangup_ : 1 = false;         // the end of input is near: read until it
  bool blocked_ : 1 = false;        // the socket is full until EPOLLOUT
  bool dirty_ : 1 = false;          // stands in the loop's list
  bool output_failed_ : 1 = false;  // read what is left, then end
  bool close_when_drained_ : 1 = false;
  bool is_proxied_ : 1 = false;
  bool is_counted_http_ : 1 = false;
  Address address_;
  Loop* loop_ = nullptr;
  const ConnectionSettings* settings_;
  ConnectionHandler* handler_;
  std::uint64_t written_bytes_ = 0;
  std::unique_ptr<Output> output_;                   // lent by the loop for one iteration
  std::unique_ptr<Pending> pending_;                 // while the socket is full
  std::unique_ptr<std::vector<std::uint8_t>> kept_;  // input that the handler did not consume
  std::unique_ptr<TlsSession> tls_;
  std::unique_ptr<WebSocket> websocket_;
};

}  // namespace peal::net
