#include "peal/auth/access_rule.hpp"

#include <utility>

namespace peal::auth {

namespace {

using Asking = TopicPattern::Asking;

/// The levels of a topic, a filter or a pattern, one after the other. Never none.
class Levels {
 public:
  explicit Levels(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool is_at_end() const { return is_at_end_; }
  [[nodiscard]] std::string_view rest() const { return rest_; }
  std::string_view next() {
    const std::size_t slash = rest_.find('/');
    const std::string_view level = rest_.substr(0, slash);
    is_at_end_ = slash == std::string_view::npos;
    rest_ = is_at_end_ ? std::string_view{} : rest_.substr(slash + 1);
    return level;
  }

 private:
  std::string_view rest_;
  bool is_at_end_ = false;
};

bool is_wildcard(std::string_view level) { return level == "+" || level == "#"; }

/// Whether a name is no plain level of a topic.
bool is_odd(std::string_view name) {
  constexpr std::string_view special{"+#/\0", 4};
  return name.empty() || name.front() == '$' ||
         name.find_first_of(special) != std::string_view::npos;
}

bool is_variable(std::string_view level, std::size_t at) {
  return level[at] == '%' && at + 1 < level.size() &&
         (level[at + 1] == 'u' || level[at + 1] == 'c');
}

bool has_variable(std::string_view level, char name) {
  for (std::size_t at = 0; at < level.size(); ++at) {
    if (is_variable(level, at) && level[at + 1] == name) {
      return true;
    }
  }
  return false;
}

/// Whether the pattern's level stands for one that cannot be written: see the head of the header.
bool asks_for_odd(std::string_view level, const broker::ClientIdentity& client) {
  return (has_variable(level, 'u') && is_odd(client.user)) ||
         (has_variable(level, 'c') && is_odd(client.client_id));
}

/// Whether a level of the pattern, names put in, is that text.
bool is_same(std::string_view pattern, std::string_view text,
             const broker::ClientIdentity& client) {
  for (std::size_t at = 0; at < pattern.size();) {
    const std::string_view piece = !is_variable(pattern, at) ? pattern.substr(at, 1)
                                   : pattern[at + 1] == 'u'  ? client.user
                                                             : client.client_id;
    if (!text.starts_with(piece)) {
      return false;
    }
    text.remove_prefix(piece.size());
    at += is_variable(pattern, at) ? 2 : 1;
  }
  return text.empty();
}

/// Whether a level of the pattern takes any level: '+', or an odd name of a deny rule.
bool takes_any(std::string_view level, const Asking& asking) {
  return level == "+" || (asking.effect == Effect::deny && asks_for_odd(level, asking.client));
}

bool takes(std::string_view level, std::string_view text, const Asking& asking) {
  return takes_any(level, asking) || is_same(level, text, asking.client);
}

/// A wildcard at the beginning takes no topic that begins with '$'. [MQTT-4.7.2-1]
bool is_kept_apart(std::string_view with_wildcards, std::string_view other) {
  return is_wildcard(Levels(with_wildcards).next()) && other.starts_with('$');
}

/// The pattern with a letter in place of each name: a Topic Filter, if it is a pattern at all.
std::string with_letters(std::string_view text) {
  std::string plain(text);
  for (std::size_t at = 0; at < plain.size(); ++at) {
    if (is_variable(plain, at)) {
      plain.replace(at, 2, "x");
    }
  }
  return plain;
}

/// No allow rule is for an odd name.
bool is_for_nobody(bool has_user, bool has_client_id, const Asking& asking) {
  return asking.effect == Effect::allow && ((has_user && is_odd(asking.client.user)) ||
                                            (has_client_id && is_odd(asking.client.client_id)));
}

}  // namespace

TopicPattern::TopicPattern(std::string_view text)
    : text_(text), has_user_(has_variable(text, 'u')), has_client_id_(has_variable(text, 'c')) {}

std::expected<TopicPattern, std::string> TopicPattern::parse(std::string_view text) {
  const std::string plain = with_letters(text);
  const auto filter = mqtt::TopicFilter::parse(plain);
  if (!filter) {
    return std::unexpected("\"" + std::string(text) +
                           "\" is no Topic Filter: it has text, '#' stands last and alone in its "
                           "level, '+' alone in its level");
  }
  if (filter->is_shared()) {
    return std::unexpected("\"" + std::string(text) +
                           "\": rules name what is subscribed to, without $share/NAME/");
  }
  return TopicPattern(text);
}

bool TopicPattern::matches(const Asking& asking, mqtt::TopicName topic) const {
  if (is_for_nobody(has_user_, has_client_id_, asking) || is_kept_apart(text_, topic.text())) {
    return false;
  }
  Levels pattern(text_);
  Levels levels(topic.text());
  while (!pattern.is_at_end()) {
    const std::string_view level = pattern.next();
    if (level == "#") {
      return true;
    }
    if (levels.is_at_end() || !takes(level, levels.next(), asking)) {
      return false;
    }
  }
  return levels.is_at_end();
}

bool TopicPattern::covers(const Asking& asking, const mqtt::TopicFilter& filter) const {
  const std::string_view text = filter.filter();
  if (is_for_nobody(has_user_, has_client_id_, asking) || is_kept_apart(text_, text)) {
    return false;
  }
  Levels pattern(text_);
  Levels levels(text);
  for (bool is_first = true; !pattern.is_at_end(); is_first = false) {
    const std::string_view level = pattern.next();
    if (level == "#") {
      return true;
    }
    if (levels.is_at_end()) {
      return false;
    }
    const std::string_view wanted = levels.next();
    if (wanted == "#") {
      // "+/#" is everything, as "#" is: a topic has at least one level.
      return is_first && level == "+" && pattern.rest() == "#";
    }
    if (wanted == "+" ? !takes_any(level, asking) : !takes(level, wanted, asking)) {
      return false;
    }
  }
  return levels.is_at_end();
}

bool TopicPattern::overlaps(const Asking& asking, const mqtt::TopicFilter& filter) const {
  const std::string_view text = filter.filter();
  if (is_for_nobody(has_user_, has_client_id_, asking) || is_kept_apart(text_, text) ||
      is_kept_apart(text, text_)) {
    return false;
  }
  Levels pattern(text_);
  Levels levels(text);
  while (!pattern.is_at_end() && !levels.is_at_end()) {
    const std::string_view level = pattern.next();
    const std::string_view wanted = levels.next();
    if (level == "#" || wanted == "#") {
      return true;
    }
    if (wanted != "+" && !takes(level, wanted, asking)) {
      return false;
    }
  }
  // '#' takes the level above it, too.
  return (pattern.is_at_end() || pattern.rest() == "#") &&
         (levels.is_at_end() || levels.rest() == "#");
}

}  // namespace peal::auth
