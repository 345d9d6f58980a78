// The MQTT 5 properties that somebody asks for with -D, as the bytes of one packet.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "peal/mqtt/properties.hpp"

namespace peal::cli {

/// A growing run of properties; owns its bytes.
class PropertyList {
 public:
  void add_number(mqtt::PropertyId id, std::uint32_t value);
  void add_text(mqtt::PropertyId id, std::string_view value);
  void add_pair(mqtt::PropertyId id, std::string_view name, std::string_view value);

  [[nodiscard]] bool empty() const { return raw_.empty(); }
  [[nodiscard]] bool has(mqtt::PropertyId id) const { return view().find(id).has_value(); }
  /// Dangles at the next `add`.
  [[nodiscard]] mqtt::PropertiesView view() const {
    return mqtt::PropertiesView::trusted(Bytes(raw_));
  }
  /// Whether a server may take these as the properties of `place`; its objection otherwise.
  [[nodiscard]] std::optional<mqtt::ReasonCode> objection(mqtt::PropertyPlace place) const;

 private:
  void append(std::size_t size_limit, const auto& write);

  std::vector<std::uint8_t> raw_;
};

/// "content-type" and so on: the standard's name in lower case, words joined by '-'.
[[nodiscard]] std::string option_name(mqtt::PropertyId id);
/// The property of that name; nothing when there is none.
[[nodiscard]] std::optional<mqtt::PropertyId> property_of_option_name(std::string_view name);

/// One list for each packet that -D knows.
struct PropertyLists {
  PropertyList connect;
  PropertyList publish;
  PropertyList subscribe;
  PropertyList unsubscribe;
  PropertyList disconnect;
  PropertyList will;
};

/// Takes the words behind -D: COMMAND IDENTIFIER VALUE, or COMMAND user-property NAME VALUE.
/// errors   throws OptionError (options.hpp): an unknown word, a property that the command does not
///          have, a value out of its range.
void add_property_words(PropertyLists& lists, std::span<const std::string> words);

/// Whether a server may take all of them. errors   throws OptionError.
void check_properties(const PropertyLists& lists);

}  // namespace peal::cli
