#include "peal/cli/property_list.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "peal/cli/options.hpp"

namespace peal::cli {
namespace {

using mqtt::PropertyId;
using mqtt::PropertyPlace;
using mqtt::PropertyType;

constexpr std::array all_properties{
    PropertyId::payload_format_indicator,
    PropertyId::message_expiry_interval,
    PropertyId::content_type,
    PropertyId::response_topic,
    PropertyId::correlation_data,
    PropertyId::subscription_identifier,
    PropertyId::session_expiry_interval,
    PropertyId::assigned_client_identifier,
    PropertyId::server_keep_alive,
    PropertyId::authentication_method,
    PropertyId::authentication_data,
    PropertyId::request_problem_information,
    PropertyId::will_delay_interval,
    PropertyId::request_response_information,
    PropertyId::response_information,
    PropertyId::server_reference,
    PropertyId::reason_string,
    PropertyId::receive_maximum,
    PropertyId::topic_alias_maximum,
    PropertyId::topic_alias,
    PropertyId::maximum_qos,
    PropertyId::retain_available,
    PropertyId::user_property,
    PropertyId::maximum_packet_size,
    PropertyId::wildcard_subscription_available,
    PropertyId::subscription_identifier_available,
    PropertyId::shared_subscription_available,
};

/// What -D may put into which packet. A Subscription Identifier stands in PUBLISH only when the
/// server sends it.
struct Row {
  std::string_view command;
  PropertyList PropertyLists::* list;
  PropertyPlace place;
  std::string_view title;
  std::span<const PropertyId> allowed;
};

constexpr std::array connect_properties{PropertyId::authentication_data,
                                        PropertyId::authentication_method,
                                        PropertyId::maximum_packet_size,
                                        PropertyId::receive_maximum,
                                        PropertyId::request_problem_information,
                                        PropertyId::request_response_information,
                                        PropertyId::session_expiry_interval,
                                        PropertyId::topic_alias_maximum,
                                        PropertyId::user_property};
constexpr std::array publish_properties{
    PropertyId::content_type,   PropertyId::correlation_data,
    PropertyId::response_topic, PropertyId::message_expiry_interval,
    PropertyId::topic_alias,    PropertyId::payload_format_indicator,
    PropertyId::user_property};
constexpr std::array subscribe_properties{PropertyId::subscription_identifier,
                                          PropertyId::user_property};
constexpr std::array unsubscribe_properties{PropertyId::user_property};
constexpr std::array disconnect_properties{PropertyId::session_expiry_interval,
                                           PropertyId::user_property};
constexpr std::array will_properties{
    PropertyId::content_type,        PropertyId::correlation_data,
    PropertyId::response_topic,      PropertyId::message_expiry_interval,
    PropertyId::will_delay_interval, PropertyId::payload_format_indicator,
    PropertyId::user_property};

constexpr std::array commands{
    Row{"connect", &PropertyLists::connect, PropertyPlace::connect, "CONNECT", connect_properties},
    Row{"publish", &PropertyLists::publish, PropertyPlace::publish, "PUBLISH", publish_properties},
    Row{"subscribe", &PropertyLists::subscribe, PropertyPlace::subscribe, "SUBSCRIBE",
        subscribe_properties},
    Row{"unsubscribe", &PropertyLists::unsubscribe, PropertyPlace::unsubscribe, "UNSUBSCRIBE",
        unsubscribe_properties},
    Row{"disconnect", &PropertyLists::disconnect, PropertyPlace::disconnect, "DISCONNECT",
        disconnect_properties},
    Row{"will", &PropertyLists::will, PropertyPlace::will, "Will", will_properties},
};

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return result;
}

const Row& row_of_command(const std::string& word) {
  const std::string command = lower(word);
  for (const Row& row : commands) {
    if (row.command == command) {
      return row;
    }
  }
  throw OptionError("Error: Invalid command given in --property argument: '" + word +
                    "'. Commands are connect, publish, subscribe, unsubscribe, disconnect, will.");
}

std::uint32_t number_limit(PropertyType type) {
  switch (type) {
    case PropertyType::byte:
      return 0xFF;
    case PropertyType::two_byte:
      return 0xFFFF;
    case PropertyType::varint:
      return 268'435'455;
    default:
      return 0xFFFF'FFFF;
  }
}

std::uint32_t parse_number(PropertyId id, const std::string& word) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc{} || end != word.data() + word.size() ||
      value > number_limit(property_type(id))) {
    throw OptionError("Error: Property value (" + word + ") out of range for property " +
                      option_name(id) + ".");
  }
  return static_cast<std::uint32_t>(value);
}

}  // namespace

void PropertyList::append(std::size_t size_limit, const auto& write) {
  const std::size_t before = raw_.size();
  raw_.resize(before + size_limit);
  mqtt::PropertiesBuilder builder(MutableBytes(raw_).subspan(before));
  write(builder);
  raw_.resize(before + (builder.ok() ? builder.size() : 0));
}

void PropertyList::add_number(PropertyId id, std::uint32_t value) {
  append(8, [&](mqtt::PropertiesBuilder& builder) { builder.number(id, value); });
}

void PropertyList::add_text(PropertyId id, std::string_view value) {
  append(value.size() + 8, [&](mqtt::PropertiesBuilder& builder) { builder.text(id, value); });
}

void PropertyList::add_pair(PropertyId id, std::string_view name, std::string_view value) {
  append(name.size() + value.size() + 8,
         [&](mqtt::PropertiesBuilder& builder) { builder.pair(id, name, value); });
}

std::optional<mqtt::ReasonCode> PropertyList::objection(PropertyPlace place) const {
  const auto checked = mqtt::PropertiesView::parse(Bytes(raw_), place);
  if (checked.has_value()) {
    return std::nullopt;
  }
  return checked.error();
}

std::string option_name(PropertyId id) {
  std::string name = lower(property_name(id));
  std::ranges::replace(name, ' ', '-');
  return name;
}

std::optional<PropertyId> property_of_option_name(std::string_view name) {
  for (const PropertyId id : all_properties) {
    if (option_name(id) == name) {
      return id;
    }
  }
  return std::nullopt;
}

void add_property_words(PropertyLists& lists, std::span<const std::string> words) {
  if (words.size() < 3) {
    throw OptionError("Error: --property argument given but not enough arguments specified.");
  }
  const Row& row = row_of_command(words[0]);
  const auto id = property_of_option_name(words[1]);
  if (!id.has_value()) {
    throw OptionError("Error: Invalid property name given in --property argument: '" + words[1] +
                      "'.");
  }
  if (std::ranges::find(row.allowed, *id) == row.allowed.end()) {
    throw OptionError("Error: " + words[1] + " property not allowed for " + words[0] +
                      " in --property argument.");
  }
  PropertyList& list = lists.*row.list;
  switch (property_type(*id)) {
    case PropertyType::pair:
      if (words.size() < 4) {
        throw OptionError("Error: --property argument given but not enough arguments specified.");
      }
      list.add_pair(*id, words[2], words[3]);
      break;
    case PropertyType::text:
    case PropertyType::binary:
      list.add_text(*id, words[2]);
      break;
    default:
      list.add_number(*id, parse_number(*id, words[2]));
      break;
  }
}

void check_properties(const PropertyLists& lists) {
  for (const Row& row : commands) {
    if (const auto code = (lists.*row.list).objection(row.place)) {
      throw OptionError("Error in " + std::string(row.title) +
                        " properties: " + std::string(reason_name(*code)) +
                        " (a property given twice, or a value the standard does not allow).");
    }
  }
}

}  // namespace peal::cli
