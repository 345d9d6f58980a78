// What a connection writes: one system call for the pieces of an iteration; what the socket does
// not take waits in `Pending` for EPOLLOUT.
#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <sys/socket.h>
#include <sys/uio.h>

#include "peal/base/assert.hpp"
#include "peal/net/connection.hpp"
#include "peal/net/tls_session.hpp"
#include "peal/net/websocket.hpp"

namespace peal::net {
namespace {

constexpr std::size_t tls_record_bytes = 16384;

/// Takes the first `bytes` off `pieces`.
void take_off(std::span<Piece>& pieces, std::size_t bytes) {
  while (!pieces.empty() && bytes >= pieces.front().size) {
    bytes -= pieces.front().size;
    pieces = pieces.subspan(1);
  }
  if (bytes > 0) {
    pieces.front().data += bytes;
    pieces.front().size -= bytes;
  }
}

/// The beginning of `pieces` in one place, at most one TLS record: in `scratch`, or where it is.
Bytes gather(std::span<const Piece> pieces, MutableBytes scratch) {
  if (pieces.front().size >= tls_record_bytes) {
    return {pieces.front().data, tls_record_bytes};
  }
  std::size_t size = 0;
  for (const Piece& piece : pieces) {
    const std::size_t part = std::min(piece.size, tls_record_bytes - size);
    if (part > 0) {
      std::memcpy(scratch.data() + size, piece.data, part);
    }
    size += part;
    if (size == tls_record_bytes) {
      break;
    }
  }
  return scratch.first(size);
}

}  // namespace

void Connection::begin_output() {
  PEAL_ASSERT(loop_ != nullptr);
  output_ = loop_->lend_output();
  if (!dirty_) {
    dirty_ = true;
    loop_->mark_dirty(*this);
  }
}

void Connection::flush() {
  if (output_ == nullptr) {
    return;
  }
  std::unique_ptr<Output> output = std::move(output_);
  if (!output_failed_) {
    add_frames(*output);
    std::span<Piece> pieces(output->pieces());
    const Written written = blocked_ ? Written::blocked : write(pieces);
    if (written == Written::blocked) {
      hold(pieces);
    } else if (written == Written::failed) {
      fail_output();
    }
  }
  loop_->give_back(std::move(output));
}

/// A binary frame around each piece, a pong before and a close frame after them when due.
///
/// Frames and what is sent line up, though they need not [MQTT-6.0.0-2]: there are clients that
/// read one packet of a frame and look for the next only when more bytes come (libpaho-mqtt 1.3).
void Connection::add_frames(Output& output) {
  if (websocket_ == nullptr) {
    return;
  }
  const std::vector<Piece>& sent = output.pieces();
  std::vector<Piece>& framed = output.framed();
  std::vector<std::uint8_t>& headers = output.between();
  headers.resize(sent.size() * frame_header_bytes_max);  // once: pieces refer into it
  const Bytes pong = websocket_->pong_if_due();
  framed.push_back({pong.data(), pong.size(), nullptr});
  std::uint8_t* next = headers.data();
  for (const Piece& piece : sent) {
    const std::span<std::uint8_t, frame_header_bytes_max> place(next, frame_header_bytes_max);
    const std::size_t size = write_frame_header(place, FrameType::binary, piece.size);
    framed.push_back({next, size, nullptr});
    framed.push_back(piece);
    next += size;
  }
  if (closing_) {
    const Bytes last = websocket_->close_frame();
    framed.push_back({last.data(), last.size(), nullptr});
  }
  output.pieces().swap(framed);
}

/// Writes `text` now, before any application bytes. It need not outlive the call.
void Connection::write_now(std::string_view text) {
  if (pending_ == nullptr) {
    pending_ = std::make_unique<Pending>();
  }
  const Bytes bytes = as_bytes(text);
  pending_->add({bytes.data(), bytes.size(), nullptr});
  if (!blocked_) {
    write_pending();
  }
}

Connection::Written Connection::write(std::span<Piece>& pieces) {
  return tls_ != nullptr ? write_tls(pieces) : write_plain(pieces);
}

Connection::Written Connection::write_plain(std::span<Piece>& pieces) {
  take_off(pieces, 0);  // no call for an empty piece
  std::array<iovec, IOV_MAX> vectors;
  while (!pieces.empty()) {
    const std::size_t count = std::min(pieces.size(), vectors.size());
    std::size_t size = 0;
    for (std::size_t i = 0; i < count; ++i) {
      vectors[i] = {const_cast<std::uint8_t*>(pieces[i].data), pieces[i].size};
      size += pieces[i].size;
    }
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = count;
    ++loop_->calls.writes;
    const auto sent = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) {
      continue;
    }
    if (sent < 0) {
      return errno == EAGAIN ? Written::blocked : Written::failed;
    }
    written_bytes_ += static_cast<std::size_t>(sent);
    take_off(pieces, static_cast<std::size_t>(sent));
    if (static_cast<std::size_t>(sent) < size) {
      return Written::blocked;
    }
  }
  return Written::all;
}

Connection::Written Connection::write_tls(std::span<Piece>& pieces) {
  take_off(pieces, 0);  // no record for an empty piece
  while (!pieces.empty()) {
    const auto [bytes, status] = tls_->write(gather(pieces, loop_->write_buffer()));
    written_bytes_ += bytes;
    take_off(pieces, bytes);
    if (status == TlsSession::Status::want_read || status == TlsSession::Status::want_write) {
      return Written::blocked;
    }
    if (status != TlsSession::Status::done) {
      return Written::failed;
    }
  }
  return Written::all;
}

void Connection::hold(std::span<Piece> pieces) {
  if (pending_ == nullptr) {
    pending_ = std::make_unique<Pending>();
  }
  blocked_ = true;
  for (const Piece& piece : pieces) {
    pending_->add(piece);
  }
}

void Connection::write_pending() {
  std::span<Piece> pieces = pending_->pieces();
  const std::size_t count = pieces.size();
  const std::uint64_t before = written_bytes_;
  const Written written = write(pieces);
  pending_->written(count - pieces.size(), written_bytes_ - before);
  if (written == Written::failed) {
    fail_output();
    return;
  }
  const bool was_blocked = blocked_;
  blocked_ = written == Written::blocked;
  if (blocked_) {
    return;
  }
  pending_.reset();
  if (close_when_drained_) {
    end_politely();
    leave();
  } else if (was_blocked && !closing_) {
    handler_->on_drained();
  }
}

/// Nothing can be written any more, but what the peer said before may still wait to be read: the
/// connection ends after that.
void Connection::fail_output() {
  pending_.reset();
  blocked_ = false;
  output_failed_ = true;
  if (close_when_drained_) {
    leave();
  } else if (!closing_) {
    loop_->again(*this);
  }
}

void Connection::end_politely() {
  if (websocket_ != nullptr && output_ == nullptr && !output_failed_) {
    begin_output();
  }
  flush();
  if (pending_ != nullptr) {
    write_pending();
  }
  if (tls_ != nullptr && pending_ == nullptr && !output_failed_) {
    tls_->shutdown();
  }
  ::shutdown(fd_, SHUT_WR);
}

}  // namespace peal::net
