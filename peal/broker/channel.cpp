#include "peal/broker/channel.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "peal/broker/commits.hpp"
#include "peal/broker/handlers.hpp"
#include "peal/broker/send_packet.hpp"
#include "peal/broker/session.hpp"
#include "peal/broker/worker.hpp"

namespace peal::broker {

namespace {

using mqtt::PacketType;
using mqtt::ReasonCode;

/// So many QoS 1 and 2 messages of one connection may wait for the disk before it is read no more.
constexpr int open_answers_limit = 1024;

Handled refuse_direction(Channel&, const mqtt::FixedHeader&, Bytes) {
  return failure(ReasonCode::protocol_error, "a packet that only a server sends (MQTT 5 §2.1.2)");
}

struct Handler {
  Handled (*handle)(Channel&, const mqtt::FixedHeader&, Bytes);
  std::string_view clause;
};

/// By packet type; the clause is named when a packet cannot be decoded.
constexpr std::array<Handler, 16> handlers{{
    {refuse_direction, "reserved type (MQTT 5 §2.1.2)"},
    {handle_connect, "CONNECT (MQTT 5 §3.1)"},
    {refuse_direction, "CONNACK (MQTT 5 §3.2)"},
    {handle_publish, "PUBLISH (MQTT 5 §3.3)"},
    {handle_ack, "PUBACK (MQTT 5 §3.4)"},
    {handle_ack, "PUBREC (MQTT 5 §3.5)"},
    {handle_ack, "PUBREL (MQTT 5 §3.6)"},
    {handle_ack, "PUBCOMP (MQTT 5 §3.7)"},
    {handle_subscribe, "SUBSCRIBE (MQTT 5 §3.8)"},
    {refuse_direction, "SUBACK (MQTT 5 §3.9)"},
    {handle_unsubscribe, "UNSUBSCRIBE (MQTT 5 §3.10)"},
    {refuse_direction, "UNSUBACK (MQTT 5 §3.11)"},
    {handle_pingreq, "PINGREQ (MQTT 5 §3.12)"},
    {refuse_direction, "PINGRESP (MQTT 5 §3.13)"},
    {handle_disconnect, "DISCONNECT (MQTT 5 §3.14)"},
    {handle_auth, "AUTH (MQTT 5 §3.15)"},
}};

bool may_come_now(ChannelState state, PacketType type) {
  switch (state) {
    case ChannelState::awaiting_connect:
      return type == PacketType::connect;  // [MQTT-3.1.0-1] [MQTT3-3.1.0-1]
    case ChannelState::authenticating:
      return type == PacketType::auth || type == PacketType::disconnect;  // [MQTT-3.1.2-30]
    case ChannelState::connected:
      return type != PacketType::connect;  // [MQTT-3.1.0-2] [MQTT3-3.1.0-2]
    case ChannelState::closed:
      break;
  }
  return false;
}

/// Whether a limit on what one packet or connection may do was passed.
bool is_beyond_limit(const Failure& failure) {
  return failure.reason == ReasonCode::packet_too_large ||
         failure.reason == ReasonCode::receive_maximum_exceeded ||
         failure.reason == ReasonCode::topic_alias_invalid || failure.detail.starts_with("limits.");
}

}  // namespace

/// What a client may still publish, and when it is read from again.
struct Channel::Budget final : private TimerTarget {
  Budget(Channel& channel, const PublishRate& rate)
      : owner(channel), limits(rate), left(rate), timer(*this) {}
  void on_timer(Timer& /*timer*/) override { owner.stop_waiting_if_free(); }

  Channel& owner;
  PublishRate limits;
  PublishBudget left;
  Timer timer;  // armed while the client is not read from
};

Channel::Channel(Worker& worker, Connection& connection, const ListenerSettings& listener)
    : worker_(worker),
      connection_(connection),
      listener_(listener),
      timer_(*this),
      last_received_(worker.context().clock.now()),
      serial_(worker.next_channel_serial()) {
  worker_.counters().connections.add();
  worker_.timers().arm(timer_, last_received_ + worker_.context().settings.limits.connect_timeout);
}

Channel::~Channel() {
  if (state_ != ChannelState::closed) {
    connection_lost("the connection was dropped");
  }
  worker_.forget(*this);
  worker_.counters().connections.subtract();
}

std::size_t Channel::packet_limit() const {
  return state_ == ChannelState::connected ? announced_.packet_bytes
                                           : worker_.context().settings.limits.connect_packet_bytes;
}

std::size_t Channel::feed(Bytes input) {
  last_received_ = worker_.context().clock.now();
  std::size_t consumed = 0;
  while (state_ != ChannelState::closed && !is_waiting_) {
    const auto frame = mqtt::next_frame(input.subspan(consumed), packet_limit(), version_);
    if (!frame) {
      fail({frame.error(), "fixed header (MQTT 5 §2.1)"});
      break;
    }
    if (!*frame) {
      refuse_early(input.subspan(consumed));
      break;
    }
    if (worker_.memory() == MemoryLevel::exhausted && must_wait_for_memory((*frame)->header)) {
      return consumed;
    }
    consumed += (*frame)->size;
    handle(**frame);
    if (worker_.context().arena.used() >= flush_from_bytes) {
      return consumed;
    }
  }
  return state_ == ChannelState::closed ? input.size() : consumed;
}

/// Whether nothing is read until there is memory for the message that comes next. Everything else,
/// acknowledgements above all, is read as long as it does not stand behind one.
bool Channel::must_wait_for_memory(const mqtt::FixedHeader& header) {
  constexpr std::uint8_t qos_bits = 0x06;
  if (header.type != PacketType::publish || (header.flags & qos_bits) == 0 ||
      state_ != ChannelState::connected) {
    return false;
  }
  if (may_publish_one_) {
    may_publish_one_ = false;
    return false;
  }
  worker_.counters().waited_memory.add();
  waits_for_memory_ = is_waiting_ = true;
  connection_.pause_input();
  worker_.let_wait(*this);
  return true;
}

void Channel::hear_again() {
  waits_for_memory_ = false;
  stop_waiting_if_free();
}

void Channel::hear_one() {
  may_publish_one_ = true;
  hear_again();
}

void Channel::stop_waiting_if_free() {
  const bool is_throttled = budget_ != nullptr && budget_->timer.is_armed();
  if (is_held_back_ || waits_for_memory_ || is_throttled) {
    return;
  }
  is_waiting_ = false;
  if (state_ != ChannelState::closed) {
    connection_.resume_input();
  }
}

/// What may not come now is refused by its first byte: nobody waits for the rest, or keeps it.
void Channel::refuse_early(Bytes beginning) {
  if (beginning.empty()) {
    return;
  }
  const auto type = static_cast<PacketType>(beginning[0] >> 4);
  if (!may_come_now(state_, type)) {
    fail({ReasonCode::protocol_error, handlers[static_cast<std::size_t>(type)].clause});
  }
}

void Channel::handle(const mqtt::Frame& frame) {
  const auto type = frame.header.type;
  const Handler& handler = handlers[static_cast<std::size_t>(type)];
  if (!may_come_now(state_, type)) {
    fail({ReasonCode::protocol_error, handler.clause});
    return;
  }
  const Handled handled = handler.handle(*this, frame.header, frame.body);
  if (!handled) {
    const Failure& failed = handled.error();
    fail({failed.reason, failed.detail.empty() ? handler.clause : failed.detail});
  }
}

ClientIdentity Channel::identity() const {
  return session_ == nullptr ? ClientIdentity{} : session_->identity();
}

bool Channel::may_publish(mqtt::TopicName topic, bool retain) {
  if (!session_->rights ||
      (allowed_topics_ != nullptr && allowed_topics_->contains(topic, retain))) {
    return true;
  }
  if (!session_->may_publish(topic, retain)) {
    return false;
  }
  if (allowed_topics_ == nullptr) {
    allowed_topics_ = std::make_unique<AllowedTopics>();
  }
  allowed_topics_->add(topic, retain);
  return true;
}

void Channel::rights_changed() {
  allowed_topics_.reset();
  const PublishRate rate = session_->rights ? session_->rights->publish_rate() : PublishRate{};
  if (budget_ != nullptr && budget_->limits == rate) {
    return;
  }
  budget_ = rate.is_limited() ? std::make_unique<Budget>(*this, rate) : nullptr;
  if (state_ == ChannelState::connected && is_waiting_) {
    stop_waiting_if_free();
  }
}

void Channel::spend_budget(std::size_t bytes) {
  const Time now = worker_.context().clock.now();
  const Time until = budget_->left.spend(now, bytes);
  if (until > now && !budget_->timer.is_armed()) {
    worker_.counters().throttled_publishes.add();
    session_->note(Trouble::throttled, "");
    worker_.timers().arm(budget_->timer, until);
    is_waiting_ = true;
    connection_.pause_input();
  }
}

/// Never above the client's Receive Maximum. [MQTT-4.9.0-1]
std::uint16_t Channel::window() const {
  return std::min(receive_maximum_, worker_.context().settings.session.inflight);
}

bool Channel::has_receive_quota() const {
  // 3.x knows no Receive Maximum. A QoS 1 message is open until its PUBACK, a QoS 2 message until
  // its PUBREL.
  return !is_v5() || session_->unreleased_count() + open_pubacks_ < announced_.inflight;
}

ChannelRef Channel::reference() const { return {session_->handle(), serial_}; }

void Channel::await_answer(PacketType answer) {
  ++(answer == PacketType::puback ? open_pubacks_ : open_pubrecs_);
  const bool is_much =
      open_pubacks_ + open_pubrecs_ >= open_answers_limit || worker_.context().journal.is_behind();
  if (!is_held_back_ && is_much) {
    is_held_back_ = is_waiting_ = true;
    connection_.pause_input();
  }
}

void Channel::answered(PacketType answer) {
  if (answer != PacketType::puback && answer != PacketType::pubrec) {
    return;
  }
  std::uint16_t& open = answer == PacketType::puback ? open_pubacks_ : open_pubrecs_;
  open = static_cast<std::uint16_t>(open - (open > 0 ? 1 : 0));
  if (!is_held_back_) {
    return;
  }
  const int resume_below = worker_.context().journal.is_behind() ? 1 : open_answers_limit / 2;
  if (open_pubacks_ + open_pubrecs_ < resume_below) {
    is_held_back_ = false;
    stop_waiting_if_free();
  }
}

void Channel::start_keep_alive(std::chrono::seconds interval) {
  silence_limit_ = std::chrono::milliseconds(interval) * 3 / 2;
  arm_timer();
}

void Channel::set_validity(std::optional<std::chrono::milliseconds> valid_for) {
  constexpr std::chrono::milliseconds longest = std::chrono::hours(24 * 365 * 10);
  valid_until_ =
      valid_for ? worker_.context().clock.now() + std::min(*valid_for, longest) : Time::max();
  if (state_ == ChannelState::connected) {
    arm_timer();
  }
}

/// Of a connected client: for its silence, or for the end of what it proved.
void Channel::arm_timer() {
  timer_.cancel();
  const Time silent_at = silence_limit_.count() > 0 ? last_received_ + silence_limit_ : Time::max();
  const Time due = std::min(silent_at, valid_until_);
  if (due != Time::max()) {
    worker_.timers().arm(timer_, due);
  }
}

void Channel::on_timer(Timer&) {
  if (state_ != ChannelState::connected) {
    worker_.doom(*this,
                 {ReasonCode::unspecified_error, "limits.connect_timeout: no complete CONNECT"});
    return;
  }
  const Time now = worker_.context().clock.now();
  if (now >= valid_until_) {
    worker_.doom(*this, {ReasonCode::maximum_connect_time, "what it logged in with is over"});
    return;
  }
  if (is_waiting_) {
    last_received_ = now;  // we do not read: it may have spoken
  }
  if (silence_limit_.count() == 0 || now < last_received_ + silence_limit_) {
    arm_timer();
    return;
  }
  worker_.counters().keep_alive_timeouts.add();
  worker_.doom(*this, {ReasonCode::keep_alive_timeout, "[MQTT-3.1.2-22]"});  // [MQTT3-3.1.2-24]
}

void Channel::drained() {
  if (session_ != nullptr && state_ == ChannelState::connected) {
    worker_.outbound().pump(*session_);
  }
}

void Channel::fail(const Failure& failure) {
  if (state_ == ChannelState::closed) {
    return;
  }
  worker_.counters().protocol_errors.add();
  worker_.counters().exceeded_limits.add(is_beyond_limit(failure) ? 1 : 0);
  const bool was_connected = state_ == ChannelState::connected;
  log_end(was_connected ? "client closed" : "client refused", mqtt::reason_name(failure.reason),
          failure.detail, LogLevel::warning);
  send_reason(failure);
  close();  // [MQTT-4.13.1-1] [MQTT-4.13.2-1] [MQTT3-4.8.0-1]
  leave_session(true);
}

void Channel::send_reason(const Failure& failure) {
  if (state_ == ChannelState::connected) {
    if (!is_v5()) {
      return;
    }
    const ReasonCode reason = mqtt::is_reason_of(PacketType::disconnect, failure.reason)
                                  ? failure.reason
                                  : ReasonCode::unspecified_error;      // [MQTT-3.14.2-1]
    send_packet(mqtt::Disconnect{.reason = reason, .properties = {}});  // [MQTT-3.14.0-1]
    return;
  }
  if (!is_version_known_) {
    return;  // nobody to talk to in a language that is understood
  }
  const bool is_for_v3 = mqtt::connect_return_code(failure.reason) != 0 &&
                         failure.reason != ReasonCode::malformed_packet &&
                         failure.reason != ReasonCode::protocol_error &&
                         failure.reason != ReasonCode::unspecified_error;
  if (!is_v5() && !is_for_v3) {
    return;  // [MQTT3-3.1.4-1] [MQTT3-3.2.2-6]
  }
  const ReasonCode reason = mqtt::is_reason_of(PacketType::connack, failure.reason)
                                ? failure.reason
                                : ReasonCode::unspecified_error;  // [MQTT-3.2.2-8]
  worker_.counters().refused_connects.add();
  send_packet(mqtt::Connack{.session_present = false,  // [MQTT-3.2.2-6] [MQTT3-3.2.2-4]
                            .reason = reason,
                            .properties = {}});
}

void Channel::taken_over() {
  log_end("client taken over", "Session taken over", "[MQTT-3.1.4-3]", LogLevel::info);
  if (is_v5() && state_ == ChannelState::connected) {
    send_packet(mqtt::Disconnect{.reason = ReasonCode::session_taken_over, .properties = {}});
  }
  close();
  leave_session(true);
}

void Channel::server_stops() {
  if (is_v5() && state_ == ChannelState::connected) {
    send_packet(mqtt::Disconnect{.reason = ReasonCode::server_shutting_down, .properties = {}});
  }
  close();
  leave_session(true);
}

void Channel::connection_lost(std::string_view why) {
  if (state_ == ChannelState::closed) {
    return;
  }
  log_end("client lost", why, {}, session_ != nullptr ? LogLevel::info : LogLevel::debug);
  state_ = ChannelState::closed;
  timer_.cancel();
  leave_session(true);  // [MQTT-3.1.2-8] [MQTT3-3.1.2-8]
}

/// Nothing is sent or handled afterwards. [MQTT-3.2.2-7] [MQTT-3.14.4-1] [MQTT-3.14.4-2]
/// [MQTT3-3.2.2-5] [MQTT3-3.1.4-5] [MQTT3-4.8.0-2]
void Channel::close() {
  state_ = ChannelState::closed;
  timer_.cancel();
  connection_.close();
}

void Channel::leave_session(bool publish_will) {
  if (exchange != nullptr && exchange->is_running) {
    worker_.withdraw_ticket(exchange->ticket);
    exchange->is_running = false;
  }
  if (session_ != nullptr) {
    Session& session = *session_;
    session_ = nullptr;
    worker_.keeper().leave(session, publish_will);
  }
}

void Channel::log_end(std::string_view what, std::string_view reason, std::string_view detail,
                      LogLevel level) const {
  Log& log = worker_.context().log;
  if (log.wants(level)) {
    const std::string_view claimed = exchange != nullptr ? exchange->client_id : std::string_view{};
    log.write({.level = level,
               .what = what,
               .client_id = session_ != nullptr ? identity().client_id : claimed,
               .address = connection_.peer().address,
               .reason = reason,
               .detail = detail});
  }
}

}  // namespace peal::broker
