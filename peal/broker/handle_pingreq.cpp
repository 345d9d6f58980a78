#include "peal/broker/handlers.hpp"
#include "peal/broker/worker.hpp"
#include "peal/mqtt/encode.hpp"

namespace peal::broker {

Handled handle_pingreq(Channel& channel, const mqtt::FixedHeader& header, Bytes body) {
  if (const auto packet = mqtt::decode_ping(header.type, body); !packet) {
    return failure(packet.error(), {});
  }
  const MutableBytes room = channel.worker().context().arena.take(2);
  (void)mqtt::encode_ping(mqtt::PacketType::pingresp, room);  // two bytes always fit
  channel.send(room);                                         // [MQTT-3.12.4-1] [MQTT3-3.12.4-1]
  return {};
}

}  // namespace peal::broker
