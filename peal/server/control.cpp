#include "peal/server/control.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "peal/net/listener.hpp"
#include "peal/net/loop.hpp"
#include "peal/server/config.hpp"

namespace peal::server {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t line_limit = std::size_t{1} << 20;
constexpr std::chrono::seconds caller_patience{2};  // for a request to come in

/// A connected descriptor that is closed with it.
class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  [[nodiscard]] int fd() const { return fd_; }

  void set_patience(Clock::duration patience) const {
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(patience).count();
    timeval time{};
    time.tv_sec = micros / 1'000'000;
    time.tv_usec = micros % 1'000'000;
    (void)setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
    (void)setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
  }

  /// Without its end; nothing: none came in time, or it is too long.
  [[nodiscard]] std::optional<std::string> read_line(Clock::duration patience) const {
    const auto deadline = Clock::now() + patience;
    std::string line;
    char buffer[4096];
    while (line.size() <= line_limit) {
      const auto left = deadline - Clock::now();
      if (left <= Clock::duration::zero()) {
        return std::nullopt;
      }
      set_patience(left);
      const ssize_t count = recv(fd_, buffer, sizeof buffer, 0);
      if (count <= 0) {
        return std::nullopt;
      }
      line.append(buffer, static_cast<std::size_t>(count));
      if (const std::size_t end = line.find('\n'); end != std::string::npos) {
        line.resize(end);
        return line;
      }
    }
    return std::nullopt;
  }

  [[nodiscard]] bool write_line(std::string line) const {
    line += '\n';
    std::string_view rest = line;
    while (!rest.empty()) {
      const ssize_t count = ::send(fd_, rest.data(), rest.size(), MSG_NOSIGNAL);
      if (count <= 0) {
        return false;
      }
      rest.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

 private:
  int fd_;
};

void serve_one(int fd, const ControlSocket::Answer& answer) {
  const Socket caller(fd);
  const auto request = caller.read_line(caller_patience);
  if (request) {
    caller.set_patience(caller_patience);
    (void)caller.write_line(answer(*request));
  }
}

}  // namespace

std::string control_path(std::string_view store_directory) {
  return std::string(store_directory) + "/control.sock";
}

struct ControlSocket::Parts {
  net::Loop loop;
  std::unique_ptr<net::Listener> listener;
};

ControlSocket::ControlSocket(const std::string& path, Answer answer)
    : parts_(std::make_unique<Parts>()) {
  net::ListenerSettings settings;
  settings.bind = "unix:" + path;
  auto listener = net::Listener::open(settings);
  if (!listener) {
    throw ConfigError("the control socket: " + listener.error());
  }
  parts_->listener = std::move(*listener);
  const bool is_attached = parts_->listener->attach(
      parts_->loop, [answer = std::move(answer)](int fd, const net::Address& /*peer*/) {
        // It is non-blocking as it comes; here it may wait, for a bounded time.
        (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
        serve_one(fd, answer);
      });
  if (!is_attached) {
    throw ConfigError("the control socket: the system refused its event loop");
  }
  thread_ = std::jthread([this](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      parts_->loop.announce_sleep();
      if (!stop.stop_requested()) {
        parts_->loop.poll(std::chrono::milliseconds{-1});
      }
    }
  });
}

ControlSocket::~ControlSocket() {
  thread_.request_stop();
  parts_->loop.wake();
  thread_.join();
}

std::optional<std::string> ask_server(std::string_view store_directory, std::string_view request,
                                      std::chrono::seconds patience) {
  const std::string path = control_path(store_directory);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return std::nullopt;  // no server can have made that
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const Socket server(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(server.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR) {
      return std::nullopt;
    }
    throw std::runtime_error(path + ": " + std::strerror(errno) +
                             "; run it as the user that the server runs as");
  }
  server.set_patience(patience);
  auto answer = server.write_line(std::string(request)) ? server.read_line(patience) : std::nullopt;
  if (!answer) {
    throw std::runtime_error("the server at " + path + " does not answer");
  }
  return answer;
}

}  // namespace peal::server
