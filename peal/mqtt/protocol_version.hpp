// Which MQTT a connection speaks. The numbers are the Protocol Level of CONNECT.
#pragma once

#include <cstdint>

namespace peal::mqtt {

enum class ProtocolVersion : std::uint8_t { v3_1 = 3, v3_1_1 = 4, v5 = 5 };

/// Quality of Service. (MQTT 5 §4.3)
enum class QoS : std::uint8_t { at_most_once = 0, at_least_once = 1, exactly_once = 2 };

}  // namespace peal::mqtt
