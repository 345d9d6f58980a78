#include "peal/net/listener.hpp"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "peal/base/assert.hpp"

namespace peal::net {
namespace {

constexpr int backlog = 4096;
constexpr int accepts_per_turn = 64;
constexpr int user_timeout_milliseconds = 120'000;
// A peer that vanished without a word while nothing was on its way to it. Rare enough for devices
// on batteries: those that have a shorter MQTT Keep Alive are found by that.
constexpr int keepalive_idle_seconds = 600;
constexpr int keepalive_interval_seconds = 30;
constexpr int keepalive_probes = 4;
constexpr std::string_view unix_prefix = "unix:";

std::unexpected<std::string> cannot_listen(const std::string& bind, const char* reason) {
  return std::unexpected("cannot listen on " + bind + ": " + reason);
}

/// Errors of one option are not fatal: the kernel may be older than the option.
void set_option(int fd, int level, int name, int value) {
  setsockopt(fd, level, name, &value, sizeof value);
}

int open_reserve() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

/// Whether somebody answers at this Unix socket.
bool is_served(const sockaddr_un& address) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) {
    return false;
  }
  const int result = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const bool is_refused = result != 0 && (errno == ECONNREFUSED || errno == ENOENT);
  ::close(fd);
  return !is_refused;
}

void remove_stale_socket(const sockaddr_un& address) {
  struct stat status{};
  if (lstat(address.sun_path, &status) == 0 && S_ISSOCK(status.st_mode) && !is_served(address)) {
    unlink(address.sun_path);
  }
}

}  // namespace

std::expected<HostAndPort, std::string> parse_host_and_port(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  HostAndPort result;
  if (colon != std::string::npos) {
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, result.port);
    result.host = text.substr(0, colon);
    const bool is_bracketed = result.host.starts_with('[') && result.host.ends_with(']');
    if (is_bracketed) {
      result.host = result.host.substr(1, result.host.size() - 2);
    }
    const bool is_bare_v6 = !is_bracketed && result.host.find(':') != std::string::npos;
    if (error == std::errc{} && stop == end && !result.host.empty() && !is_bare_v6) {
      return result;
    }
  }
  return std::unexpected("'" + text + "' is no address; write HOST:PORT or [IPv6]:PORT");
}

Listener::Listener(int fd) : fd_(fd), reserve_fd_(open_reserve()) {}

Listener::~Listener() {
  detach();
  ::close(fd_);
  if (reserve_fd_ >= 0) {
    ::close(reserve_fd_);
  }
  if (!unix_path_.empty()) {
    unlink(unix_path_.c_str());
  }
}

std::expected<std::unique_ptr<Listener>, std::string> Listener::open(
    const ListenerSettings& settings) {
  return settings.bind.starts_with(unix_prefix) ? open_unix(settings) : open_tcp(settings);
}

std::expected<std::unique_ptr<Listener>, std::string> Listener::open_tcp(
    const ListenerSettings& settings) {
  const auto where = parse_host_and_port(settings.bind);
  if (!where) {
    return std::unexpected(where.error());
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const int lookup =
      getaddrinfo(where->host.c_str(), std::to_string(where->port).c_str(), &hints, &found);
  if (lookup != 0) {
    return cannot_listen(settings.bind, gai_strerror(lookup));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, &freeaddrinfo);
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return cannot_listen(settings.bind, strerror(errno));
  }
  std::unique_ptr<Listener> listener(new Listener(fd));
  set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (settings.share_port) {
    set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  }
  if (found->ai_family == AF_INET6) {
    set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  }
  // Accepted sockets inherit all of these from the listening one.
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, user_timeout_milliseconds);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, keepalive_idle_seconds);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, keepalive_interval_seconds);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, keepalive_probes);
  if (bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, backlog) != 0) {
    return cannot_listen(settings.bind, strerror(errno));
  }
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size);
  const Address address = Address::from_system(reinterpret_cast<const sockaddr&>(bound));
  listener->bound_address_ = address.text_with_port();
  listener->port_ = address.port();
  return listener;
}

std::expected<std::unique_ptr<Listener>, std::string> Listener::open_unix(
    const ListenerSettings& settings) {
  const std::string path = settings.bind.substr(unix_prefix.size());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return cannot_listen(settings.bind, "the path is empty or too long");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return cannot_listen(settings.bind, strerror(errno));
  }
  std::unique_ptr<Listener> listener(new Listener(fd));
  remove_stale_socket(address);
  // Nobody can connect before `listen`, so the permissions are right from the first moment on.
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return cannot_listen(settings.bind, strerror(errno));
  }
  listener->unix_path_ = path;
  listener->bound_address_ = settings.bind;
  if (chmod(path.c_str(), settings.unix_mode) != 0 || listen(fd, backlog) != 0) {
    return cannot_listen(settings.bind, strerror(errno));
  }
  return listener;
}

bool Listener::attach(Loop& loop, OnAccept on_accept) {
  PEAL_ASSERT(loop_ == nullptr);
  if (!loop.add(fd_, *this)) {
    return false;
  }
  loop_ = &loop;
  on_accept_ = std::move(on_accept);
  return true;
}

void Listener::share_port() const {
  if (unix_path_.empty()) {
    set_option(fd_, SOL_SOCKET, SO_REUSEPORT, 1);
  }
}

void Listener::detach() {
  if (loop_ != nullptr) {
    loop_->remove(fd_, *this);
    loop_ = nullptr;
  }
}

void Listener::on_event(std::uint32_t /*events*/) {
  for (int i = 0; i < accepts_per_turn; ++i) {
    if (loop_ == nullptr || !accept_one()) {
      return;
    }
  }
  if (loop_ != nullptr) {
    loop_->again(*this);
  }
}

/// returns   whether there may be another one.
bool Listener::accept_one() {
  sockaddr_storage system{};
  socklen_t size = sizeof system;
  auto* generic = reinterpret_cast<sockaddr*>(&system);
  const int fd = accept4(fd_, generic, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) {
    on_accept_(fd, Address::from_system(*generic));
    return true;
  }
  switch (errno) {
    case EMFILE:
    case ENFILE:
      return shed_one();
    case EAGAIN:
    case ENOMEM:
    case ENOBUFS:
    case EBADF:
    case EINVAL:
      return false;
    default:
      return true;  // that one connection failed (ECONNABORTED, EPROTO, ...)
  }
}

/// Closes a waiting connection that there is no descriptor for: a queue that nobody empties would
/// neither be served nor reported again.
bool Listener::shed_one() {
  if (reserve_fd_ < 0) {
    return false;
  }
  ::close(reserve_fd_);
  const int fd = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
  const bool has_accepted = fd >= 0;
  if (has_accepted) {
    ::close(fd);
    ++shed_;
  }
  reserve_fd_ = open_reserve();
  return has_accepted;
}

}  // namespace peal::net
