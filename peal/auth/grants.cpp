#include "peal/auth/grants.hpp"

#include <utility>

namespace peal::auth {

namespace {

constexpr std::size_t lines_limit = 1000;

/// The first word of `text`, which goes on behind the blank.
std::string_view take_word(std::string_view& text) {
  const std::size_t blank = text.find(' ');
  const std::string_view word = text.substr(0, blank);
  text = blank == std::string_view::npos ? std::string_view{} : text.substr(blank + 1);
  return word;
}

}  // namespace

std::expected<Action, std::string> parse_action(std::string_view word) {
  if (word == "publish") {
    return Action::publish;
  }
  if (word == "subscribe") {
    return Action::subscribe;
  }
  if (word == "all") {
    return Action::both;
  }
  return std::unexpected("it has to be publish, subscribe or all");
}

std::expected<AccessRule, std::string> parse_rule(std::string_view line, std::string_view place) {
  std::string_view rest = line;
  const std::string_view effect = take_word(rest);
  if (effect != "allow" && effect != "deny") {
    return std::unexpected("a rule begins with allow or deny");
  }
  const auto action = parse_action(take_word(rest));
  if (!action) {
    return std::unexpected(action.error());
  }
  auto pattern = TopicPattern::parse(rest);
  if (!pattern) {
    return std::unexpected(pattern.error());
  }
  return AccessRule{.effect = effect == "deny" ? Effect::deny : Effect::allow,
                    .action = *action,
                    .pattern = std::move(*pattern),
                    .place = std::string(place),
                    .text = std::string(line)};
}

std::expected<Grants, std::string> parse_grants(std::string_view text, std::string_view place) {
  Grants grants;
  for (std::size_t lines = 0; !text.empty(); ++lines) {
    if (lines == lines_limit) {
      return std::unexpected("more than 1000 rules");
    }
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (line.empty()) {
      continue;
    }
    if (line.starts_with("role ")) {
      grants.roles.emplace_back(line.substr(5));
      continue;
    }
    auto rule = parse_rule(line, place);
    if (!rule) {
      return std::unexpected(rule.error());
    }
    grants.rules.push_back(std::move(*rule));
  }
  return grants;
}

}  // namespace peal::auth
