#include "support/naive_match.hpp"

#include <cstddef>
#include <vector>

namespace peal::mqtt::test {
namespace {

using Levels = std::vector<std::string>;

Levels split(const std::string& text) {
  Levels levels{""};
  for (const char character : text) {
    if (character == '/') {
      levels.emplace_back();
    } else {
      levels.back() += character;
    }
  }
  return levels;
}

bool match_from(const Levels& filter, const Levels& topic, std::size_t level) {
  if (level < filter.size() && filter[level] == "#") {
    return true;
  }
  if (level == filter.size() || level == topic.size()) {
    return filter.size() == topic.size() && level == topic.size();
  }
  const bool is_same = filter[level] == "+" || filter[level] == topic[level];
  return is_same && match_from(filter, topic, level + 1);
}

}  // namespace

bool naive_match(const std::string& filter, const std::string& topic) {
  if (topic.starts_with('$') && (filter.starts_with('+') || filter.starts_with('#'))) {
    return false;
  }
  return match_from(split(filter), split(topic), 0);
}

}  // namespace peal::mqtt::test
