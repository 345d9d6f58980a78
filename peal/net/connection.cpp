// The life of a connection and what comes in. How it begins is in connection_begin.cpp, what goes
// out in connection_output.cpp.
#include "peal/net/connection.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peal/base/assert.hpp"
#include "peal/net/tls_session.hpp"
#include "peal/net/websocket.hpp"

namespace peal::net {
namespace {

constexpr std::uint32_t hangup_events = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
// Kept input up to this size is copied in front of what is read; see `take`.
constexpr std::size_t small_rest_bytes = 4096;
constexpr std::size_t discarded_bytes_limit = std::size_t{1} << 20;

Address address_of_peer(int fd) {
  sockaddr_storage system{};
  socklen_t size = sizeof system;
  auto* generic = reinterpret_cast<sockaddr*>(&system);
  return getpeername(fd, generic, &size) == 0 ? Address::from_system(*generic) : Address{};
}

bool contains(const std::vector<std::uint8_t>& owner, Bytes bytes) {
  return bytes.data() >= owner.data() && bytes.data() < owner.data() + owner.size();
}

}  // namespace

Connection::Connection(int fd, const ConnectionSettings& settings, ConnectionHandler& handler)
    : fd_(fd), address_(address_of_peer(fd)), settings_(&settings), handler_(&handler) {
  stage_ = first_stage();
}

Connection::~Connection() {
  if (loop_ != nullptr) {
    loop_->forget_connection(*this);
    loop_->remove(fd_, *this);
  }
  if (fd_ >= 0) {
    ::close(fd_);
  }
  count_http(false);
}

bool Connection::attach(Loop& loop) {
  if (closing_ || !loop.add(fd_, *this)) {
    return false;
  }
  loop_ = &loop;
  if (tls_ != nullptr) {
    tls_->count_into(&loop.calls);
    tls_->socket_is_readable();
  }
  if (stage_ != first_stage() || kept_ != nullptr) {
    offer_again_ = kept_ != nullptr;
    loop.again(*this);  // what is inside TLS is no event
  }
  return true;
}

void Connection::detach() {
  PEAL_ASSERT(loop_ != nullptr && !closing_);
  flush();
  loop_->remove(fd_, *this);
  if (dirty_) {
    dirty_ = false;
    loop_->forget_connection(*this);
  }
  loop_ = nullptr;
}

void Connection::resume() {
  paused_ = false;
  offer_again_ = kept_ != nullptr;
  if (loop_ != nullptr && !closing_) {
    loop_->again(*this);
  }
}

void Connection::close() {
  PEAL_ASSERT(loop_ != nullptr || closing_);
  end(CloseCause::by_us);
}

void Connection::abort() {
  PEAL_ASSERT(loop_ != nullptr || closing_);
  if (!closing_) {
    closing_ = true;
    cause_ = CloseCause::by_us;
    leave();
  } else if (close_when_drained_) {
    leave();
  }
}

void Connection::end(CloseCause cause) {
  if (closing_) {
    return;
  }
  closing_ = true;
  cause_ = cause;
  if (cause == CloseCause::by_us || cause == CloseCause::by_peer ||
      cause == CloseCause::websocket_error) {
    end_politely();
  }
  leave();
}

/// The loop serves this connection no more; its sweep finishes it.
void Connection::leave() {
  close_when_drained_ = false;
  if (output_ != nullptr) {
    loop_->give_back(std::move(output_));
  }
  if (dirty_) {
    dirty_ = false;
    loop_->forget_connection(*this);
  }
  loop_->remove(fd_, *this);
  loop_->mark_closed(*this);
}

void Connection::finish() {
  if (cause_ != CloseCause::by_peer && cause_ != CloseCause::network_error) {
    // Closing a socket with unread input resets it, and a reset may overtake our last words.
    [[maybe_unused]] const auto discarded =
        ::recv(fd_, nullptr, discarded_bytes_limit, MSG_TRUNC | MSG_DONTWAIT);
  }
  ::close(fd_);
  fd_ = -1;
  loop_ = nullptr;
  kept_.reset();
  pending_.reset();
  count_http(false);
  handler_->on_closed(cause_);
}

bool Connection::is_revoked() const {
  return tls_ != nullptr && is_open() && settings_->tls != nullptr &&
         tls_->is_revoked(*settings_->tls);
}

Peer Connection::peer() const {
  Peer peer;
  peer.address = address_.text();
  peer.port = address_.port();
  peer.is_loopback = address_.is_loopback() && !is_proxied_;
  peer.is_proxied = is_proxied_;
  peer.is_websocket = websocket_ != nullptr;
  if (tls_ != nullptr) {
    peer.is_tls = true;
    peer.tls_version = tls_->version();
    peer.server_name = tls_->server_name();
    peer.certificate_subject = tls_->certificate_subject();
    peer.certificate_common_name = tls_->certificate_common_name();
    peer.certificate_alternative_name = tls_->certificate_alternative_name();
    peer.psk_identity = tls_->psk_identity();
  }
  return peer;
}

void Connection::on_event(std::uint32_t events) {
  if ((events & hangup_events) != 0) {
    hangup_ = true;
  }
  if (tls_ != nullptr && (events & ~std::uint32_t{EPOLLOUT}) != 0) {
    tls_->socket_is_readable();
  }
  if (tls_ != nullptr && hangup_) {
    tls_->end_is_near();
  }
  if (blocked_ && (tls_ != nullptr || (events & (EPOLLOUT | hangup_events)) != 0)) {
    write_pending();
    react_to_frames();
  }
  const bool is_readable = (events & ~std::uint32_t{EPOLLOUT}) != 0;
  const bool may_go_on = is_readable || stage_ == Stage::tls_handshake;
  if (may_go_on && may_read() && begin() && is_readable) {
    offer_kept();
    if (may_read()) {
      read();
    }
  }
}

void Connection::offer_kept() {
  if (offer_again_ && kept_ != nullptr) {
    offer_again_ = false;
    keep(consume(*kept_));
  }
  react_to_frames();
}

void Connection::read() {
  const Input input = read_some(loop_->turn_buffer());
  if (!input.bytes.empty()) {
    take(input.bytes);
  }
  if (!may_read()) {
    return;
  }
  if (input.is_end) {
    end(input.cause);
  } else if (input.is_full || (hangup_ && !input.bytes.empty())) {
    loop_->again(*this);
  } else if (output_failed_) {
    end(CloseCause::network_error);
  }
}

CloseCause Connection::cause_of_tls_failure() const {
  return tls_->is_network_error() ? CloseCause::network_error : CloseCause::tls_error;
}

Connection::Input Connection::read_some(MutableBytes buffer) {
  if (tls_ != nullptr) {
    const auto [bytes, status] = tls_->read(buffer);
    const bool is_failed = status == TlsSession::Status::failed;
    return {.bytes = buffer.first(bytes),
            .is_full = status == TlsSession::Status::done,
            .is_end = is_failed || status == TlsSession::Status::end,
            .cause = is_failed ? cause_of_tls_failure() : CloseCause::by_peer};
  }
  ++loop_->calls.reads;
  const auto got = ::recv(fd_, buffer.data(), buffer.size(), 0);
  if (got > 0) {
    const auto bytes = static_cast<std::size_t>(got);
    return {.bytes = buffer.first(bytes), .is_full = bytes == buffer.size()};
  }
  if (got == 0) {
    return {.bytes = {}, .is_end = true};
  }
  if (errno == EINTR) {
    return {.bytes = {}, .is_full = true};
  }
  return {.bytes = {}, .is_end = errno != EAGAIN, .cause = CloseCause::network_error};
}

/// Offers `fresh` bytes from the loop's read buffer, behind those that were kept.
void Connection::take(MutableBytes fresh) {
  if (websocket_ != nullptr) {
    fresh = websocket_->decoder().decode(fresh);
  }
  if (!fresh.empty() && kept_ == nullptr) {
    keep(consume(fresh));
  } else if (!fresh.empty()) {
    // The smaller side is copied to the larger one, so that a packet that trickles in costs no more
    // than one that comes at once.
    const std::size_t kept = kept_->size();
    const bool fits = kept <= Loop::headroom_bytes;
    if (fits && kept <= std::max(small_rest_bytes, fresh.size())) {
      std::uint8_t* begin = fresh.data() - kept;
      std::memcpy(begin, kept_->data(), kept);
      keep(consume({begin, kept + fresh.size()}));
    } else {
      kept_->insert(kept_->end(), fresh.begin(), fresh.end());
      keep(consume(*kept_));
    }
  }
  react_to_frames();
}

/// Hands `bytes` to whoever reads at this stage.    returns   what it left.
MutableBytes Connection::consume(MutableBytes bytes) {
  if (stage_ == Stage::inner_bytes) {
    choose_protocol(bytes);
  }
  if (stage_ == Stage::http_request && !closing_) {
    bytes = take_http_request(bytes);
  }
  if (stage_ != Stage::open || closing_ || bytes.empty()) {
    return bytes;
  }
  const std::size_t consumed = handler_->on_bytes(bytes);
  PEAL_ASSERT(consumed <= bytes.size());
  return bytes.subspan(consumed);
}

void Connection::keep(Bytes rest) {
  if (rest.empty() || closing_) {
    kept_.reset();
  } else if (kept_ == nullptr) {
    kept_ = std::make_unique<std::vector<std::uint8_t>>(rest.begin(), rest.end());
  } else if (contains(*kept_, rest)) {
    kept_->erase(kept_->begin(), kept_->begin() + (rest.data() - kept_->data()));
  } else {
    kept_->assign(rest.begin(), rest.end());
  }
}

/// Answers pings, and ends with what the peer's frames ended with, once the bytes before it are
/// delivered.
void Connection::react_to_frames() {
  if (websocket_ == nullptr || closing_ || loop_ == nullptr) {
    return;
  }
  // A peer that only sends pings and never reads gets one pong, not a queue of them.
  if (websocket_->note_ping() && output_ == nullptr && pending_ == nullptr) {
    begin_output();
  }
  const FrameDecoder& decoder = websocket_->decoder();
  if (decoder.error() != WebSocketCode::none) {
    end(CloseCause::websocket_error);
  } else if (decoder.close_code() != WebSocketCode::none && !paused_) {
    end(CloseCause::by_peer);
  }
}

}  // namespace peal::net
