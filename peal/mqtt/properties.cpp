#include "peal/mqtt/properties.hpp"

#include <array>

#include "peal/base/assert.hpp"
#include "peal/mqtt/reader.hpp"
#include "peal/mqtt/writer.hpp"

namespace peal::mqtt {
namespace {

using Places = std::uint32_t;

template <typename... Place>
constexpr Places in(Place... place) {
  return (... | (Places{1} << static_cast<unsigned>(place)));
}

struct Row {
  PropertyId id;
  PropertyType type;
  std::string_view name;
  Places places;          // which packets may carry it
  Places repeatable = 0;  // in which of them more than once
  std::uint32_t minimum = 0;
  std::uint32_t maximum = 0xFFFFFFFF;
};

using enum PropertyPlace;
using Id = PropertyId;
using Type = PropertyType;

constexpr Places message = in(publish, will);
constexpr Places connecting = in(connect, connack);
constexpr Places everywhere = in(connect, connack, publish, puback, pubrec, pubrel, pubcomp,
                                 subscribe, suback, unsubscribe, unsuback, disconnect, auth, will);
constexpr Places answers =
    in(connack, puback, pubrec, pubrel, pubcomp, suback, unsuback, disconnect, auth);

// MQTT 5 §2.2.2.2, table 2-4.
constexpr std::array rows = {
    Row{Id::payload_format_indicator, Type::byte, "Payload Format Indicator", message, 0, 0, 1},
    Row{Id::message_expiry_interval, Type::four_byte, "Message Expiry Interval", message},
    Row{Id::content_type, Type::text, "Content Type", message},
    Row{Id::response_topic, Type::text, "Response Topic", message},
    Row{Id::correlation_data, Type::binary, "Correlation Data", message},
    Row{Id::subscription_identifier, Type::varint, "Subscription Identifier",
        in(publish, subscribe), in(publish), 1},
    Row{Id::session_expiry_interval, Type::four_byte, "Session Expiry Interval",
        connecting | in(disconnect)},
    Row{Id::assigned_client_identifier, Type::text, "Assigned Client Identifier", in(connack)},
    Row{Id::server_keep_alive, Type::two_byte, "Server Keep Alive", in(connack)},
    Row{Id::authentication_method, Type::text, "Authentication Method", connecting | in(auth)},
    Row{Id::authentication_data, Type::binary, "Authentication Data", connecting | in(auth)},
    Row{Id::request_problem_information, Type::byte, "Request Problem Information", in(connect), 0,
        0, 1},
    Row{Id::will_delay_interval, Type::four_byte, "Will Delay Interval", in(will)},
    Row{Id::request_response_information, Type::byte, "Request Response Information", in(connect),
        0, 0, 1},
    Row{Id::response_information, Type::text, "Response Information", in(connack)},
    Row{Id::server_reference, Type::text, "Server Reference", in(connack, disconnect)},
    Row{Id::reason_string, Type::text, "Reason String", answers},
    Row{Id::receive_maximum, Type::two_byte, "Receive Maximum", connecting, 0, 1},
    Row{Id::topic_alias_maximum, Type::two_byte, "Topic Alias Maximum", connecting},
    Row{Id::topic_alias, Type::two_byte, "Topic Alias", in(publish), 0, 1},
    Row{Id::maximum_qos, Type::byte, "Maximum QoS", in(connack), 0, 0, 1},
    Row{Id::retain_available, Type::byte, "Retain Available", in(connack), 0, 0, 1},
    Row{Id::user_property, Type::pair, "User Property", everywhere, everywhere},
    Row{Id::maximum_packet_size, Type::four_byte, "Maximum Packet Size", connecting, 0, 1},
    Row{Id::wildcard_subscription_available, Type::byte, "Wildcard Subscription Available",
        in(connack), 0, 0, 1},
    Row{Id::subscription_identifier_available, Type::byte, "Subscription Identifier Available",
        in(connack), 0, 0, 1},
    Row{Id::shared_subscription_available, Type::byte, "Shared Subscription Available", in(connack),
        0, 0, 1},
};

constexpr std::uint8_t no_row = 0xFF;
constexpr std::size_t id_limit = 64;

constexpr std::array<std::uint8_t, id_limit> row_of_id = [] {
  std::array<std::uint8_t, id_limit> index{};
  index.fill(no_row);
  for (std::uint8_t i = 0; i < rows.size(); ++i) {
    index[static_cast<std::size_t>(rows[i].id)] = i;
  }
  return index;
}();

const Row* find_row(std::uint32_t id) {
  return id < id_limit && row_of_id[id] != no_row ? &rows[row_of_id[id]] : nullptr;
}

const Row& row_of(PropertyId id) {
  const Row* row = find_row(static_cast<std::uint32_t>(id));
  PEAL_ASSERT(row != nullptr);
  return *row;
}

void read_value(Reader& reader, Property& property) {
  switch (property.type) {
    case Type::byte:
      property.number = reader.byte();
      return;
    case Type::two_byte:
      property.number = reader.two_bytes();
      return;
    case Type::four_byte:
      property.number = reader.four_bytes();
      return;
    case Type::varint:
      property.number = reader.varint();
      return;
    case Type::text:
    case Type::binary:
      property.text = reader.unchecked_text();
      return;
    case Type::pair:
      property.text = reader.unchecked_text();
      property.value = reader.unchecked_text();
      return;
  }
}

/// Identifier and value, the shape alone; `row` is null when the identifier is unknown.
Property read_property(Reader& reader, const Row*& row) {
  Property property;
  row = find_row(reader.varint());
  reader.require(row != nullptr);
  if (row != nullptr && reader.ok()) {
    property.id = row->id;
    property.type = row->type;
    read_value(reader, property);
  }
  return property;
}

ReasonCode check_value(const Property& property, const Row& row) {
  switch (property.type) {
    case Type::text: {
      const TextScan scan = scan_text(property.text);
      if (!scan.is_well_formed) {
        return ReasonCode::malformed_packet;  // [MQTT-3.3.2-13] [MQTT-3.3.2-19]
      }
      // [MQTT-3.3.2-14]
      const bool is_filter = property.id == Id::response_topic && scan.has_wildcard;
      return is_filter ? ReasonCode::protocol_error : ReasonCode::success;
    }
    case Type::pair:  // [MQTT-1.5.7-1]
      return is_utf8(property.text) && is_utf8(property.value) ? ReasonCode::success
                                                               : ReasonCode::malformed_packet;
    case Type::binary:
      return ReasonCode::success;
    default:
      if (property.number >= row.minimum && property.number <= row.maximum) {
        return ReasonCode::success;
      }
      // [MQTT-3.3.2-8]
      return property.id == Id::topic_alias ? ReasonCode::topic_alias_invalid
                                            : ReasonCode::protocol_error;
  }
}

}  // namespace

std::string_view property_name(PropertyId id) { return row_of(id).name; }

PropertyType property_type(PropertyId id) { return row_of(id).type; }

Result<PropertiesView> PropertiesView::parse(Bytes raw, PropertyPlace place) {
  const Places here = in(place);
  std::uint64_t seen = 0;
  Reader reader(raw);
  while (reader.ok() && reader.left() > 0) {
    const Row* row = nullptr;
    const Property property = read_property(reader, row);
    if (!reader.ok()) {
      break;
    }
    const std::uint64_t bit = std::uint64_t{1} << static_cast<unsigned>(row->id);
    reader.require((row->places & here) != 0);
    reader.require((seen & bit) == 0 || (row->repeatable & here) != 0, ReasonCode::protocol_error);
    if (const ReasonCode code = check_value(property, *row); code != ReasonCode::success) {
      reader.fail(code);
    }
    seen |= bit;
  }
  const auto has = [&](Id id) { return (seen >> static_cast<unsigned>(id) & 1) != 0; };
  reader.require(!has(Id::authentication_data) || has(Id::authentication_method),
                 ReasonCode::protocol_error);
  return reader.finish(trusted(raw));
}

PropertiesView PropertiesView::trusted(Bytes raw) {
  PropertiesView view;
  view.raw_ = raw;
  return view;
}

std::optional<Property> PropertiesView::find(PropertyId id) const {
  for (const Property& property : *this) {
    if (property.id == id) {
      return property;
    }
  }
  return std::nullopt;
}

std::optional<std::uint32_t> PropertiesView::number(PropertyId id) const {
  const std::optional<Property> property = find(id);
  return property ? std::optional(property->number) : std::nullopt;
}

std::optional<std::string_view> PropertiesView::text(PropertyId id) const {
  const std::optional<Property> property = find(id);
  return property ? std::optional(property->text) : std::nullopt;
}

PropertiesView::Iterator::Iterator(Bytes rest) : rest_(rest) { read(); }

PropertiesView::Iterator& PropertiesView::Iterator::operator++() {
  rest_ = rest_.subspan(current_.raw.size());
  read();
  return *this;
}

void PropertiesView::Iterator::read() {
  if (rest_.empty()) {
    return;
  }
  Reader reader(rest_);
  const Row* row = nullptr;
  current_ = read_property(reader, row);
  if (!reader.ok()) {  // trusted and wrong, as a damaged disk may have it: the walk ends here
    rest_ = {};
    return;
  }
  current_.raw = rest_.first(rest_.size() - reader.left());
}

PropertiesBuilder& PropertiesBuilder::number(PropertyId id, std::uint32_t value) {
  const Type type = row_of(id).type;
  const std::size_t size = type == Type::byte       ? 1
                           : type == Type::two_byte ? 2
                           : type == Type::varint   ? varint_size(value)
                                                    : 4;
  if (std::uint8_t* at = room(1 + size)) {
    Writer writer(at);
    writer.byte(static_cast<unsigned>(id));
    switch (type) {
      case Type::byte:
        writer.byte(value);
        break;
      case Type::two_byte:
        writer.two_bytes(value);
        break;
      case Type::varint:
        writer.varint(value);
        break;
      default:
        writer.four_bytes(value);
        break;
    }
  }
  return *this;
}

PropertiesBuilder& PropertiesBuilder::text(PropertyId id, std::string_view value) {
  ok_ &= value.size() <= 0xFFFF;
  if (std::uint8_t* at = room(3 + value.size())) {
    Writer writer(at);
    writer.byte(static_cast<unsigned>(id));
    writer.text(value);
  }
  return *this;
}

PropertiesBuilder& PropertiesBuilder::pair(PropertyId id, std::string_view name,
                                           std::string_view value) {
  ok_ &= name.size() <= 0xFFFF && value.size() <= 0xFFFF;
  if (std::uint8_t* at = room(5 + name.size() + value.size())) {
    Writer writer(at);
    writer.byte(static_cast<unsigned>(id));
    writer.text(name);
    writer.text(value);
  }
  return *this;
}

PropertiesBuilder& PropertiesBuilder::raw(Bytes properties) {
  if (std::uint8_t* at = room(properties.size())) {
    Writer(at).raw(properties);
  }
  return *this;
}

std::uint8_t* PropertiesBuilder::room(std::size_t size) {
  ok_ &= size <= out_.size() - used_;
  if (!ok_) {
    return nullptr;
  }
  std::uint8_t* const at = out_.data() + used_;
  used_ += size;
  return at;
}

}  // namespace peal::mqtt
