// TLS on one descriptor, server or client side: OpenSSL with the socket calls that a loop needs (no
// SIGPIPE, counted, and no read that is known to find nothing).
//
// Never blocks when the descriptor does not. Owned by one thread at a time; may move to another
// between calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "peal/base/bytes.hpp"
#include "peal/net/loop.hpp"

struct ssl_st;

namespace peal::net {

class TlsContext;

class TlsSession {
 public:
  enum class Status : std::uint8_t {
    done,
    want_read,   // when the descriptor is readable
    want_write,  // when the descriptor is writable
    end,         // the peer closed
    failed,      // the session is broken; `error` says why
  };
  struct Transfer {
    std::size_t bytes = 0;
    Status status = Status::done;
  };

  /// The server's side on `fd`, which stays the caller's. Null: no memory.
  [[nodiscard]] static std::unique_ptr<TlsSession> accept(TlsContext& context, int fd);
  /// The client's side.
  /// `server_name`   is sent as SNI and checked against the certificate, unless the context is
  ///                 insecure.
  [[nodiscard]] static std::unique_ptr<TlsSession> connect(TlsContext& context, int fd,
                                                           const std::string& server_name);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  /// Goes on with the handshake.
  [[nodiscard]] Status handshake();
  /// Fills `buffer` as far as there is something. `done` means that it is full.
  [[nodiscard]] Transfer read(MutableBytes buffer);
  /// Writes a part of `bytes`. After want_write the next call begins with the same bytes, wherever
  /// they are then.
  [[nodiscard]] Transfer write(Bytes bytes);
  /// Says that nothing more will be written (close_notify).
  void shutdown();

  /// Something may have come since the last read.
  void socket_is_readable() { socket_is_empty_ = false; }
  /// The peer has closed its half: the end may come with the last bytes and is no event of its own.
  void end_is_near() {
    socket_is_empty_ = false;
    end_is_near_ = true;
  }
  /// Where system calls are counted from now on; null for nowhere.
  void count_into(Loop::Calls* calls) { calls_ = calls; }

  [[nodiscard]] std::string version() const;      // "TLSv1.3"
  [[nodiscard]] std::string server_name() const;  // SNI, empty without
  [[nodiscard]] std::string protocol() const;     // ALPN, empty without
  [[nodiscard]] bool is_resumed() const;
  /// Of the peer's verified certificate, as certificate_names.hpp says; empty without.
  [[nodiscard]] std::string certificate_subject() const;
  [[nodiscard]] std::string certificate_common_name() const;
  [[nodiscard]] std::string certificate_alternative_name() const;
  /// Whether the peer's certificate, good as it was, is revoked by what `context` has now.
  [[nodiscard]] bool is_revoked(const TlsContext& context) const;
  /// Who the peer is by its key (TLS-PSK); empty when it was let in by none.
  [[nodiscard]] std::string psk_identity() const;
  /// After `failed`: whether the connection broke below TLS.
  [[nodiscard]] bool is_network_error() const { return is_network_error_; }
  /// A sentence, after `failed`.
  [[nodiscard]] std::string error() const { return error_ == nullptr ? "" : *error_; }

 private:
  friend struct TlsSocket;
  class AtWork;
  TlsSession(ssl_st* ssl, int fd);
  [[nodiscard]] static std::unique_ptr<TlsSession> make(TlsContext& context, int fd);
  [[nodiscard]] Status status_of(int result);

  ssl_st* ssl_;
  Loop::Calls* calls_ = nullptr;
  int fd_;
  bool socket_is_empty_ = false;
  bool socket_is_at_end_ = false;
  bool end_is_near_ = false;
  bool is_broken_ = false;
  bool is_network_error_ = false;
  std::unique_ptr<const std::string> error_;
};

}  // namespace peal::net
