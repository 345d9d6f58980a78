#include "peal/mqtt/topic_name.hpp"

#include <algorithm>

#include "peal/mqtt/utf8.hpp"

namespace peal::mqtt {

Result<TopicName> TopicName::parse(std::string_view text) {
  const TextScan scan = scan_text(text);
  if (!scan.is_well_formed) {
    // [MQTT-1.5.4-1] [MQTT-4.7.3-2] [MQTT3-1.5.3-1] [MQTT3-4.7.3-2]
    return std::unexpected(ReasonCode::malformed_packet);
  }
  // [MQTT-4.7.3-1] [MQTT-4.7.3-3] [MQTT-4.7.0-1] [MQTT-3.3.2-2]
  // [MQTT3-4.7.3-1] [MQTT3-4.7.3-3] [MQTT3-4.7.1-1] [MQTT3-3.3.2-2]
  if (text.empty() || text.size() > 0xFFFF || scan.has_wildcard) {
    return std::unexpected(ReasonCode::topic_name_invalid);
  }
  return TopicName(text);
}

std::size_t count_levels(std::string_view text) {
  return 1 + static_cast<std::size_t>(std::ranges::count(text, '/'));
}

}  // namespace peal::mqtt
