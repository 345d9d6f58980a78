#include "support/auth_http_service.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cctype>
#include <charconv>
#include <csignal>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <optional>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace peal::test {

namespace {

constexpr int drip_milliseconds = 10;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

std::uint16_t bind_any(int fd) {
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof(address);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  const bool is_bound = bind(fd, any, size) == 0 && getsockname(fd, any, &size) == 0;
  return is_bound ? ntohs(address.sin_port) : std::uint16_t{0};
}

std::size_t content_length(std::string headers) {
  std::ranges::transform(headers, headers.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  constexpr std::string_view name = "content-length: ";
  const std::size_t at = headers.find(name);
  std::size_t length = 0;
  if (at != std::string::npos) {
    std::from_chars(headers.data() + at + name.size(), headers.data() + headers.size(), length);
  }
  return length;
}

}  // namespace

/// The other end of one connection, with or without TLS.
class HttpService::Peer {
 public:
  Peer(int fd, int stop, void* tls) : fd_(fd), stop_(stop) {
    if (tls != nullptr) {
      ssl_ = SSL_new(static_cast<SSL_CTX*>(tls));
      SSL_set_fd(ssl_, fd);
    }
  }
  ~Peer() {
    SSL_free(ssl_);
    close(fd_);
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  bool greet() { return ssl_ == nullptr || (wait() && SSL_accept(ssl_) == 1); }

  /// Nothing: the other end went, or it is over.
  std::optional<Request> read() {
    std::size_t end = std::string::npos;
    while ((end = pending_.find("\r\n\r\n")) == std::string::npos) {
      if (!more()) {
        return std::nullopt;
      }
    }
    Request request;
    const std::size_t line = pending_.find("\r\n");
    request.line = pending_.substr(0, line);
    request.headers = pending_.substr(line + 2, end - line);
    const std::size_t body = content_length(request.headers);
    while (pending_.size() < end + 4 + body) {
      if (!more()) {
        return std::nullopt;
      }
    }
    request.body = pending_.substr(end + 4, body);
    pending_.erase(0, end + 4 + body);
    return request;
  }

  bool write(std::string_view bytes) {
    while (!bytes.empty()) {
      const int most = static_cast<int>(std::min<std::size_t>(bytes.size(), 1U << 16U));
      const auto sent = ssl_ != nullptr
                            ? SSL_write(ssl_, bytes.data(), most)
                            : static_cast<int>(::send(
                                  fd_, bytes.data(), static_cast<std::size_t>(most), MSG_NOSIGNAL));
      if (sent <= 0) {
        return false;
      }
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  /// Waits for bytes, the end of the connection, that it is over (false), or so long.
  bool wait(int milliseconds = -1) {
    std::array<pollfd, 2> both{{{.fd = stop_, .events = POLLIN, .revents = 0},
                                {.fd = fd_, .events = POLLIN, .revents = 0}}};
    (void)poll(both.data(), both.size(), milliseconds);
    return both[0].revents == 0;
  }
  bool pause(int milliseconds) {
    pollfd stop{.fd = stop_, .events = POLLIN, .revents = 0};
    return poll(&stop, 1, milliseconds) == 0;
  }

 private:
  bool more() {
    std::array<char, 4096> bytes{};
    const bool has_some = ssl_ != nullptr && SSL_pending(ssl_) > 0;
    if (!has_some && !wait()) {
      return false;
    }
    const auto size = ssl_ != nullptr ? SSL_read(ssl_, bytes.data(), static_cast<int>(bytes.size()))
                                      : static_cast<int>(recv(fd_, bytes.data(), bytes.size(), 0));
    if (size <= 0) {
      return false;
    }
    pending_.append(bytes.data(), static_cast<std::size_t>(size));
    return true;
  }

  int fd_;
  int stop_;
  SSL* ssl_ = nullptr;
  std::string pending_;
};

HttpService::HttpService(Behaviour behaviour) : behaviour_(std::move(behaviour)) { open(); }

HttpService::HttpService(Behaviour behaviour, const Certificate& certificate)
    : behaviour_(std::move(behaviour)) {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  SSL_CTX_use_certificate_chain_file(context, certificate.certificate.c_str());
  SSL_CTX_use_PrivateKey_file(context, certificate.key.c_str(), SSL_FILETYPE_PEM);
  tls_ = context;
  open();
}

void HttpService::open() {
  stop_ = eventfd(0, EFD_CLOEXEC);
  listening_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  port_ = bind_any(listening_);
  (void)listen(listening_, SOMAXCONN);
  acceptor_ = std::jthread([this] { accept_all(); });
}

HttpService::~HttpService() {
  const std::uint64_t one = 1;
  (void)!::write(stop_, &one, sizeof(one));
  acceptor_.join();
  peers_.clear();
  close(listening_);
  close(stop_);
  SSL_CTX_free(static_cast<SSL_CTX*>(tls_));
}

std::string HttpService::url(std::string_view path) const {
  return (tls_ != nullptr ? "https://localhost:" : "http://127.0.0.1:") + std::to_string(port_) +
         std::string(path);
}

void HttpService::accept_all() {
  while (true) {
    std::array<pollfd, 2> both{{{.fd = stop_, .events = POLLIN, .revents = 0},
                                {.fd = listening_, .events = POLLIN, .revents = 0}}};
    (void)poll(both.data(), both.size(), -1);
    if (both[0].revents != 0) {
      return;
    }
    const int fd = accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd >= 0) {
      ++connections_;
      peers_.emplace_back([this, fd] { serve(fd); });
    }
  }
}

void HttpService::serve(int fd) {
  // OpenSSL writes to a connection whose other end is gone as to any other.
  sigset_t broken_pipe;
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
  Peer peer(fd, stop_, tls_);
  if (!peer.greet()) {
    return;
  }
  while (const auto request = peer.read()) {
    ++requests_;
    const int now = ++at_once_;
    int most = most_at_once_;
    while (now > most && !most_at_once_.compare_exchange_weak(most, now)) {
    }
    const bool goes_on = send(peer, behaviour_(*request));
    --at_once_;
    if (!goes_on) {
      return;
    }
  }
}

bool HttpService::send(Peer& peer, const Reply& reply) {
  if (reply.hangs) {
    (void)peer.wait();
    return false;
  }
  if (reply.drips) {
    for (const char byte : reply.bytes) {
      if (!peer.pause(drip_milliseconds) || !peer.write({&byte, 1})) {
        return false;
      }
    }
    return !reply.closes;
  }
  return peer.write(reply.bytes) && !reply.closes;
}

HttpService::Reply answer(int status, std::string_view body, std::string_view headers) {
  return {.bytes = "HTTP/1.1 " + std::to_string(status) +
                   " As Wanted\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
                   std::string(headers) + "\r\n" + std::string(body),
          .drips = false,
          .hangs = false,
          .closes = false};
}

std::uint16_t closed_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const std::uint16_t port = bind_any(fd);
  close(fd);
  return port;
}

}  // namespace peal::test
