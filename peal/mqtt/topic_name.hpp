// A Topic Name: what a message is published to. Never has wildcards; a TopicFilter may. (MQTT 5
// §4.7)
#pragma once

#include <string_view>

#include "peal/mqtt/reason_code.hpp"

namespace peal::mqtt {

/// A view of a Topic Name that was checked once: well-formed UTF-8 without U+0000, no '+' or '#', 1
/// to 65535 bytes. The default one is empty and stands for "none" (a PUBLISH that names its topic
/// by alias alone).
class TopicName {
 public:
  TopicName() = default;

  /// errors   topic_name_invalid: empty, too long, has a wildcard [MQTT-4.7.0-1] [MQTT-4.7.3-1]
  /// [MQTT-4.7.3-3].
  ///          malformed_packet: not UTF-8, or U+0000 [MQTT-1.5.4-1] [MQTT-4.7.3-2].
  [[nodiscard]] static Result<TopicName> parse(std::string_view text);
  /// Text that was checked before: of a stored message, a literal.
  [[nodiscard]] static constexpr TopicName trusted(std::string_view text) {
    return TopicName(text);
  }

  [[nodiscard]] constexpr std::string_view text() const { return text_; }
  [[nodiscard]] constexpr bool empty() const { return text_.empty(); }
  /// Begins with '$': never matched by a filter that begins with a wildcard [MQTT-4.7.2-1].
  [[nodiscard]] constexpr bool is_dollar() const { return !text_.empty() && text_.front() == '$'; }

  friend bool operator==(TopicName, TopicName) = default;

 private:
  constexpr explicit TopicName(std::string_view text) : text_(text) {}
  std::string_view text_;
};

/// Cuts `rest` after its first level: "a/b/c" gives "a" and leaves "b/c". Once the last level is
/// given, `rest` has a null data(); an empty level ("a//b", "a/") is a level as any other.
[[nodiscard]] inline std::string_view take_level(std::string_view& rest) {
  const std::size_t slash = rest.find('/');
  const std::string_view level = rest.substr(0, slash);
  rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
  return level;
}

/// How many levels a topic or filter has: 1 + the number of '/'.
[[nodiscard]] std::size_t count_levels(std::string_view text);

}  // namespace peal::mqtt
