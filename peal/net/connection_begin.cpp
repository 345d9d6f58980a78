// How a connection begins: PROXY header, TLS or not, HTTP or not.
//
// Up to TLS the bytes are only looked at (MSG_PEEK), because OpenSSL reads from the descriptor
// itself. A listener with neither PROXY nor TLS never peeks.
#include <cerrno>
#include <sys/socket.h>
#include <utility>

#include "peal/net/connection.hpp"
#include "peal/net/http.hpp"
#include "peal/net/http_upgrade.hpp"
#include "peal/net/proxy_header.hpp"
#include "peal/net/tls_session.hpp"
#include "peal/net/websocket.hpp"

namespace peal::net {
namespace {

constexpr std::uint8_t tls_handshake_record = 0x16;
constexpr std::uint8_t tls_major_version = 0x03;

HttpAnswer short_answer(int status, std::string text) {
  HttpAnswer answer;
  answer.status = status;
  answer.body = std::move(text) + "\n";
  return answer;
}

}  // namespace

Connection::Stage Connection::first_stage() const {
  if (settings_->require_proxy_header) {
    return Stage::proxy_header;
  }
  return settings_->tls != nullptr ? Stage::outer_bytes : Stage::inner_bytes;
}

/// Goes through what precedes the first byte that may be read.    returns   whether it is complete.
bool Connection::begin() {
  while (stage_ < Stage::inner_bytes) {
    Step step = Step::wait;
    switch (stage_) {
      case Stage::proxy_header:
        step = read_proxy_header();
        break;
      case Stage::outer_bytes:
        step = look_for_tls();
        break;
      default:
        step = do_handshake();
        break;
    }
    if (closing_ || step == Step::wait) {
      return false;
    }
  }
  return true;
}

/// What has come so far, without taking it; empty when nothing has (or the connection ended).
Bytes Connection::peek(std::size_t limit) {
  const MutableBytes buffer = loop_->read_buffer().first(limit);
  ++loop_->calls.reads;
  const auto got = ::recv(fd_, buffer.data(), buffer.size(), MSG_PEEK);
  if (got > 0) {
    return buffer.first(static_cast<std::size_t>(got));
  }
  if (got == 0) {
    end(CloseCause::by_peer);
  } else if (errno == EINTR) {
    loop_->again(*this);
  } else if (errno != EAGAIN) {
    end(CloseCause::network_error);
  }
  return {};
}

Connection::Step Connection::read_proxy_header() {
  const Bytes bytes = peek(proxy_header_bytes_max);
  if (bytes.empty()) {
    return Step::wait;
  }
  const ProxyHeader header = parse_proxy_header(bytes);
  if (header.status == ProxyHeader::Status::need_more) {
    if (hangup_) {
      end(CloseCause::by_peer);
    }
    return Step::wait;
  }
  if (header.status == ProxyHeader::Status::bad) {
    end(CloseCause::proxy_error);
    return Step::wait;
  }
  ++loop_->calls.reads;
  const MutableBytes taken = loop_->read_buffer().first(header.bytes);
  if (::recv(fd_, taken.data(), taken.size(), 0) != static_cast<ssize_t>(taken.size())) {
    end(CloseCause::network_error);
    return Step::wait;
  }
  is_proxied_ = true;
  if (header.source.family() != Address::Family::none) {
    if (!handler_->on_proxied(header.source)) {
      end(CloseCause::by_us);
      return Step::wait;
    }
    address_ = header.source;
  }
  stage_ = settings_->tls != nullptr ? Stage::outer_bytes : Stage::inner_bytes;
  return Step::again;
}

Connection::Step Connection::look_for_tls() {
  const Bytes bytes = peek(2);
  if (bytes.empty()) {
    return Step::wait;
  }
  const bool may_be_tls = bytes[0] == tls_handshake_record;
  if (may_be_tls && bytes.size() < 2) {
    if (hangup_) {
      end(CloseCause::by_peer);
    }
    return Step::wait;
  }
  if (may_be_tls && bytes[1] == tls_major_version) {
    tls_ = TlsSession::accept(*settings_->tls, fd_);
    if (tls_ == nullptr) {
      end(CloseCause::tls_error);
      return Step::wait;
    }
    tls_->count_into(&loop_->calls);
    if (hangup_) {
      tls_->end_is_near();
    }
    stage_ = Stage::tls_handshake;
    return Step::again;
  }
  if (settings_->require_tls) {
    end(CloseCause::not_accepted);
    return Step::wait;
  }
  stage_ = Stage::inner_bytes;
  return Step::again;
}

Connection::Step Connection::do_handshake() {
  if (!loop_->take_handshake_turn()) {
    loop_->again(*this);
    return Step::wait;
  }
  switch (tls_->handshake()) {
    case TlsSession::Status::done:
      stage_ = Stage::inner_bytes;
      loop_->again(*this);  // what came with the last handshake message waits inside OpenSSL
      return Step::again;
    case TlsSession::Status::want_read:
    case TlsSession::Status::want_write:
      return Step::wait;
    case TlsSession::Status::end:
      end(CloseCause::by_peer);
      return Step::wait;
    case TlsSession::Status::failed:
      break;
  }
  end(cause_of_tls_failure());
  return Step::wait;
}

void Connection::choose_protocol(Bytes bytes) {
  bool undecided = false;
  const bool is_http = looks_like_http(bytes, undecided);
  if (undecided) {
    return;
  }
  if (is_http ? !settings_->accept_http : !settings_->accept_plain) {
    end(CloseCause::not_accepted);
    return;
  }
  stage_ = is_http ? Stage::http_request : Stage::open;
  count_http(is_http);
}

void Connection::count_http(bool is_http) {
  if (settings_->http_connections == nullptr || is_http == is_counted_http_) {
    return;
  }
  is_counted_http_ = is_http;
  settings_->http_connections->fetch_add(is_http ? 1 : ~std::size_t{0}, std::memory_order_relaxed);
}

/// Serves the request at the beginning of `bytes` once it is whole.
/// returns   what was left: after an upgrade the application bytes behind it.
MutableBytes Connection::take_http_request(MutableBytes bytes) {
  const HttpParse parse = parse_http_request(bytes);
  if (parse.status == HttpParse::Status::need_more) {
    return bytes;
  }
  if (parse.status == HttpParse::Status::bad) {
    answer(short_answer(parse.answer_status, "The request was not understood."));
    return {};
  }
  const HttpRequest& request = parse.request;
  if (request.has_header("Forwarded") || request.has_header("X-Forwarded-For")) {
    is_proxied_ = true;
  }
  const bool is_on_this_machine =
      address_.family() != Address::Family::local && address_.is_loopback() && !is_proxied_;
  const bool with_body = request.method != "HEAD";
  if (!is_allowed_site(
          request, {settings_->allowed_origins, settings_->allowed_hosts, is_on_this_machine})) {
    answer(short_answer(403, "This page may not be reached from there."), with_body);
  } else if (wants_websocket(request)) {
    if (parse.bytes > http_upgrade_bytes_limit) {
      answer(short_answer(431, "The request is too long."));
      return {};
    }
    upgrade(request);
  } else {
    answer(handler_->on_http(request), with_body);
  }
  if (closing_) {
    return {};
  }
  return websocket_->decoder().decode(bytes.subspan(parse.bytes));
}

void Connection::upgrade(const HttpRequest& request) {
  if (!settings_->accept_websocket) {
    answer(short_answer(404, "There is no WebSocket here."));
    return;
  }
  const Upgrade result = check_upgrade(request, settings_->websocket_path);
  if (result.status != 101) {
    HttpAnswer refusal = short_answer(result.status, result.text);
    if (result.status == 426) {
      refusal.headers.emplace_back("Sec-WebSocket-Version", "13");
    }
    answer(refusal);
    return;
  }
  write_now(result.text);
  count_http(false);
  websocket_ = std::make_unique<WebSocket>(settings_->websocket_frame_bytes_limit);
  stage_ = Stage::open;
}

/// Writes `answer`, then ends.
void Connection::answer(const HttpAnswer& answer, bool with_body) {
  if (closing_) {
    return;  // the handler did it
  }
  closing_ = true;
  cause_ = CloseCause::http_done;
  write_now(serialize(answer, with_body));
  if (pending_ != nullptr) {
    close_when_drained_ = true;
    return;
  }
  end_politely();
  leave();
}

}  // namespace peal::net
