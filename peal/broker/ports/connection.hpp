// Port: a Network Connection, as far as the server's behaviour needs one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "peal/base/bytes.hpp"
#include "peal/base/shared_buffer.hpp"

namespace peal::broker {

/// Who is at the other end, as the transport knows. Valid as long as the connection.
struct PeerInfo {
  std::string_view address;  // "192.0.2.1:40312", "unix"
  bool is_loopback = false;
  bool is_encrypted = false;
  std::string_view certificate_common_name;  // empty without a verified client certificate
  std::string_view certificate_subject;
  std::string_view certificate_alternative_name;  // the first DNS name, email address or URI
  std::string_view psk_identity;                  // empty without TLS-PSK
};

class Connection {
 public:
  virtual ~Connection() = default;
  /// Queues one or more whole packets for this iteration's flush.
  /// `bytes`   lie in the worker's arena or in another worker's mail, both of which stay until the
  ///           flush, or in `owner`, which is then held while they wait.
  virtual void send(Bytes bytes, const SharedBuffer* owner) = 0;
  /// Bytes that the peer's socket has not taken yet.
  [[nodiscard]] virtual std::size_t unsent_bytes() const = 0;
  /// Writes what was sent and closes. The channel hears of it no more.
  virtual void close() = 0;
  [[nodiscard]] virtual PeerInfo peer() const = 0;
  /// No more input until `resume_input`: something has to be waited for.
  virtual void pause_input() = 0;
  virtual void resume_input() = 0;
  /// It is known who the peer is, and a CONNACK says that it may stay.
  virtual void let_in() = 0;
};

}  // namespace peal::broker
