// Properties of MQTT 5 (§2.2.2), as they stand in a packet.
//
// A PropertiesView is a validated run of property bytes: its walk cannot fail any more. It is three
// words, looks things up by walking (a packet has few), and dangles when the bytes go. One table
// (properties.cpp) says of each property its number, type, name, whether it may repeat and which
// packets may carry it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>

#include "peal/base/bytes.hpp"
#include "peal/mqtt/packet_type.hpp"
#include "peal/mqtt/reason_code.hpp"

namespace peal::mqtt {

enum class PropertyId : std::uint8_t {
  payload_format_indicator = 0x01,
  message_expiry_interval = 0x02,
  content_type = 0x03,
  response_topic = 0x08,
  correlation_data = 0x09,
  subscription_identifier = 0x0B,
  session_expiry_interval = 0x11,
  assigned_client_identifier = 0x12,
  server_keep_alive = 0x13,
  authentication_method = 0x15,
  authentication_data = 0x16,
  request_problem_information = 0x17,
  will_delay_interval = 0x18,
  request_response_information = 0x19,
  response_information = 0x1A,
  server_reference = 0x1C,
  reason_string = 0x1F,
  receive_maximum = 0x21,
  topic_alias_maximum = 0x22,
  topic_alias = 0x23,
  maximum_qos = 0x24,
  retain_available = 0x25,
  user_property = 0x26,
  maximum_packet_size = 0x27,
  wildcard_subscription_available = 0x28,
  subscription_identifier_available = 0x29,
  shared_subscription_available = 0x2A,
};

enum class PropertyType : std::uint8_t { byte, two_byte, four_byte, varint, text, binary, pair };

/// Where a run of properties stands; the Will Properties of CONNECT have rules of their own.
enum class PropertyPlace : std::uint8_t {
  connect = 1,
  connack,
  publish,
  puback,
  pubrec,
  pubrel,
  pubcomp,
  subscribe,
  suback,
  unsubscribe,
  unsuback,
  disconnect = 14,
  auth = 15,
  will = 16,
};

/// One property. `number` holds the integer types, `text` strings, binary data and the name of a
/// pair, `value` the second half of a pair.
struct Property {
  PropertyId id = PropertyId::payload_format_indicator;
  PropertyType type = PropertyType::byte;
  std::uint32_t number = 0;
  std::string_view text = {};
  std::string_view value = {};
  Bytes raw = {};  // identifier and value as they stand in the packet

  friend bool operator==(const Property& a, const Property& b) {
    return a.id == b.id && a.number == b.number && a.text == b.text && a.value == b.value;
  }
};

/// The standard's name: "Session Expiry Interval".
[[nodiscard]] std::string_view property_name(PropertyId id);
/// The type of a known property.
[[nodiscard]] PropertyType property_type(PropertyId id);

class PropertiesView {
 public:
  class Iterator {
   public:
    using value_type = Property;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;
    using reference = const Property&;
    using pointer = const Property*;
    Iterator() = default;
    explicit Iterator(Bytes rest);
    const Property& operator*() const { return current_; }
    const Property* operator->() const { return &current_; }
    Iterator& operator++();
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& a, const Iterator& b) {
      return a.rest_.size() == b.rest_.size();
    }

   private:
    void read();
    Bytes rest_;  // begins at the current property
    Property current_;
  };

  PropertiesView() = default;

  /// Checks `raw` (without its length prefix) as the properties of `place`.
  /// errors   malformed_packet: cut short, unknown, bad UTF-8, of another packet. protocol_error:
  /// twice, or a value
  ///          out of its range (Receive Maximum 0, Payload Format Indicator 2, Authentication Data
  ///          without Method, ...).
  /// cost     O(size), no allocation.
  [[nodiscard]] static Result<PropertiesView> parse(Bytes raw, PropertyPlace place);

  /// Takes bytes that were checked before: of a stored message, of a PropertiesBuilder.
  [[nodiscard]] static PropertiesView trusted(Bytes raw);

  [[nodiscard]] bool empty() const { return raw_.empty(); }
  [[nodiscard]] Bytes raw() const { return raw_; }
  [[nodiscard]] Iterator begin() const { return Iterator(raw_); }
  [[nodiscard]] Iterator end() const { return {}; }

  /// The first property with that identifier.    cost   O(size).
  [[nodiscard]] std::optional<Property> find(PropertyId id) const;
  /// Its value, for the integer types.
  [[nodiscard]] std::optional<std::uint32_t> number(PropertyId id) const;
  /// Its value, for strings and binary data.
  [[nodiscard]] std::optional<std::string_view> text(PropertyId id) const;

 private:
  Bytes raw_;
};

/// Writes properties one behind the other into the caller's buffer. What does not fit sticks as
/// `ok() == false`.
class PropertiesBuilder {
 public:
  explicit PropertiesBuilder(MutableBytes out) : out_(out) {}

  PropertiesBuilder& number(PropertyId id, std::uint32_t value);
  PropertiesBuilder& text(PropertyId id, std::string_view value);  // strings and binary data
  PropertiesBuilder& pair(PropertyId id, std::string_view name, std::string_view value);
  /// Bytes of whole properties, as another packet had them.
  PropertiesBuilder& raw(Bytes properties);

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::size_t size() const { return used_; }
  /// What was written; dangles with the buffer.
  [[nodiscard]] PropertiesView view() const {
    return PropertiesView::trusted(Bytes(out_.data(), used_));
  }

 private:
  std::uint8_t* room(std::size_t size);

  MutableBytes out_;
  std::size_t used_ = 0;
  bool ok_ = true;
};

}  // namespace peal::mqtt
