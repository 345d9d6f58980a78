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
