#include "peal/cli/message_json.hpp"

#include <array>
#include <cstdio>

#include "peal/cli/json_text.hpp"
#include "peal/cli/json_writer.hpp"
#include "peal/cli/property_list.hpp"

namespace peal::cli {
namespace {

std::string timestamp(PrintTime time) {
  std::tm local{};
  localtime_r(&time.seconds, &local);
  std::array<char, 40> day{};
  std::array<char, 16> zone{};
  std::strftime(day.data(), day.size(), "%Y-%m-%dT%H:%M:%S", &local);
  std::strftime(zone.data(), zone.size(), "%z", &local);
  std::array<char, 80> text{};
  std::snprintf(text.data(), text.size(), "%s.%06ldZ%s", day.data(), time.nanoseconds / 1000,
                zone.data());
  return text.data();
}

void write_properties(JsonWriter& json, const mqtt::PropertiesView& properties) {
  json.key("properties");
  json.begin_object();
  bool has_user_properties = false;
  for (const mqtt::Property& property : properties) {
    if (property.id == mqtt::PropertyId::user_property) {
      // All of them stand where the first one does.
      if (!has_user_properties) {
        has_user_properties = true;
        json.key("user-properties");
        json.begin_object();
        for (const mqtt::Property& pair : properties) {
          if (pair.id == mqtt::PropertyId::user_property) {
            json.key(pair.text);
            json.string(pair.value);
          }
        }
        json.end_object();
      }
      continue;
    }
    json.key(option_name(property.id));
    if (property.type == mqtt::PropertyType::text || property.type == mqtt::PropertyType::binary) {
      json.string(property.text);
    } else {
      json.number(property.number);
    }
  }
  json.end_object();
}

void write_head(JsonWriter& json, const mqtt::Publish& message, PrintTime time) {
  json.begin_object();
  json.key("tst");
  json.string(timestamp(time));
  json.key("topic");
  json.string(message.topic.text());
  json.key("qos");
  json.number(static_cast<double>(message.qos));
  json.key("retain");
  json.number(message.retain ? 1 : 0);
  json.key("payloadlen");
  json.number(static_cast<double>(message.payload.size()));
  if (message.qos != mqtt::QoS::at_most_once) {
    json.key("mid");
    json.number(static_cast<double>(message.packet_id));
  }
  if (!message.properties.empty()) {
    write_properties(json, message.properties);
  }
  json.key("payload");
}

}  // namespace

std::string message_as_json(const mqtt::Publish& message, PrintTime time, bool pretty) {
  JsonWriter json(pretty);
  write_head(json, message, time);
  if (message.payload.empty()) {
    json.word("null");
  } else {
    json.string(as_text(message.payload));
  }
  json.end_object();
  return json.text();
}

std::optional<std::string> message_with_json_payload(const mqtt::Publish& message, PrintTime time,
                                                     bool pretty) {
  JsonWriter json(pretty);
  write_head(json, message, time);
  if (message.payload.empty()) {
    json.word("null");
  } else if (!copy_json(as_text(message.payload), json)) {
    return std::nullopt;
  }
  json.end_object();
  return json.text();
}

}  // namespace peal::cli
