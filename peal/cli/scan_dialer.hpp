// Where every connection of a scan comes from: the one place that counts them, keeps them one at a
// time, and says no beyond the limit.
//
// The host's name is looked up once; the first address that takes a connection is the one that is
// spoken to from then on. Owned and used by one thread; outlives its links.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "peal/cli/scan_options.hpp"
#include "peal/cli/scan_seen.hpp"

namespace peal::net {
class Stream;
class TlsContext;
}  // namespace peal::net

namespace peal::cli {

/// An open connection. While it lives no other is opened.
class ScanConnection {
 public:
  ScanConnection(std::unique_ptr<net::Stream> stream, bool& is_open);
  ~ScanConnection();
  ScanConnection(const ScanConnection&) = delete;
  ScanConnection& operator=(const ScanConnection&) = delete;
  [[nodiscard]] net::Stream& stream() { return *stream_; }

 private:
  std::unique_ptr<net::Stream> stream_;
  bool& is_open_;  // the dialer's
};

class ScanDialer {
 public:
  using Dialled = std::expected<std::unique_ptr<ScanConnection>, std::string>;

  /// `options`   outlives the dialer.
  /// errors      throws std::runtime_error: the name has no address, no TLS.
  explicit ScanDialer(const ScanOptions& options);
  ~ScanDialer();
  ScanDialer(const ScanDialer&) = delete;
  ScanDialer& operator=(const ScanDialer&) = delete;

  /// `way`    ws and wss make the WebSocket, tls and wss the TLS; no certificate is checked.
  /// errors   a sentence; also when the limit is reached.
  [[nodiscard]] Dialled dial(std::uint16_t port, Way way);

  [[nodiscard]] std::size_t connections() const { return connections_; }
  [[nodiscard]] bool is_exhausted() const { return connections_ >= scan_connections_limit; }
  /// The address that answered, or the first one.
  [[nodiscard]] const std::string& address() const { return addresses_.front(); }
  [[nodiscard]] bool is_loopback() const;

 private:
  [[nodiscard]] Dialled dial_address(const std::string& address, std::uint16_t port, Way way);

  const ScanOptions& options_;
  std::vector<std::string> addresses_;  // one alone once it has answered; never empty
  std::unique_ptr<net::TlsContext> tls_;
  std::size_t connections_ = 0;
  bool has_answered_ = false;
  bool is_open_ = false;
};

}  // namespace peal::cli
