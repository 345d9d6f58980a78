#include "peal/cli/client_connection.hpp"

#include <algorithm>
#include <array>
#include <poll.h>

#include "peal/auth/psk_file.hpp"
#include "peal/cli/interrupt.hpp"
#include "peal/net/stream.hpp"
#include "peal/net/tls_context.hpp"

namespace peal::cli {
namespace {

constexpr std::size_t read_bytes = std::size_t{64} * 1024;
constexpr std::size_t packet_size_limit = 268'435'460;  // the most that MQTT can say
constexpr std::chrono::milliseconds close_timeout{500};

net::TlsClientOptions tls_options(const TlsOptions& tls) {
  net::TlsClientOptions options;
  options.ca_file = tls.ca_file;
  options.ca_path = tls.ca_path;
  options.certificate = tls.certificate;
  options.key = tls.key;
  options.check_name = !tls.insecure;  // who signed it is checked all the same
  options.ciphers = tls.ciphers;
  if (!tls.psk.empty()) {
    options.psk = {tls.psk_identity, auth::parse_psk_key(tls.psk).value_or(
                                         std::vector<std::uint8_t>{})};  // checked with the options
  }
  if (tls.version == "tlsv1.3") {
    options.min_version = net::TlsVersion::tls_1_3;
  } else if (tls.version == "tlsv1.2") {
    options.max_version = net::TlsVersion::tls_1_2;
  }
  if (!tls.alpn.empty()) {
    options.protocols = {tls.alpn};
  }
  return options;
}

net::StreamOptions stream_options(const Endpoint& endpoint) {
  net::StreamOptions options;
  options.host = endpoint.host;
  options.port = endpoint.port;
  options.unix_path = endpoint.unix_path;
  options.bind_address = endpoint.bind_address;
  options.websocket = endpoint.websocket;
  options.websocket_path = endpoint.websocket_path;
  return options;
}

}  // namespace

ClientConnection::ClientConnection() = default;
ClientConnection::~ClientConnection() = default;

std::expected<std::unique_ptr<ClientConnection>, std::string> ClientConnection::open(
    const Endpoint& endpoint) {
  std::unique_ptr<ClientConnection> connection(new ClientConnection);
  net::StreamOptions options = stream_options(endpoint);
  if (endpoint.tls.use) {
    auto tls = net::TlsContext::client(tls_options(endpoint.tls));
    if (!tls.has_value()) {
      return std::unexpected(tls.error());
    }
    connection->tls_ = std::move(*tls);
    options.tls = connection->tls_.get();
  }
  auto stream = net::Stream::connect(options);
  if (!stream.has_value()) {
    return std::unexpected(stream.error());
  }
  connection->stream_ = std::move(*stream);
  return connection;
}

bool ClientConnection::send(Bytes packet) {
  const auto written = stream_->write_all(packet);
  if (!written.has_value()) {
    error_ = written.error();
  }
  return written.has_value();
}

std::expected<mqtt::Frame, NoPacket> ClientConnection::next(Clock::time_point deadline,
                                                            int watched_fd) {
  while (true) {
    const auto frame = mqtt::next_frame(Bytes(input_).subspan(begin_), packet_size_limit);
    if (!frame.has_value()) {
      return std::unexpected(NoPacket::malformed);
    }
    if (frame->has_value()) {
      begin_ += (*frame)->size;
      return **frame;
    }
    // Also where so much comes that nobody ever waits.
    if (is_interrupted()) {
      return std::unexpected(NoPacket::interrupted);
    }
    if (Clock::now() >= deadline) {
      return std::unexpected(NoPacket::timed_out);
    }
    const auto more = read_more();
    if (!more.has_value()) {
      return std::unexpected(more.error());
    }
    if (!*more) {
      if (const auto ready = wait(deadline, watched_fd); !ready.has_value()) {
        return std::unexpected(ready.error());
      }
    }
  }
}

std::expected<void, NoPacket> ClientConnection::wait(Clock::time_point deadline,
                                                     int watched_fd) const {
  const auto left = std::clamp<Clock::duration>(deadline - Clock::now(), Clock::duration::zero(),
                                                std::chrono::hours(24));
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
  const std::timespec timeout{seconds.count(), std::chrono::nanoseconds(left - seconds).count()};
  const sigset_t signals = signals_while_waiting();
  std::array<pollfd, 2> polled{pollfd{stream_->fd(), POLLIN, 0}, pollfd{watched_fd, POLLIN, 0}};
  const int count = ppoll(polled.data(), polled.size(), &timeout, &signals);
  if (is_interrupted()) {
    return std::unexpected(NoPacket::interrupted);
  }
  if (polled[0].revents != 0) {
    return {};
  }
  return std::unexpected(count > 0 ? NoPacket::input_ready : NoPacket::timed_out);
}

std::expected<bool, NoPacket> ClientConnection::read_more() {
  input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(begin_));
  begin_ = 0;
  const std::size_t before = input_.size();
  input_.resize(before + read_bytes);
  const auto size =
      stream_->read(MutableBytes(input_).subspan(before), std::chrono::milliseconds(0));
  input_.resize(before + size.value_or(0));
  if (!size.has_value()) {
    error_ = size.error();
    return std::unexpected(stream_->is_at_end() ? NoPacket::closed : NoPacket::failed);
  }
  return *size > 0;
}

void ClientConnection::close() {
  // What the server still sent is read until it closes too: closing with unread bytes would reset
  // the connection and could take our last packets with it.
  stream_->close();
  const Clock::time_point deadline = Clock::now() + close_timeout;
  std::vector<std::uint8_t> rest(read_bytes);
  while (Clock::now() < deadline) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    if (const auto size = stream_->read(rest, left); !size.has_value() || *size == 0) {
      return;
    }
  }
}

}  // namespace peal::cli
