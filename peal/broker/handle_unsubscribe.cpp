#include <utility>

#include "peal/broker/handlers.hpp"
#include "peal/broker/session.hpp"
#include "peal/broker/worker.hpp"

namespace peal::broker {

Handled handle_unsubscribe(Channel& channel, const mqtt::FixedHeader&, Bytes body) {
  using mqtt::ReasonCode;
  const auto packet = mqtt::decode_unsubscribe(body, channel.version());
  if (!packet) {
    return failure(packet.error(), {});
  }
  Subscribing& subscribing = channel.worker().subscribing();
  const BarrierId barrier = subscribing.begin();
  Subscribing::Request request;
  request.answer = mqtt::PacketType::unsuback;
  request.packet_id = packet->packet_id;
  for (const std::string_view text : packet->filters) {
    const auto filter = mqtt::TopicFilter::parse(text);
    ReasonCode reason = ReasonCode::topic_filter_invalid;
    if (filter) {
      // Messages already on their way are finished. [MQTT-3.10.4-1] [MQTT-3.10.4-2] [MQTT-3.10.4-3]
      // [MQTT3-3.10.4-1] [MQTT3-3.10.4-2] [MQTT3-3.10.4-3]
      const bool existed = subscribing.remove(channel.session(), *filter, barrier);
      reason = existed ? ReasonCode::success : ReasonCode::no_subscription_existed;
    }
    request.reason_codes.push_back(static_cast<std::uint8_t>(reason));
  }
  // [MQTT-3.10.4-4] [MQTT-3.10.4-5] [MQTT-3.10.4-6] [MQTT-3.11.3-1] [MQTT-3.11.3-2]
  // [MQTT3-3.10.4-4] [MQTT3-3.10.4-5] [MQTT3-3.10.4-6]
  subscribing.finish(channel, std::move(request), barrier);
  return {};
}

}  // namespace peal::broker
