// How much of its memory the process has left, as far as the broker acts on it.
//
//     enough      nothing is different
//     tight       no new sessions; queues have half their limits
//     exhausted   besides, a QoS 1 or 2 PUBLISH waits unread and unanswered, QoS 0 is dropped
#pragma once

#include <cstdint>

namespace peal::broker {

enum class MemoryLevel : std::uint8_t { enough, tight, exhausted };

}  // namespace peal::broker
