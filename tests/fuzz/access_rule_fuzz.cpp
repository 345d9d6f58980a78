// A rule's pattern against the naive matcher. Line breaks part pattern, user, Client Identifier,
// filter and topic.
#include <algorithm>
#include <array>
#include <string>

#include "support/naive_match.hpp"

#include "peal/auth/access_rule.hpp"
#include "peal/base/assert.hpp"
#include "peal/mqtt/utf8.hpp"

namespace {

using namespace peal;
using auth::Effect;
using auth::TopicPattern;

bool is_odd(const std::string& name) {
  return name.empty() || name.front() == '$' || name.find_first_of("+#/") != std::string::npos ||
         name.contains('\0');
}

struct Names {
  std::string user;
  std::string client_id;
};

/// The pattern as a filter: names put in; for a deny rule, '+' in place of a level with an odd one.
/// Nothing: no topic is meant.
std::string as_filter(const std::string& pattern, const Names& names, Effect effect) {
  std::string filter;
  std::string level;
  bool is_any = false;
  for (std::size_t at = 0; at <= pattern.size(); ++at) {
    if (at == pattern.size() || pattern[at] == '/') {
      filter += (is_any ? "+" : level) + (at == pattern.size() ? "" : "/");
      level.clear();
      is_any = false;
    } else if (pattern[at] == '%' && at + 1 < pattern.size() &&
               (pattern[at + 1] == 'u' || pattern[at + 1] == 'c')) {
      const std::string& name = pattern[++at] == 'u' ? names.user : names.client_id;
      if (is_odd(name) && effect == Effect::allow) {
        return {};
      }
      is_any = is_any || is_odd(name);
      level += name;
    } else {
      level += pattern[at];
    }
  }
  return filter;
}

/// As naive_match; but what begins with '$' is kept apart by the pattern's text, in which a name is
/// no wildcard.
bool expected_match(const std::string& pattern, const std::string& filter,
                    const std::string& topic) {
  if (filter.empty()) {
    return false;
  }
  const bool is_kept_apart =
      topic.starts_with('$') &&
      (pattern == "#" || pattern == "+" || pattern.starts_with("#/") || pattern.starts_with("+/"));
  // In front of both stands a level that is the same: the rule about '$' is then out of play.
  return !is_kept_apart && mqtt::test::naive_match("x/" + filter, "x/" + topic);
}

void check(const std::array<std::string, 5>& fields) {
  const auto& [text, user, client_id, filter_text, topic_text] = fields;
  const auto pattern = TopicPattern::parse(text);
  const auto topic = mqtt::TopicName::parse(topic_text);
  const auto filter = mqtt::TopicFilter::parse(filter_text);
  if (!pattern || !topic || !mqtt::is_utf8(user) || !mqtt::is_utf8(client_id)) {
    return;
  }
  for (const Effect effect : {Effect::allow, Effect::deny}) {
    const TopicPattern::Asking asking{.client = {client_id, user}, .effect = effect};
    const bool is_match = pattern->matches(asking, *topic);
    PEAL_ASSERT(is_match ==
                expected_match(text, as_filter(text, {user, client_id}, effect), topic_text));
    if (!filter) {
      continue;
    }
    const bool is_covered = pattern->covers(asking, *filter);
    const bool is_touched = pattern->overlaps(asking, *filter);
    PEAL_ASSERT(is_touched || !is_covered);
    if (mqtt::matches(*filter, *topic)) {
      PEAL_ASSERT(is_match || !is_covered);
      PEAL_ASSERT(is_touched || !is_match);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  std::array<std::string, 5> fields;
  std::size_t at = 0;
  for (std::string& field : fields) {
    const std::size_t end = std::min(text.find('\n', std::min(at, size)), size);
    field = text.substr(std::min(at, size), end - std::min(at, size));
    at = end + 1;
  }
  check(fields);
  return 0;
}
