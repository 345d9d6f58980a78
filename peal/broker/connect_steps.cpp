#include "peal/broker/connect_steps.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "peal/base/assert.hpp"
#include "peal/broker/commits.hpp"
#include "peal/broker/incoming_properties.hpp"
#include "peal/broker/publication.hpp"
#include "peal/broker/send_packet.hpp"
#include "peal/broker/session.hpp"
#include "peal/broker/space.hpp"
#include "peal/broker/worker.hpp"
#include "peal/mqtt/utf8.hpp"

namespace peal::broker {

namespace {

/// How long an Authenticator may take: as long as it takes to hash the passwords of a thousand
/// devices that come back at once. Those beyond come again; who is gone meanwhile is not held for
/// longer.
constexpr std::chrono::seconds answer_patience{20};

using mqtt::PropertyId;
using mqtt::ProtocolVersion;
using mqtt::ReasonCode;

constexpr std::uint32_t expiry_never = 0xFFFFFFFF;
constexpr std::size_t v3_1_client_id_limit = 23;

}  // namespace

AuthRequest auth_request(const Channel& channel, const mqtt::Connect& packet) {
  const PeerInfo peer = channel.connection().peer();
  const ListenerSettings& listener = channel.listener();
  AuthRequest request;
  request.client_id = packet.client_id;
  request.user_name = packet.user_name;
  request.password = packet.password;
  request.peer = peer;
  request.method = packet.properties.text(PropertyId::authentication_method).value_or("");
  request.data = as_bytes(packet.properties.text(PropertyId::authentication_data).value_or(""));
  request.anonymous_allowed =
      listener.anonymous_from_anywhere || (listener.anonymous_from_loopback && peer.is_loopback);
  return request;
}

Handled ConnectSteps::check() {
  take_properties();
  for (const auto check :
       {&ConnectSteps::check_version, &ConnectSteps::check_client_id, &ConnectSteps::check_will}) {
    if (auto checked = (this->*check)(); !checked) {
      return checked;
    }
  }
  return check_redirect();
}

void ConnectSteps::take_properties() {
  const mqtt::PropertiesView& properties = packet_.properties;
  channel_.receive_maximum_ =
      static_cast<std::uint16_t>(properties.number(PropertyId::receive_maximum).value_or(0xFFFF));
  channel_.maximum_packet_size_ =
      properties.number(PropertyId::maximum_packet_size).value_or(0xFFFFFFFF);
  // Request Problem Information needs no note: acknowledgements never carry a Reason String or User
  // Property here. [MQTT-3.1.2-29]
  const auto alias_limit = channel_.worker().context().settings.session.topic_alias_max;
  channel_.topic_alias_maximum_ = static_cast<std::uint16_t>(std::min<std::uint32_t>(
      properties.number(PropertyId::topic_alias_maximum).value_or(0), alias_limit));
}

Handled ConnectSteps::check_version() const {
  const ListenerSettings& listener = channel_.listener();
  const bool is_allowed = packet_.version == ProtocolVersion::v5       ? listener.allow_v5
                          : packet_.version == ProtocolVersion::v3_1_1 ? listener.allow_v3_1_1
                                                                       : listener.allow_v3_1;
  if (!is_allowed) {
    return failure(ReasonCode::unsupported_protocol_version, "listener.versions");
  }
  return {};
}

/// Any text up to the limit, so also 1 to 23 letters and digits. [MQTT-3.1.3-5] [MQTT3-3.1.3-5]
Handled ConnectSteps::check_client_id() const {
  const Settings::Limits& limits = channel_.worker().context().settings.limits;
  const std::string_view id = packet_.client_id;
  if (id.size() > limits.client_id_bytes) {
    return failure(ReasonCode::client_identifier_not_valid, "limits.client_id");  // [MQTT-3.1.3-8]
  }
  if (packet_.version == ProtocolVersion::v3_1 &&
      (id.empty() || id.size() > v3_1_client_id_limit)) {
    return failure(ReasonCode::client_identifier_not_valid, "MQTT 3.1: 1 to 23 characters");
  }
  if (packet_.version == ProtocolVersion::v3_1_1 && id.empty() && !packet_.clean_start) {
    return failure(ReasonCode::client_identifier_not_valid, "[MQTT3-3.1.3-8]");  // [MQTT3-3.1.3-9]
  }
  if ((packet_.user_name && packet_.user_name->size() > limits.user_name_bytes) ||
      (packet_.password && packet_.password->size() > limits.password_bytes)) {
    return failure(ReasonCode::bad_user_name_or_password, "limits.user_name or limits.password");
  }
  return {};
}

Handled ConnectSteps::check_will() const {
  if (!packet_.will) {
    return {};
  }
  const Settings& settings = channel_.worker().context().settings;
  const mqtt::Will& will = *packet_.will;
  if (will.qos > settings.mqtt.max_qos) {
    return failure(ReasonCode::qos_not_supported, "[MQTT-3.2.2-12]");
  }
  if (will.retain && !settings.retained.is_available) {
    return failure(ReasonCode::retain_not_supported, "[MQTT-3.2.2-13]");
  }
  if (settings.mqtt.validate_payload_format &&
      will.properties.number(PropertyId::payload_format_indicator) == 1U &&
      !mqtt::is_utf8(as_text(will.payload))) {
    return failure(ReasonCode::payload_format_invalid, "the Will Payload (MQTT 5 §3.1.3.2.3)");
  }
  if (will.payload.size() > settings.limits.will_payload_bytes) {
    return failure(ReasonCode::packet_too_large, "limits.will_payload");
  }
  if (will.topic.text().size() > settings.limits.topic_bytes ||
      mqtt::count_levels(will.topic.text()) > settings.limits.topic_levels) {
    return failure(ReasonCode::topic_name_invalid, "limits.topic_levels or limits.topic");
  }
  return {};
}

/// Use Another Server and Server Moved, with the Server Reference where the client understands it.
/// (MQTT 5 §4.11)
Handled ConnectSteps::check_redirect() {
  const Settings& settings = channel_.worker().context().settings;
  if (settings.redirect == Redirect::off) {
    return {};
  }
  const ReasonCode reason = settings.redirect == Redirect::server_moved
                                ? ReasonCode::server_moved
                                : ReasonCode::use_another_server;
  if (channel_.is_v5() && !settings.server_reference.empty()) {
    mqtt::PropertiesBuilder properties(
        channel_.worker().context().arena.take(settings.server_reference.size() + 3));
    properties.text(PropertyId::server_reference, settings.server_reference);
    if (channel_.send_packet(mqtt::Connack{
            .session_present = false, .reason = reason, .properties = properties.view()})) {
      channel_.is_version_known_ = false;  // it has its answer; `fail` only closes
    }
  }
  return failure(reason, "server.redirect");
}

Handled ConnectSteps::authenticate(const mqtt::FixedHeader& header, Bytes body) {
  Worker& worker = channel_.worker();
  Authenticator& authenticator = worker.context().authenticator;
  const AuthRequest request = auth_request(channel_, packet_);
  const bool is_enhanced = packet_.properties.find(PropertyId::authentication_method).has_value();
  if (is_enhanced && !authenticator.knows_method(request.method)) {
    return failure(ReasonCode::bad_authentication_method, "[MQTT-4.12.0-1]");
  }
  Channel::Exchange& exchange = *channel_.exchange;
  exchange.method = request.method;
  exchange.ticket = worker.issue_ticket(channel_);
  exchange.is_running = true;
  exchange.header = header;
  body_ = body;
  const AuthTicket ticket = exchange.ticket;
  const AuthAnswer answer = authenticator.authenticate(request, ticket);
  if (answer.state == AuthState::more || answer.state == AuthState::pending) {
    channel_.exchange->connect.assign(body.begin(), body.end());
  }
  return accept(answer);
}

Handled ConnectSteps::accept(const AuthAnswer& answer) {
  switch (answer.state) {
    case AuthState::more:
      channel_.state_ = ChannelState::authenticating;
      send_auth(channel_, ReasonCode::continue_authentication, answer.data);  // [MQTT-4.12.0-2]
      return {};
    case AuthState::pending:
      channel_.state_ = ChannelState::authenticating;
      channel_.is_waiting_ = true;
      channel_.connection().pause_input();
      // The client has done its part: from here on it is we who take our time.
      channel_.worker().timers().arm(channel_.timer_,
                                     channel_.worker().context().clock.now() + answer_patience);
      return {};
    case AuthState::refused:
      return failure(answer.reason, "authentication");  // [MQTT-4.12.0-4] [MQTT-3.1.4-6]
    case AuthState::accepted:
      break;
  }
  return enter(answer);
}

Handled ConnectSteps::enter(const AuthAnswer& answer) {
  Worker& worker = channel_.worker();
  worker.withdraw_ticket(channel_.exchange->ticket);
  channel_.exchange->is_running = false;
  // `packet_` may be a view of these bytes: they stay until this is over.
  auto connect_bytes = std::exchange(channel_.exchange->connect, {});
  std::string& assigned = channel_.exchange->assigned_client_id;
  assigned = packet_.client_id.empty() ? assign_client_id() : std::string{};
  const std::string_view client_id = assigned.empty() ? packet_.client_id : assigned;
  const ClientIdentity client{client_id, answer.user, answer.grants};
  const auto rights = worker.context().authorizer.rights_of(client);
  if (packet_.will &&
      (packet_.will->topic.is_dollar() ||
       (rights && !rights->may_publish(client, packet_.will->topic, packet_.will->retain)))) {
    return failure(ReasonCode::not_authorized, "the Will Topic");
  }
  const JournalPosition before = worker.context().journal.written();
  const auto longest = worker.context().settings.session.max_expiry;
  const auto expiry = std::min(ExpiryInterval(expiry_asked()), ExpiryInterval(longest));
  const auto opened = worker.keeper().open(
      channel_, {.space = worker.space(static_cast<NamespaceId>(channel_.listener().space)),
                 .client_id = client_id,
                 .user = answer.user,
                 .grants = answer.grants,
                 .clean_start = packet_.clean_start,
                 .expiry_interval = expiry,
                 .rights = rights});
  if (!opened) {
    return failure(opened.error(), "the session (MQTT 5 §3.1.4)");
  }
  channel_.session_ = opened->session;
  channel_.set_validity(answer.valid_for);
  channel_.rights_changed();
  if (auto stored = store_will(*opened->session); !stored) {
    return stored;
  }
  worker.records().opened(*opened->session);
  channel_.exchange->answer = answer;
  channel_.exchange->is_session_present = opened->is_present;
  if (worker.context().journal.written() <= before) {
    finish();
    return {};
  }
  channel_.exchange->connect =
      connect_bytes.empty() ? std::vector(body_.begin(), body_.end()) : std::move(connect_bytes);
  channel_.state_ = ChannelState::authenticating;
  channel_.is_waiting_ = true;
  channel_.connection().pause_input();
  worker.commits().when_safe(after_commit::Connack{channel_.reference()});
  return {};
}

void ConnectSteps::finish() {
  const bool is_present = channel_.exchange->is_session_present;
  send_connack(channel_.exchange->answer, is_present, channel_.exchange->assigned_client_id);
  if (channel_.exchange->method.empty()) {
    channel_.exchange.reset();  // nothing of it is needed again
  }
  channel_.state_ = ChannelState::connected;
  channel_.connection().let_in();
  channel_.start_keep_alive(agreed_keep_alive());
  log_connected(is_present);
  // [MQTT-4.4.0-1] [MQTT3-4.4.0-1] [MQTT3-3.1.2-5]
  channel_.worker().outbound().pump(channel_.session());
}

std::uint32_t ConnectSteps::expiry_asked() const {
  return channel_.is_v5()
             ? packet_.properties.number(PropertyId::session_expiry_interval).value_or(0)
             : (packet_.clean_start ? 0 : expiry_never);  // [MQTT3-3.1.2-4]
}

void finish_connect(Channel& channel) {
  channel.is_waiting_ = false;
  const auto connect = std::exchange(channel.exchange->connect, {});
  const auto packet = mqtt::decode_connect(channel.exchange->header, connect);
  PEAL_ASSERT(packet.has_value());  // it was decoded before
  ConnectSteps(channel, *packet).finish();
  channel.connection().resume_input();
}

/// A name nobody has, whose session lives on this worker. [MQTT-3.1.3-6] [MQTT-3.1.3-7]
/// [MQTT-3.2.2-16] [MQTT3-3.1.3-6]
std::string ConnectSteps::assign_client_id() const {
  constexpr std::string_view digits = "0123456789abcdefghijklmnopqrstuv";
  Worker& worker = channel_.worker();
  const Context& context = worker.context();
  const auto space = static_cast<NamespaceId>(channel_.listener().space);
  while (true) {
    std::string id = "auto-";
    for (int word = 0; word < 2; ++word) {
      std::uint64_t bits = context.random.next();
      for (int i = 0; i < 12; ++i, bits >>= 5) {
        id += digits[bits & 31];
      }
    }
    if (home_of(id, space, context.hash_key, context.worker_count) == context.self &&
        worker.sessions().find(worker.space(space), id) == nullptr) {
      return id;
    }
  }
}

/// [MQTT-3.1.2-7] [MQTT3-3.1.2-8]
Handled ConnectSteps::store_will(Session& session) {
  if (!packet_.will) {
    return {};
  }
  const Context& context = channel_.worker().context();
  const mqtt::Will& will = *packet_.will;
  const auto properties = read_incoming(will.properties, context.settings.limits, context.arena);
  if (!properties) {
    return std::unexpected(properties.error());
  }
  session.extra().will = {
      .message = Message::make(
          {.topic = will.topic,
           .payload = will.payload,
           .properties = properties->forwarded,  // [MQTT-3.1.3-10]
           .qos = will.qos,
           .retain =
               will.retain,  // [MQTT-3.1.2-14] [MQTT-3.1.2-15] [MQTT3-3.1.2-16] [MQTT3-3.1.2-17]
           .publisher = session.publisher()}),
      .delay = properties->will_delay,
      .expiry = properties->expiry,
      .has_expiry = properties->has_expiry};
  return {};
}

/// The client's own, unless it is beyond what the operator allows. [MQTT-3.2.2-22]
std::chrono::seconds ConnectSteps::agreed_keep_alive() const {
  const std::chrono::seconds asked(packet_.keep_alive_seconds);
  const auto longest = channel_.worker().context().settings.session.keep_alive_max;
  return channel_.is_v5() && asked > longest ? longest : asked;
}

void ConnectSteps::log_connected(bool session_present) const {
  Log& log = channel_.worker().context().log;
  if (!log.wants(LogLevel::info)) {
    return;
  }
  const std::string_view version = packet_.version == ProtocolVersion::v5       ? "MQTT 5"
                                   : packet_.version == ProtocolVersion::v3_1_1 ? "MQTT 3.1.1"
                                                                                : "MQTT 3.1";
  log.write({.level = LogLevel::info,
             .what = "client connected",
             .client_id = channel_.identity().client_id,
             .address = channel_.connection().peer().address,
             .reason = session_present ? "session resumed" : "new session",
             .detail = version});
}

namespace {

Channel::Announced announced_by(const Settings& settings) {
  return {.packet_bytes = static_cast<std::uint32_t>(
              std::min<std::size_t>(settings.limits.packet_bytes, 0xFFFFFFFF)),
          .inflight = settings.session.inflight,
          .topic_alias_max = settings.session.topic_alias_max,
          .max_qos = settings.mqtt.max_qos,
          .has_retain = settings.retained.is_available};
}

}  // namespace

void ConnectSteps::send_connack(const AuthAnswer& answer, bool session_present,
                                std::string_view assigned_id) {
  const Context& context = channel_.worker().context();
  const Settings& settings = context.settings;
  const Channel::Announced& announced = channel_.announced_ = announced_by(settings);
  const std::string& method = channel_.exchange->method;
  mqtt::PropertiesBuilder properties(context.arena.take(64 + assigned_id.size() + method.size() +
                                                        answer.data.size() +
                                                        settings.mqtt.response_information.size()));
  auto number = [&](PropertyId id, std::uint64_t value) {
    properties.number(id, static_cast<std::uint32_t>(value));
  };
  auto text = [&](PropertyId id, std::string_view value) {
    if (!value.empty()) {
      properties.text(id, value);
    }
  };
  const std::uint32_t expiry = channel_.session_->expiry_interval.count();
  if (expiry != expiry_asked()) {
    number(PropertyId::session_expiry_interval, expiry);
  }
  number(PropertyId::receive_maximum, announced.inflight);
  if (announced.max_qos != mqtt::QoS::exactly_once) {
    number(PropertyId::maximum_qos,
           static_cast<unsigned>(announced.max_qos));  // [MQTT-3.2.2-9]
  }
  if (!announced.has_retain) {
    number(PropertyId::retain_available, 0);
  }
  number(PropertyId::maximum_packet_size, announced.packet_bytes);
  text(PropertyId::assigned_client_identifier, assigned_id);
  if (announced.topic_alias_max > 0) {
    number(PropertyId::topic_alias_maximum, announced.topic_alias_max);
  }
  if (const auto keep_alive = agreed_keep_alive();
      keep_alive != std::chrono::seconds(packet_.keep_alive_seconds)) {
    number(PropertyId::server_keep_alive, static_cast<std::uint64_t>(keep_alive.count()));
  }
  if (packet_.properties.number(PropertyId::request_response_information).value_or(0) == 1) {
    text(PropertyId::response_information, settings.mqtt.response_information);  // [MQTT-3.1.2-28]
  }
  text(PropertyId::authentication_method, method);  // [MQTT-4.12.0-5] [MQTT-4.12.0-6]
  text(PropertyId::authentication_data, answer.data);
  // [MQTT-3.1.4-5] [MQTT-3.2.0-1] [MQTT-3.2.0-2] [MQTT-3.2.2-1] [MQTT-3.2.2-2] [MQTT-3.2.2-3]
  // [MQTT3-3.1.4-4] [MQTT3-3.2.0-1] [MQTT3-3.2.2-1] [MQTT3-3.2.2-2] [MQTT3-3.2.2-3]
  channel_.send_packet(
      mqtt::Connack{.session_present = session_present && packet_.version != ProtocolVersion::v3_1,
                    .reason = ReasonCode::success,
                    .properties = channel_.is_v5() ? properties.view() : mqtt::PropertiesView{}});
}

}  // namespace peal::broker
