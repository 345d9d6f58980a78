// Reads a run of properties with its length in front, as it stands in a packet of MQTT 5.
#pragma once

#include "peal/mqtt/properties.hpp"
#include "peal/mqtt/protocol_version.hpp"
#include "peal/mqtt/reader.hpp"

namespace peal::mqtt {

/// Nothing is read, and nothing given, in versions before 5.
inline PropertiesView read_properties(Reader& reader, PropertyPlace place,
                                      ProtocolVersion version) {
  if (version != ProtocolVersion::v5) {
    return {};
  }
  const Bytes raw = reader.take(reader.varint());  // [MQTT-2.2.2-1]
  if (raw.empty()) {
    return {};
  }
  const Result<PropertiesView> properties = PropertiesView::parse(raw, place);
  if (!properties) {
    reader.fail(properties.error());
    return {};
  }
  return *properties;
}

/// Where the properties of a packet of `type` stand.
[[nodiscard]] constexpr PropertyPlace place_of(PacketType type) {
  return static_cast<PropertyPlace>(type);
}

}  // namespace peal::mqtt
