// Channel::send_packet, for those who send packets: keeps the encoder out of everybody else's
// includes.
#pragma once

#include "peal/base/assert.hpp"
#include "peal/broker/channel.hpp"
#include "peal/broker/worker.hpp"
#include "peal/mqtt/encode.hpp"

namespace peal::broker {

template <typename Packet>
bool Channel::send_packet(const Packet& packet) {
  const std::size_t size = mqtt::encoded_size(packet, version_);
  // A Reason String or User Property that would make it too large is never sent, because nothing
  // that large is. [MQTT-3.2.2-19] [MQTT-3.2.2-20] [MQTT-3.4.2-2] [MQTT-3.4.2-3] [MQTT-3.5.2-2]
  // [MQTT-3.5.2-3] [MQTT-3.6.2-2] [MQTT-3.6.2-3] [MQTT-3.7.2-2] [MQTT-3.7.2-3] [MQTT-3.9.2-1]
  // [MQTT-3.9.2-2] [MQTT-3.11.2-1] [MQTT-3.11.2-2] [MQTT-3.14.2-3] [MQTT-3.14.2-4] [MQTT-3.15.2-2]
  // [MQTT-3.15.2-3]
  if (size > maximum_packet_size_) {
    return false;
  }
  const MutableBytes room = worker_.context().arena.take(size);
  const auto written = mqtt::encode(packet, version_, room);
  PEAL_ASSERT(written && *written == size);
  send(room);
  return true;
}

}  // namespace peal::broker
