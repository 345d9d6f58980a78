#include "peal/mqtt/topic_filter.hpp"

#include <algorithm>

#include "peal/mqtt/utf8.hpp"

namespace peal::mqtt {
namespace {

constexpr std::string_view share_prefix = "$share/";

/// Each wildcard fills its level, and '#' is the last one.
bool are_wildcards_in_place(std::string_view filter) {
  std::size_t at = filter.find_first_of("+#");
  while (at != std::string_view::npos) {
    const bool begins_level = at == 0 || filter[at - 1] == '/';
    const bool is_last = at + 1 == filter.size();
    const bool ends_level = is_last || (filter[at] == '+' && filter[at + 1] == '/');
    // [MQTT-4.7.1-1] [MQTT-4.7.1-2] [MQTT3-4.7.1-2] [MQTT3-4.7.1-3]
    if (!begins_level || !ends_level) {
      return false;
    }
    at = filter.find_first_of("+#", at + 1);
  }
  return true;
}

/// Where the filter begins behind "$share/NAME/"; 0 when either is not as it must be.
std::size_t shared_filter_at(std::string_view text) {
  const std::size_t slash = text.find('/', share_prefix.size());
  if (slash == std::string_view::npos || slash == share_prefix.size() ||
      slash + 1 == text.size()) {  // [MQTT-4.8.2-1] [MQTT-4.8.2-2]
    return 0;
  }
  const std::string_view name = text.substr(share_prefix.size(), slash - share_prefix.size());
  return name.find_first_of("+#") == std::string_view::npos ? slash + 1 : 0;  // [MQTT-4.8.2-2]
}

}  // namespace

Result<TopicFilter> TopicFilter::parse(std::string_view text) {
  const TextScan scan = scan_text(text);
  if (!scan.is_well_formed) {
    // [MQTT-1.5.4-1] [MQTT-4.7.3-2] [MQTT3-1.5.3-1] [MQTT3-4.7.3-2]
    return std::unexpected(ReasonCode::malformed_packet);
  }
  // [MQTT-4.7.3-1] [MQTT-4.7.3-3] [MQTT3-4.7.3-1] [MQTT3-4.7.3-3]
  if (text.empty() || text.size() > 0xFFFF) {
    return std::unexpected(ReasonCode::topic_filter_invalid);
  }
  TopicFilter filter;
  filter.text_ = text;
  filter.has_wildcard_ = scan.has_wildcard;
  if (text.starts_with(share_prefix)) {
    filter.filter_at_ = static_cast<std::uint32_t>(shared_filter_at(text));
    if (filter.filter_at_ == 0) {
      return std::unexpected(ReasonCode::topic_filter_invalid);
    }
  }
  if (scan.has_wildcard && !are_wildcards_in_place(filter.filter())) {
    return std::unexpected(ReasonCode::topic_filter_invalid);
  }
  return filter;
}

bool matches(const TopicFilter& filter, TopicName topic) {
  const std::string_view pattern = filter.filter();
  const std::string_view text = topic.text();
  if (!filter.has_wildcard()) {
    return pattern == text;
  }
  // [MQTT-4.7.2-1] [MQTT3-4.7.2-1]
  if (topic.is_dollar() && (pattern.front() == '+' || pattern.front() == '#')) {
    return false;
  }
  // A filter was checked and a topic has no wildcards, so equal characters always belong together.
  std::size_t at = 0;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (at < text.size() && pattern[i] == text[at]) {
      ++at;
    } else if (pattern[i] == '+') {
      at = std::min(text.find('/', at), text.size());
    } else {
      // '#' takes the rest; "/#" also takes the parent level itself.
      return pattern[i] == '#' || (at == text.size() && pattern.substr(i) == "/#");
    }
  }
  return at == text.size();
}

}  // namespace peal::mqtt
