// A Topic Filter: what a Session subscribes to. May have the wildcards '+' and '#', and may be
// shared. (MQTT 5 §4.7, §4.8.2)
#pragma once

#include <string_view>

#include "peal/mqtt/reason_code.hpp"
#include "peal/mqtt/topic_name.hpp"

namespace peal::mqtt {

/// A view of a Topic Filter that was checked once. Dangles when the text goes.
class TopicFilter {
 public:
  TopicFilter() = default;

  /// errors   topic_filter_invalid: empty, over 65535 bytes, '#' not last or not alone in its level
  /// [MQTT-4.7.1-1], '+' with company
  ///          in its level [MQTT-4.7.1-2], "$share/" without a name, with a wildcard in the name,
  ///          or without a filter [MQTT-4.8.2-1] [MQTT-4.8.2-2]. malformed_packet: not UTF-8, or
  ///          U+0000 [MQTT-4.7.3-2].
  [[nodiscard]] static Result<TopicFilter> parse(std::string_view text);

  /// All of it, "$share/NAME/" included.
  [[nodiscard]] std::string_view text() const { return text_; }
  /// What topics are compared with: without "$share/NAME/".
  [[nodiscard]] std::string_view filter() const { return text_.substr(filter_at_); }
  [[nodiscard]] bool is_shared() const { return filter_at_ != 0; }
  /// The ShareName, empty when it is not shared.
  [[nodiscard]] std::string_view share_name() const {
    return is_shared() ? text_.substr(7, filter_at_ - 8) : std::string_view{};
  }
  [[nodiscard]] bool has_wildcard() const { return has_wildcard_; }

  friend bool operator==(const TopicFilter& a, const TopicFilter& b) { return a.text_ == b.text_; }

 private:
  std::string_view text_;
  std::uint32_t filter_at_ = 0;
  bool has_wildcard_ = false;
};

/// Whether `topic` is matched by `filter` (its share prefix left aside), `$`-rule included
/// [MQTT-4.7.2-1]. cost   O(levels), no allocation, no recursion.      threads   pure.
[[nodiscard]] bool matches(const TopicFilter& filter, TopicName topic);

}  // namespace peal::mqtt
