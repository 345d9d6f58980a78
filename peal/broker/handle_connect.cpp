#include "peal/broker/connect_steps.hpp"
#include "peal/broker/handlers.hpp"
#include "peal/broker/worker.hpp"

namespace peal::broker {

namespace {

/// Whatever is wrong with a CONNECT is answered in the sender's own version, as far as it can be
/// seen.
void learn_version(const mqtt::Result<mqtt::Connect>& packet, Bytes body,
                   mqtt::ProtocolVersion& version, bool& is_known) {
  const auto seen = packet ? std::optional(packet->version) : mqtt::version_of_connect(body);
  is_known = seen.has_value();
  version = seen.value_or(version);
}

}  // namespace

Handled handle_connect(Channel& channel, const mqtt::FixedHeader& header, Bytes body) {
  const auto packet = mqtt::decode_connect(header, body);
  bool is_known = false;
  learn_version(packet, body, channel.version_, is_known);
  channel.is_version_known_ = is_known;
  if (!packet) {
    return failure(packet.error(), {});  // [MQTT-3.1.2-1] [MQTT-3.1.2-2] [MQTT3-3.1.2-2]
  }
  channel.exchange = std::make_unique<Channel::Exchange>();
  channel.exchange->client_id = packet->client_id;
  ConnectSteps steps(channel, *packet);
  if (auto checked = steps.check(); !checked) {
    return checked;
  }
  return steps.authenticate(header, body);
}

void Channel::authenticated(const AuthAnswer& answer) {
  if (state_ == ChannelState::closed || exchange == nullptr || !exchange->is_running) {
    return;
  }
  if (state_ == ChannelState::connected) {
    if (const Handled concluded = conclude_re_authentication(*this, answer); !concluded) {
      fail(concluded.error());
    }
    return;
  }
  is_waiting_ = false;
  const auto packet = mqtt::decode_connect(exchange->header, exchange->connect);
  Handled handled = packet ? Handled{} : failure(packet.error(), {});
  if (packet) {
    handled = ConnectSteps(*this, *packet).accept(answer);
  }
  if (!handled) {
    fail(handled.error());
  }
  if (state_ != ChannelState::closed && !is_waiting_) {
    connection_.resume_input();
  }
}

}  // namespace peal::broker
