#include "peal/cli/scan_dialer.hpp"

#include <algorithm>
#include <netdb.h>
#include <stdexcept>
#include <sys/socket.h>
#include <utility>

#include "peal/base/assert.hpp"
#include "peal/net/address.hpp"
#include "peal/net/stream.hpp"
#include "peal/net/tls_context.hpp"

namespace peal::cli {
namespace {

// A name may have very many, and each that does not answer takes a connection and a time-out.
constexpr std::size_t addresses_limit = 4;

std::vector<std::string> addresses_of(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* first = nullptr;
  if (const int problem = getaddrinfo(host.c_str(), nullptr, &hints, &first); problem != 0) {
    throw std::runtime_error("cannot find " + host + ": " + gai_strerror(problem));
  }
  std::vector<std::string> addresses;
  for (const addrinfo* next = first; next != nullptr && addresses.size() < addresses_limit;
       next = next->ai_next) {
    std::string text = net::Address::from_system(*next->ai_addr).text();
    if (!text.empty() && std::ranges::find(addresses, text) == addresses.end()) {
      addresses.push_back(std::move(text));
    }
  }
  freeaddrinfo(first);
  if (addresses.empty()) {
    throw std::runtime_error("cannot find " + host + ": the name has no address");
  }
  return addresses;
}

std::unique_ptr<net::TlsContext> believing_context() {
  net::TlsClientOptions options;
  options.insecure = true;  // what its certificate is worth is another probe's question
  options.check_name = false;
  auto context = net::TlsContext::client(options);
  if (!context.has_value()) {
    throw std::runtime_error(context.error());
  }
  return std::move(*context);
}

}  // namespace

ScanConnection::ScanConnection(std::unique_ptr<net::Stream> stream, bool& is_open)
    : stream_(std::move(stream)), is_open_(is_open) {
  PEAL_ASSERT(!is_open_);
  is_open_ = true;
}

ScanConnection::~ScanConnection() {
  stream_->close();
  is_open_ = false;
}

ScanDialer::ScanDialer(const ScanOptions& options)
    : options_(options), addresses_(addresses_of(options.host)), tls_(believing_context()) {}

ScanDialer::~ScanDialer() = default;

bool ScanDialer::is_loopback() const {
  const auto address = net::Address::parse(addresses_.front(), 0);
  return address.has_value() && address->is_loopback();
}

ScanDialer::Dialled ScanDialer::dial(std::uint16_t port, Way way) {
  std::string trouble;
  for (std::size_t i = 0; i < addresses_.size(); ++i) {
    auto connection = dial_address(addresses_[i], port, way);
    if (connection.has_value()) {
      if (!has_answered_) {
        addresses_ = {addresses_[i]};
        has_answered_ = true;
      }
      return connection;
    }
    trouble = connection.error();
  }
  return std::unexpected(std::move(trouble));
}

ScanDialer::Dialled ScanDialer::dial_address(const std::string& address, std::uint16_t port,
                                             Way way) {
  if (is_exhausted()) {
    return std::unexpected("the limit of connections is reached");
  }
  PEAL_ASSERT(!is_open_);
  ++connections_;
  net::StreamOptions options;
  options.host = options_.host;
  options.address = address;
  options.port = port;
  options.connect_timeout = options_.timeout;
  options.tls = is_encrypted(way) ? tls_.get() : nullptr;
  options.websocket = is_websocket(way);
  options.websocket_path = options_.websocket_path;
  auto stream = net::Stream::connect(options);
  if (!stream.has_value()) {
    return std::unexpected(stream.error());
  }
  return std::make_unique<ScanConnection>(std::move(*stream), is_open_);
}

}  // namespace peal::cli
