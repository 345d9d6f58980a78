#include "support/any_packet.hpp"
#include "support/hex.hpp"

namespace peal::mqtt::test {
namespace {

using peal::test::to_hex;

template <typename... Part>
std::string join(const Part&... parts) {
  std::string text;
  ((text += parts), ...);
  return text;
}

std::string quoted(std::string_view text) { return join("\"", text, "\""); }

std::string number(std::uint64_t value) { return std::to_string(value); }

std::string qos_of(QoS qos) { return join(" qos=", number(static_cast<unsigned>(qos))); }

std::string id_of(PacketId packet_id) {
  return join(" packet_id=", number(static_cast<unsigned>(packet_id)));
}

std::string payload_of(Bytes payload) {
  return payload.empty() ? std::string() : join(" payload=", to_hex(payload));
}

std::string property_value(const Property& property) {
  switch (property.type) {
    case PropertyType::text:
      return quoted(property.text);
    case PropertyType::binary:
      return to_hex(as_bytes(property.text));
    case PropertyType::pair:
      return join(quoted(property.text), "=", quoted(property.value));
    default:
      return number(property.number);
  }
}

/// " [Name=value, ...]", nothing when there are none.
std::string properties_of(const PropertiesView& properties) {
  std::string text;
  for (const Property& property : properties) {
    text += text.empty() ? " [" : ", ";
    text += join(property_name(property.id), "=", property_value(property));
  }
  return text.empty() ? text : text + "]";
}

std::string_view version_name(ProtocolVersion version) {
  return version == ProtocolVersion::v5     ? "5.0"
         : version == ProtocolVersion::v3_1 ? "3.1"
                                            : "3.1.1";
}

std::string describe_one(const Will& will) {
  return join("will{topic=", quoted(will.topic.text()), qos_of(will.qos),
              will.retain ? " retain" : "", payload_of(will.payload),
              properties_of(will.properties), "}");
}

std::string describe_one(const Connect& packet) {
  std::string text = join("CONNECT ", version_name(packet.version));
  text += packet.is_bridge ? " bridge" : "";
  text += packet.clean_start ? " clean_start" : "";
  if (packet.keep_alive_seconds != 0) {
    text += join(" keep_alive=", number(packet.keep_alive_seconds));
  }
  text += join(" client_id=", quoted(packet.client_id), properties_of(packet.properties));
  text += packet.will ? join(" ", describe_one(*packet.will)) : "";
  text += packet.user_name ? join(" user_name=", quoted(*packet.user_name)) : "";
  text += packet.password ? join(" password=", to_hex(*packet.password)) : "";
  return text;
}

std::string describe_one(const Connack& packet) {
  return join("CONNACK ", packet.session_present ? "session_present " : "",
              reason_slug(packet.reason), properties_of(packet.properties));
}

std::string describe_one(const Publish& packet) {
  return join("PUBLISH topic=", quoted(packet.topic.text()), qos_of(packet.qos),
              packet.dup ? " dup" : "", packet.retain ? " retain" : "",
              packet.qos == QoS::at_most_once ? "" : id_of(packet.packet_id),
              properties_of(packet.properties), payload_of(packet.payload));
}

std::string describe_one(const Ack& packet) {
  return join(packet_name(packet.type), id_of(packet.packet_id), " ", reason_slug(packet.reason),
              properties_of(packet.properties));
}

std::string describe_one(const SubscribeEntry& entry) {
  const auto retain_handling = static_cast<unsigned>(entry.options.retain_handling);
  return join(quoted(entry.filter_text), qos_of(entry.options.qos),
              entry.options.no_local ? " no_local" : "",
              entry.options.retain_as_published ? " retain_as_published" : "",
              retain_handling == 0 ? "" : join(" retain_handling=", number(retain_handling)));
}

std::string describe_one(const Subscribe& packet) {
  std::string text = join("SUBSCRIBE", id_of(packet.packet_id), properties_of(packet.properties));
  std::string_view separator = " ";
  for (const SubscribeEntry& entry : packet.entries) {
    text += join(separator, describe_one(entry));
    separator = ", ";
  }
  return text;
}

std::string describe_one(const Unsubscribe& packet) {
  std::string text = join("UNSUBSCRIBE", id_of(packet.packet_id), properties_of(packet.properties));
  std::string_view separator = " ";
  for (const std::string_view filter_text : packet.filters) {
    text += join(separator, quoted(filter_text));
    separator = ", ";
  }
  return text;
}

std::string describe_one(const Suback& packet) {
  std::string text =
      join(packet_name(packet.type), id_of(packet.packet_id), properties_of(packet.properties));
  for (const std::uint8_t& code : packet.reason_codes) {
    text += join(" ", to_hex(Bytes(&code, 1)));
  }
  return text;
}

std::string describe_one(const Disconnect& packet) {
  return join("DISCONNECT ", reason_slug(packet.reason), properties_of(packet.properties));
}

std::string describe_one(const Auth& packet) {
  return join("AUTH ", reason_slug(packet.reason), properties_of(packet.properties));
}

std::string describe_one(PacketType type) { return std::string(packet_name(type)); }

}  // namespace

std::string describe(const AnyPacket& packet) {
  return std::visit([](const auto& one) { return describe_one(one); }, packet);
}

}  // namespace peal::mqtt::test
