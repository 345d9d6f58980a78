#include "peal/server/client.hpp"

#include <utility>

#include "peal/base/assert.hpp"
#include "peal/broker/context.hpp"
#include "peal/net/http.hpp"
#include "peal/server/address_gate.hpp"
#include "peal/server/front_page.hpp"
#include "peal/server/listener_runtime.hpp"
#include "peal/server/worker_thread.hpp"

namespace peal::server {

namespace {

/// A peer that takes nothing for so long is gone. (The queue of its session is not touched by
/// that.)
constexpr std::chrono::seconds stall_limit{30};

std::string_view cause_name(net::CloseCause cause) {
  switch (cause) {
    case net::CloseCause::by_us:
      return "closed by the server";
    case net::CloseCause::by_peer:
      return "closed by the client without DISCONNECT";
    case net::CloseCause::network_error:
      return "network error";
    case net::CloseCause::tls_error:
      return "TLS error";
    case net::CloseCause::websocket_error:
      return "forbidden WebSocket frame";  // [MQTT-6.0.0-1] [MQTT3-6.0.0-1]
    case net::CloseCause::proxy_error:
      return "PROXY header missing or wrong";
    case net::CloseCause::http_done:
      return "HTTP request answered";
    case net::CloseCause::not_accepted:
      return "protocol not served by this listener";
  }
  return "closed";
}

/// Each packet by itself, so that it gets a WebSocket frame of its own.
void send_apart(net::Connection& connection, Bytes packets) {
  while (!packets.empty()) {
    const auto frame = mqtt::next_frame(packets, packets.size());
    PEAL_ASSERT(frame && *frame);  // they are our own
    connection.send(packets.first((*frame)->size));
    packets = packets.subspan((*frame)->size);
  }
}

}  // namespace

Client::Client(int fd, ListenerRuntime& listener)
    : listener_(listener), connection_(fd, listener.connection, *this) {}

Client::~Client() {
  if (counts_for_address_) {
    listener().addresses->leave(connection_.address());
  }
}

bool Client::join(WorkerThread& worker) {
  worker_ = &worker;
  channel_.emplace(worker.broker(), *this, listener().broker);
  return connection_.attach(worker.loop());
}

std::size_t Client::on_bytes(Bytes bytes) {
  if (!is_home_) {
    broker::WorkerIndex home{};
    switch (find_home(bytes, home)) {
      case Whereabouts::unknown:
        return 0;
      case Whereabouts::elsewhere:
        move_to(home);
        return 0;
      case Whereabouts::here:
        is_home_ = true;
    }
  }
  std::size_t consumed = 0;
  while (consumed < bytes.size()) {
    const std::size_t step = channel_->feed(bytes.subspan(consumed));
    consumed += step;
    worker_->after_feed();
    if (step == 0 || channel_->is_waiting()) {
      break;
    }
  }
  if (may_be_turned_out && channel_->state() == broker::ChannelState::authenticating) {
    worker_->spare(*this);
  }
  return consumed;
}

/// A session lives on the worker that its Client Identifier hashes to; what is no CONNECT is
/// refused right here.
Client::Whereabouts Client::find_home(Bytes bytes, broker::WorkerIndex& home) const {
  const broker::Context& context = worker_->broker().context();
  if (context.worker_count == 1) {
    return Whereabouts::here;
  }
  const auto frame = mqtt::next_frame(bytes, context.settings.limits.connect_packet_bytes);
  if (!frame) {
    return Whereabouts::here;
  }
  if (!*frame) {
    const bool may_become_connect =
        bytes.empty() || bytes[0] >> 4 == static_cast<int>(mqtt::PacketType::connect);
    return may_become_connect ? Whereabouts::unknown : Whereabouts::here;
  }
  const auto connect = (*frame)->header.type == mqtt::PacketType::connect
                           ? mqtt::decode_connect((*frame)->header, (*frame)->body)
                           : std::unexpected(mqtt::ReasonCode::protocol_error);
  if (!connect || connect->client_id.empty()) {
    return Whereabouts::here;
  }
  home =
      broker::home_of(connect->client_id, static_cast<broker::NamespaceId>(listener().broker.space),
                      context.hash_key, context.worker_count);
  return home == context.self ? Whereabouts::here : Whereabouts::elsewhere;
}

void Client::move_to(broker::WorkerIndex home) {
  connection_.detach();
  channel_.reset();
  is_home_ = true;
  std::exchange(worker_, nullptr)->hand_over(*this, home);
}

void Client::on_closed(net::CloseCause cause) {
  if (channel_) {
    channel_->connection_lost(cause_name(cause));
    worker_->after_feed();
  }
  worker_->retire(*this);
}

void Client::on_drained() {
  if (channel_) {
    channel_->drained();
    worker_->after_feed();
  }
}

bool Client::on_proxied(const net::Address& source) {
  counts_for_address_ = worker_->admits(source, listener());
  return counts_for_address_ || listener().addresses == nullptr;
}

net::HttpAnswer Client::on_http(const net::HttpRequest& request) {
  if (!worker_->serves_http()) {
    net::HttpAnswer answer;
    answer.status = 503;
    answer.body = "Too many connections.\n";
    answer.headers.emplace_back("Retry-After", "10");
    return answer;
  }
  return answer_http(request);
}

void Client::send(Bytes bytes, const SharedBuffer* owner) {
  if (!is_watched_ && connection_.unsent_bytes() > 0) {
    worker_->watch(*this);
  }
  if (owner != nullptr) {
    worker_->hold(*owner);
    connection_.send(bytes, *owner);
  } else if (connection_.is_websocket()) {
    send_apart(connection_, bytes);
  } else {
    connection_.send(bytes);
  }
}

void Client::let_in() { worker_->leave_newcomers(*this); }

void Client::turn_out() {
  if (channel_) {
    channel_->fail({mqtt::ReasonCode::quota_exceeded, "limits.unauthenticated"});
  }
  connection_.abort();
}

std::size_t Client::unsent_bytes() const { return connection_.unsent_bytes(); }

bool Client::is_stalled(Time now) {
  if (connection_.unsent_bytes() == 0) {
    is_watched_ = false;
    return false;
  }
  if (!is_watched_ || connection_.written_bytes() != written_before_) {
    is_watched_ = true;
    written_before_ = connection_.written_bytes();
    progress_at_ = now;
  }
  return now - progress_at_ >= stall_limit;
}

broker::PeerInfo Client::peer() const {
  net::Peer& peer = worker_->peer_scratch();
  peer = connection_.peer();
  const bool is_local = peer.address == "unix";
  worker_->address_scratch() =
      is_local ? peer.address
               : (peer.address.find(':') == std::string::npos ? peer.address
                                                              : "[" + peer.address + "]") +
                     ":" + std::to_string(peer.port);
  return {.address = worker_->address_scratch(),
          .is_loopback = peer.is_loopback,
          .is_encrypted = peer.is_tls,
          .certificate_common_name = peer.certificate_common_name,
          .certificate_subject = peer.certificate_subject,
          .certificate_alternative_name = peer.certificate_alternative_name,
          .psk_identity = peer.psk_identity};
}

}  // namespace peal::server
