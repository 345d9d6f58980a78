#include "peal/auth/grants_json.hpp"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <initializer_list>
#include <optional>
#include <utility>

#include "peal/auth/access_rule.hpp"
#include "peal/auth/strict_json.hpp"
#include "peal/base/trim.hpp"
#include "peal/mqtt/utf8.hpp"

namespace peal::auth {

namespace {

namespace json = boost::json;

using Word = std::pair<std::string_view, std::string_view>;  // in JSON, and in a line

constexpr std::array actions_by_list{Word{"pub", "publish"}, Word{"sub", "subscribe"},
                                     Word{"all", "all"}};
constexpr std::array actions{Word{"publish", "publish"}, Word{"subscribe", "subscribe"},
                             Word{"all", "all"}};
constexpr std::array permissions{Word{"allow", "allow"}, Word{"deny", "deny"}};
constexpr std::array placeholders{Word{"${username}", "%u"}, Word{"${clientid}", "%c"}};

constexpr std::size_t role_name_limit = 256;

template <std::size_t Size>
std::string_view translate(const std::array<Word, Size>& words, std::string_view word) {
  const auto found = std::ranges::find(words, word, &Word::first);
  return found == words.end() ? std::string_view{} : found->second;
}

/// What stands where a string should: nothing when it is something else.
std::optional<std::string_view> string_in(const json::value* value) {
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::nullopt
                         : std::optional(std::string_view(text->data(), text->size()));
}

std::string with_place(std::string_view place, std::size_t at) {
  return std::string(place) + '[' + std::to_string(at) + ']';
}

/// Whether a line of text gives it back as it was.
bool fits_a_line(std::string_view text) {
  return text.find_first_of("\r\n") == std::string_view::npos && trimmed(text) == text;
}

bool is_control(char letter) { return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F; }

std::string role_problem(std::string_view name) {
  if (name.empty() || name.size() > role_name_limit) {
    return "a role has a name of 1 to 256 bytes";
  }
  if (!fits_a_line(name) || std::ranges::any_of(name, is_control) || !mqtt::is_utf8(name)) {
    return "a role has no control characters in its name and no blanks around it";
  }
  return {};
}

/// The topic with our signs for names.
std::string with_names(std::string_view topic) {
  std::string text;
  while (!topic.empty()) {
    const auto found = std::ranges::find_if(
        placeholders, [topic](const Word& word) { return topic.starts_with(word.first); });
    const bool is_letter = found == placeholders.end();
    text += is_letter ? topic.substr(0, 1) : found->second;
    topic.remove_prefix(is_letter ? 1 : found->first.size());
  }
  return text;
}

std::string topic_problem(std::string_view topic) {
  if (!fits_a_line(topic)) {
    return "a topic of a rule has no line ends and no blanks around it";
  }
  if (topic.starts_with("eq ")) {
    return "rules with \"eq \" are not known here: name the topics themselves";
  }
  if (topic.contains("${")) {
    return "there are ${username} and ${clientid}, nothing else is put in";
  }
  const auto pattern = TopicPattern::parse(topic);
  return pattern ? std::string{} : pattern.error();
}

class Reader {
 public:
  /// returns   what is wrong; empty when nothing is.
  std::string read(const json::object& whole) {
    if (const json::value* acl = whole.if_contains("acl")) {
      std::string problem = add_acl(*acl);
      if (!problem.empty()) {
        return problem;
      }
    }
    const json::value* roles = whole.if_contains("roles");
    return roles == nullptr ? std::string{} : add_roles(*roles);
  }

  std::string take() { return std::move(lines_); }

 private:
  std::string add_acl(const json::value& acl) {
    if (const json::object* lists = acl.if_object()) {
      return add_lists(*lists);
    }
    const json::array* rules = acl.if_array();
    if (rules == nullptr) {
      return R"(acl: it has to be {"pub": [...], "sub": [...], "all": [...]} or a list of rules)";
    }
    for (std::size_t at = 0; at < rules->size(); ++at) {
      std::string problem = add_rule((*rules)[at], with_place("acl", at));
      if (!problem.empty()) {
        return problem;
      }
    }
    return {};
  }

  std::string add_lists(const json::object& lists) {
    for (const auto& list : lists) {
      const std::string place = "acl." + std::string(list.key().data(), list.key().size());
      const std::string_view action =
          translate(actions_by_list, {list.key().data(), list.key().size()});
      const json::array* topics = list.value().if_array();
      if (action.empty()) {
        return place + ": there are pub, sub and all";
      }
      if (topics == nullptr) {
        return place + ": it has to be a list of topics";
      }
      for (std::size_t at = 0; at < topics->size(); ++at) {
        std::string problem = add_topic("allow", action, &(*topics)[at], with_place(place, at));
        if (!problem.empty()) {
          return problem;
        }
      }
    }
    return {};
  }

  std::string add_rule(const json::value& value, const std::string& place) {
    const json::object* rule = value.if_object();
    if (rule == nullptr) {
      return place + ": a rule has to be an object";
    }
    for (const auto& member : *rule) {
      const std::string_view name(member.key().data(), member.key().size());
      // Others narrow a rule down (qos, retain): to pass over them would allow more than was meant.
      if (name != "permission" && name != "action" && name != "topic") {
        return place + "." + std::string(name) + ": a rule has permission, action and topic";
      }
    }
    const auto permission = string_in(rule->if_contains("permission"));
    const std::string_view effect = translate(permissions, permission.value_or(""));
    if (effect.empty()) {
      return place + ".permission: it has to be \"allow\" or \"deny\"";
    }
    const auto action = string_in(rule->if_contains("action"));
    const std::string_view what = translate(actions, action.value_or(""));
    if (what.empty()) {
      return place + R"(.action: it has to be "publish", "subscribe" or "all")";
    }
    return add_topic(effect, what, rule->if_contains("topic"), place + ".topic");
  }

  std::string add_topic(std::string_view effect, std::string_view action, const json::value* value,
                        const std::string& place) {
    const auto text = string_in(value);
    if (!text) {
      return place + ": it has to be a string";
    }
    const std::string topic = with_names(*text);
    std::string problem = topic_problem(topic);
    if (!problem.empty()) {
      return place + ": " + problem;
    }
    return add_line({effect, action, topic});
  }

  std::string add_roles(const json::value& value) {
    const json::array* roles = value.if_array();
    if (roles == nullptr) {
      return "roles: it has to be a list of names";
    }
    for (std::size_t at = 0; at < roles->size(); ++at) {
      const auto name = string_in(&(*roles)[at]);
      std::string problem = name ? role_problem(*name) : "it has to be a string";
      if (!problem.empty()) {
        return with_place("roles", at) + ": " + problem;
      }
      problem = add_line({"role", *name});
      if (!problem.empty()) {
        return problem;
      }
    }
    return {};
  }

  std::string add_line(std::initializer_list<std::string_view> words) {
    if (++count_ > grants_limit) {
      return "there are more than " + std::to_string(grants_limit) + " rules and roles";
    }
    for (const std::string_view word : words) {
      lines_.append(word) += ' ';
    }
    lines_.back() = '\n';
    return lines_.size() > grants_bytes_limit ? "its rules and roles are too long" : std::string{};
  }

  std::string lines_;
  std::size_t count_ = 0;
};

}  // namespace

std::expected<std::string, std::string> grants_from_json(std::string_view text) {
  const auto value = read_json(text, {.bytes = grants_bytes_limit, .depth = 16});
  if (!value) {
    return std::unexpected(std::string(text_of(value.error())));
  }
  const json::object* whole = value->if_object();
  if (whole == nullptr) {
    return std::unexpected("it is no JSON object");
  }
  Reader reader;
  std::string problem = reader.read(*whole);
  if (!problem.empty()) {
    return std::unexpected(std::move(problem));
  }
  return reader.take();
}

}  // namespace peal::auth
