#include "peal/net/stream.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/rand.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "peal/net/http.hpp"
#include "peal/net/http_upgrade.hpp"
#include "peal/net/tls_context.hpp"
#include "peal/net/tls_session.hpp"
#include "peal/net/websocket.hpp"

namespace peal::net {
namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;

constexpr std::uint64_t frame_bytes_limit = std::uint64_t{512} * 1024 * 1024;
constexpr Milliseconds close_timeout{1000};

Clock::time_point deadline_after(Milliseconds timeout) {
  return timeout.count() < 0 ? Clock::time_point::max() : Clock::now() + timeout;
}

/// Waits until `fd` is ready for `events`.    returns   false when the time is over.
bool wait_for(int fd, short events, Clock::time_point deadline) {
  for (;;) {
    int milliseconds = -1;
    if (deadline != Clock::time_point::max()) {
      const auto left = std::chrono::ceil<Milliseconds>(deadline - Clock::now()).count();
      milliseconds = static_cast<int>(std::clamp<std::int64_t>(left, 0, 1 << 30));
    }
    pollfd entry{fd, events, 0};
    const int ready = ::poll(&entry, 1, milliseconds);
    if (ready > 0) {
      return true;
    }
    if (ready == 0 || errno != EINTR) {
      return false;
    }
  }
}

std::unexpected<std::string> failed(std::string sentence) {
  return std::unexpected(std::move(sentence));
}

std::string where(const StreamOptions& options) {
  if (!options.unix_path.empty()) {
    return options.unix_path;
  }
  const bool is_v6 = options.host.find(':') != std::string::npos;
  std::string text = is_v6 ? std::string("[").append(options.host).append("]") : options.host;
  return text.append(":").append(std::to_string(options.port));
}

struct AddressList {
  addrinfo* first = nullptr;
  std::string error;
  AddressList(const std::string& host, const char* port, int flags) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags;
    const int result = getaddrinfo(host.c_str(), port, &hints, &first);
    error = result == 0 ? "" : gai_strerror(result);
  }
  ~AddressList() {
    if (first != nullptr) {
      freeaddrinfo(first);
    }
  }
  AddressList(const AddressList&) = delete;
  AddressList& operator=(const AddressList&) = delete;
};

MaskKey random_mask() {
  MaskKey mask{};
  RAND_bytes(mask.data(), static_cast<int>(mask.size()));
  return mask;
}

}  // namespace

Stream::Stream() = default;

Stream::~Stream() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

std::expected<std::unique_ptr<Stream>, std::string> Stream::connect(const StreamOptions& options) {
  const auto deadline = deadline_after(options.connect_timeout);
  std::unique_ptr<Stream> stream(new Stream);
  Done done = options.unix_path.empty() ? stream->open_tcp(options, deadline)
                                        : stream->open_unix(options.unix_path);
  if (done && options.tls != nullptr) {
    done = stream->begin_tls(options, deadline);
  }
  if (done && options.websocket) {
    done = stream->begin_websocket(options, deadline);
  }
  if (!done) {
    return failed("cannot connect to " + where(options) + ": " + done.error());
  }
  return stream;
}

Stream::Done Stream::open_tcp(const StreamOptions& options, Clock::time_point deadline) {
  const AddressList addresses(options.address.empty() ? options.host : options.address,
                              std::to_string(options.port).c_str(), AI_ADDRCONFIG);
  if (!addresses.error.empty()) {
    return failed(addresses.error);
  }
  Done done = failed("the name has no address");
  for (const addrinfo* next = addresses.first; next != nullptr; next = next->ai_next) {
    done =
        open_one(next->ai_addr, next->ai_addrlen, next->ai_family, options.bind_address, deadline);
    if (done) {
      break;
    }
  }
  return done;
}

Stream::Done Stream::open_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return failed("the path is too long");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return open_one(&address, sizeof address, AF_UNIX, {}, Clock::time_point::max());
}

Stream::Done Stream::open_one(const void* address, std::size_t size, int family,
                              const std::string& bind_address, Clock::time_point deadline) {
  if (fd_ >= 0) {
    ::close(fd_);
  }
  fd_ = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) {
    return failed(std::strerror(errno));
  }
  if (!bind_address.empty()) {
    const AddressList local(bind_address, nullptr, AI_NUMERICHOST);
    if (local.first == nullptr || bind(fd_, local.first->ai_addr, local.first->ai_addrlen) != 0) {
      return failed("cannot connect from " + bind_address);
    }
  }
  if (::connect(fd_, static_cast<const sockaddr*>(address), static_cast<socklen_t>(size)) != 0) {
    if (errno != EINPROGRESS) {
      return failed(std::strerror(errno));
    }
    if (!wait_for(fd_, POLLOUT, deadline)) {
      return failed("no answer in time");
    }
    int error = 0;
    socklen_t error_size = sizeof error;
    getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &error_size);
    if (error != 0) {
      return failed(std::strerror(error));
    }
  }
  const int yes = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);  // no effect on a Unix socket
  return {};
}

Stream::Done Stream::begin_tls(const StreamOptions& options, Clock::time_point deadline) {
  tls_ = TlsSession::connect(*options.tls, fd_,
                             options.server_name.empty() ? options.host : options.server_name);
  if (tls_ == nullptr) {
    return failed("no memory for TLS");
  }
  for (;;) {
    const TlsSession::Status status = tls_->handshake();
    if (status == TlsSession::Status::done) {
      return {};
    }
    if (status == TlsSession::Status::failed) {
      return failed("TLS: " + tls_->error());
    }
    if (status == TlsSession::Status::end) {
      return failed("TLS: the server closed the connection");
    }
    if (!wait_for(fd_, status == TlsSession::Status::want_write ? POLLOUT : POLLIN, deadline)) {
      return failed("TLS: no answer in time");
    }
    tls_->socket_is_readable();
  }
}

Stream::Done Stream::begin_websocket(const StreamOptions& options, Clock::time_point deadline) {
  std::array<std::uint8_t, 16> random{};
  RAND_bytes(random.data(), static_cast<int>(random.size()));
  const std::string key = base64(random);
  const std::string host = options.unix_path.empty() ? where(options) : "localhost";
  const std::string request = upgrade_request(host, options.websocket_path, key);
  if (Done done = write_raw(as_bytes(request), deadline); !done) {
    return done;
  }
  std::vector<std::uint8_t> answer;
  std::array<std::uint8_t, 4096> buffer{};
  std::size_t end = std::string_view::npos;
  while (end == std::string_view::npos) {
    const auto got = read_raw(buffer, deadline);
    if (!got) {
      return failed(got.error());
    }
    if (*got == 0 || answer.size() > http_header_bytes_limit) {
      return failed(*got == 0 ? "no answer to the WebSocket request in time"
                              : "the answer to the WebSocket request has no end");
    }
    answer.insert(answer.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*got));
    end = as_text(answer).find("\r\n\r\n");
  }
  const std::string wrong = check_upgrade_answer(as_text(answer).substr(0, end + 4), key);
  if (!wrong.empty()) {
    return failed(wrong);
  }
  undecoded_.assign(answer.begin() + static_cast<std::ptrdiff_t>(end + 4), answer.end());
  decoder_ = std::make_unique<FrameDecoder>(FrameDecoder::Role::client, frame_bytes_limit);
  return {};
}

std::expected<std::size_t, std::string> Stream::read(MutableBytes buffer, Milliseconds timeout) {
  const auto deadline = deadline_after(timeout);
  return decoder_ != nullptr ? read_frames(buffer, deadline, timeout.count() > 0)
                             : read_raw(buffer, deadline);
}

std::expected<std::size_t, std::string> Stream::read_raw(MutableBytes buffer,
                                                         Clock::time_point deadline) {
  for (;;) {
    std::size_t bytes = 0;
    bool is_end = false;
    std::string error;
    if (tls_ != nullptr) {
      tls_->socket_is_readable();
      const auto [got, status] = tls_->read(buffer);
      bytes = got;
      is_end = status == TlsSession::Status::end;
      error = status == TlsSession::Status::failed ? "TLS: " + tls_->error() : "";
    } else {
      const auto got = ::recv(fd_, buffer.data(), buffer.size(), 0);
      bytes = got > 0 ? static_cast<std::size_t>(got) : 0;
      is_end = got == 0;
      error = got < 0 && errno != EAGAIN && errno != EINTR ? std::strerror(errno) : "";
    }
    if (bytes > 0) {
      return bytes;
    }
    if (is_end || !error.empty()) {
      is_at_end_ = is_end;
      return failed(is_end ? "the server closed the connection" : error);
    }
    if (!wait_for(fd_, POLLIN, deadline)) {
      return 0;
    }
  }
}

std::expected<std::size_t, std::string> Stream::read_frames(MutableBytes buffer,
                                                            Clock::time_point deadline,
                                                            bool has_limit) {
  for (;;) {
    std::size_t raw = std::min(undecoded_.size(), buffer.size());
    if (raw > 0) {
      std::copy_n(undecoded_.begin(), raw, buffer.begin());
      undecoded_.erase(undecoded_.begin(), undecoded_.begin() + static_cast<std::ptrdiff_t>(raw));
    } else {
      const auto got = read_raw(buffer, deadline);
      if (!got || *got == 0) {
        return got;
      }
      raw = *got;
    }
    const std::size_t bytes = decoder_->decode(buffer.first(raw)).size();
    if (Done done = answer_frames(deadline); !done && bytes == 0) {
      return failed(done.error());
    }
    // Frames with nothing in them may come for ever. Who only looks is told 0 when nothing is left,
    // because it waits for the descriptor then.
    if (bytes > 0 || (has_limit && Clock::now() >= deadline)) {
      return bytes;
    }
  }
}

/// Answers a ping or the end of the WebSocket.
Stream::Done Stream::answer_frames(Clock::time_point deadline) {
  if (const auto ping = decoder_->take_ping()) {
    return write_frame(static_cast<std::uint8_t>(FrameType::pong), *ping, deadline);
  }
  if (decoder_->error() != WebSocketCode::none) {
    return failed("the server sent a WebSocket frame that is wrong");
  }
  if (decoder_->close_code() != WebSocketCode::none) {
    is_at_end_ = true;
    return failed("the server closed the WebSocket");
  }
  return {};
}

Stream::Done Stream::write_all(Bytes bytes, Milliseconds timeout) {
  const auto deadline = deadline_after(timeout);
  return decoder_ != nullptr
             ? write_frame(static_cast<std::uint8_t>(FrameType::binary), bytes, deadline)
             : write_raw(bytes, deadline);
}

Stream::Done Stream::write_frame(std::uint8_t type, Bytes payload, Clock::time_point deadline) {
  const MaskKey mask = random_mask();
  std::array<std::uint8_t, frame_header_bytes_max> header{};
  const std::size_t size =
      write_frame_header(header, static_cast<FrameType>(type), payload.size(), mask);
  frame_.assign(header.begin(), header.begin() + static_cast<std::ptrdiff_t>(size));
  frame_.insert(frame_.end(), payload.begin(), payload.end());
  apply_mask(MutableBytes(frame_).subspan(size), mask);
  return write_raw(frame_, deadline);
}

Stream::Done Stream::write_raw(Bytes bytes, Clock::time_point deadline) {
  while (!bytes.empty()) {
    std::size_t written = 0;
    short awaited = POLLOUT;
    if (tls_ != nullptr) {
      const auto [size, status] = tls_->write(bytes);
      written = size;
      if (status == TlsSession::Status::failed || status == TlsSession::Status::end) {
        return failed("TLS: " + tls_->error());
      }
      awaited = status == TlsSession::Status::want_read ? POLLIN : POLLOUT;
    } else {
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        return failed(std::strerror(errno));
      }
      written = sent > 0 ? static_cast<std::size_t>(sent) : 0;
    }
    bytes = bytes.subspan(written);
    if (written == 0 && !wait_for(fd_, awaited, deadline)) {
      return failed("the server takes no more bytes");
    }
    if (awaited == POLLIN) {
      tls_->socket_is_readable();
    }
  }
  return {};
}

void Stream::close() {
  if (is_closed_) {
    return;
  }
  is_closed_ = true;
  if (decoder_ != nullptr) {
    const std::array<std::uint8_t, 2> normal{0x03, 0xe8};  // 1000
    [[maybe_unused]] const Done done = write_frame(static_cast<std::uint8_t>(FrameType::close),
                                                   normal, deadline_after(close_timeout));
  }
  if (tls_ != nullptr) {
    tls_->shutdown();
  }
  ::shutdown(fd_, SHUT_WR);
}

std::string Stream::tls_version() const { return tls_ != nullptr ? tls_->version() : ""; }

}  // namespace peal::net
