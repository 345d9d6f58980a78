#include "peal/auth/access_rule.hpp"

#include <utility>

#include "peal/mqtt/escaped.hpp"

namespace peal::auth {

namespace {

using Asking = TopicPattern::Asking;

using mqtt::take_level;

/// Whether `take_level` gave the last level.
bool is_at_end(std::string_view rest) { return rest.data() == nullptr; }

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

/// Who asks, and which of the names that the pattern wants are odd: looked at once, not in each
/// level, for names may be long.
struct Question {
  const Asking& asking;
  bool is_user_odd;
  bool is_client_id_odd;

  Question(const Asking& who, bool has_user, bool has_client_id)
      : asking(who),
        is_user_odd(has_user && is_odd(who.client.user)),
        is_client_id_odd(has_client_id && is_odd(who.client.client_id)) {}

  /// No allow rule is for an odd name.
  [[nodiscard]] bool is_for_nobody() const {
    return asking.effect == Effect::allow && (is_user_odd || is_client_id_odd);
  }
};

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

/// Whether a level of the pattern takes any level: '+', or an odd name, which only a deny rule
/// still asks about here: see the head of the header.
bool takes_any(std::string_view level, const Question& question) {
  return level == "+" || (question.is_user_odd && has_variable(level, 'u')) ||
         (question.is_client_id_odd && has_variable(level, 'c'));
}

bool takes(std::string_view level, std::string_view text, const Question& question) {
  return takes_any(level, question) || is_same(level, text, question.asking.client);
}

/// A wildcard at the beginning takes no topic that begins with '$'. [MQTT-4.7.2-1]
bool is_kept_apart(std::string_view with_wildcards, std::string_view other) {
  return is_wildcard(take_level(with_wildcards)) && other.starts_with('$');
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

}  // namespace

TopicPattern::TopicPattern(std::string_view text)
    : text_(text), has_user_(has_variable(text, 'u')), has_client_id_(has_variable(text, 'c')) {}

std::expected<TopicPattern, std::string> TopicPattern::parse(std::string_view text) {
  const std::string plain = with_letters(text);
  const auto filter = mqtt::TopicFilter::parse(plain);
  if (!filter) {
    return std::unexpected("\"" + mqtt::escaped(text) +
                           "\" is no Topic Filter: it has text, '#' stands last and alone in its "
                           "level, '+' alone in its level");
  }
  if (filter->is_shared()) {
    return std::unexpected("\"" + mqtt::escaped(text) +
                           "\": rules name what is subscribed to, without $share/NAME/");
  }
  return TopicPattern(text);
}

bool TopicPattern::matches(const Asking& asking, mqtt::TopicName topic) const {
  const Question question(asking, has_user_, has_client_id_);
  if (question.is_for_nobody() || is_kept_apart(text_, topic.text())) {
    return false;
  }
  std::string_view pattern = text_;
  std::string_view levels = topic.text();
  while (!is_at_end(pattern)) {
    const std::string_view level = take_level(pattern);
    if (level == "#") {
      return true;
    }
    if (is_at_end(levels) || !takes(level, take_level(levels), question)) {
      return false;
    }
  }
  return is_at_end(levels);
}

bool TopicPattern::covers(const Asking& asking, const mqtt::TopicFilter& filter) const {
  const std::string_view text = filter.filter();
  const Question question(asking, has_user_, has_client_id_);
  if (question.is_for_nobody() || is_kept_apart(text_, text)) {
    return false;
  }
  std::string_view pattern = text_;
  std::string_view levels = text;
  while (!is_at_end(pattern)) {
    const std::string_view level = take_level(pattern);
    if (level == "#") {
      return true;
    }
    if (is_at_end(levels)) {
      return false;
    }
    const std::string_view wanted = take_level(levels);
    if (wanted == "#") {
      // "+/#" is everything, as "#" is: a topic has at least one level. And "/#" has two of them at
      // least, for the topic above it would be the empty one. [MQTT-4.7.3-1]
      return (text == "#" || text == "/#") && takes_any(level, question) && pattern == "#";
    }
    if (wanted == "+" ? !takes_any(level, question) : !takes(level, wanted, question)) {
      return false;
    }
  }
  return is_at_end(levels);
}

bool TopicPattern::overlaps(const Asking& asking, const mqtt::TopicFilter& filter) const {
  const std::string_view text = filter.filter();
  const Question question(asking, has_user_, has_client_id_);
  if (question.is_for_nobody() || is_kept_apart(text_, text) || is_kept_apart(text, text_)) {
    return false;
  }
  std::string_view pattern = text_;
  std::string_view levels = text;
  while (!is_at_end(pattern) && !is_at_end(levels)) {
    const std::string_view level = take_level(pattern);
    const std::string_view wanted = take_level(levels);
    if (level == "#" || wanted == "#") {
      return true;
    }
    if (wanted != "+" && !takes(level, wanted, question)) {
      return false;
    }
  }
  // '#' takes the level above it, too.
  return (is_at_end(pattern) || pattern == "#") && (is_at_end(levels) || levels == "#");
}

}  // namespace peal::auth
