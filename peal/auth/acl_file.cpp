#include "peal/auth/acl_file.hpp"

#include <array>
#include <optional>
#include <unordered_map>
#include <utility>

#include "peal/auth/text_lines.hpp"
#include "peal/base/trim.hpp"
#include "peal/mqtt/escaped.hpp"
#include "peal/mqtt/utf8.hpp"

namespace peal::auth {

namespace {

constexpr std::string_view blanks = " \t\r\n";

// A topic has at most 65535 bytes.
constexpr TextFileKind acl_file{.line_bytes = std::size_t{64} << 10U,
                                .file_bytes = std::size_t{64} << 20U,
                                .form = "write user NAME, topic FILTER or pattern FILTER",
                                .if_missing = "write acl.file as the path of one"};

/// A piece of the file for an error: it may hold anything.
std::string quoted(std::string_view text) { return "\"" + mqtt::escaped(text, 64) + "\""; }

struct Access {
  std::string_view word;
  Effect effect;
  Action action;
};

constexpr std::array accesses{Access{"read", Effect::allow, Action::subscribe},
                              Access{"write", Effect::allow, Action::publish},
                              Access{"readwrite", Effect::allow, Action::both},
                              Access{"deny", Effect::deny, Action::both}};
constexpr Access standard_access = accesses[2];

/// Takes the first word off.
std::string_view take_word(std::string_view& text) {
  const std::size_t end = text.find_first_of(" \t");
  const std::string_view word = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view{} : trimmed(text.substr(end), blanks);
  return word;
}

class Reader {
 public:
  Reader(const std::string& path, std::string_view anonymous_user)
      : path_(path), anonymous_user_(anonymous_user) {
    roles_.push_back({.name = {}, .users = {"*"}, .exact_users = {}, .rules = {}});
  }

  /// returns   what is wrong with the line; empty when nothing is.
  std::string add(std::string_view line, std::size_t number) {
    number_ = number;
    const std::string text(trimmed(line, blanks));
    std::string_view rest = text;
    const std::string_view keyword = take_word(rest);
    if (keyword.empty() || keyword.front() == '#') {
      return {};
    }
    if (keyword == "user") {
      return begin_user(rest);
    }
    if (keyword == "topic" || keyword == "pattern") {
      return add_rule(text, keyword == "pattern", rest);
    }
    return "no such word: " + quoted(keyword) + "; there are user, topic and pattern";
  }

  std::vector<Role> take() { return std::move(roles_); }

 private:
  std::string begin_user(std::string_view name) {
    if (name.empty()) {
      return "user needs a name";
    }
    if (!mqtt::is_utf8(name)) {
      return "the user name is not UTF-8: no client can have it";
    }
    user_ = role_of(name);
    return {};
  }

  /// Its place among the roles.
  std::size_t role_of(std::string_view user) {
    const auto [found, is_new] = by_user_.try_emplace(std::string(user), roles_.size());
    if (is_new) {
      roles_.push_back({.name = {}, .users = {}, .exact_users = {std::string(user)}, .rules = {}});
    }
    return found->second;
  }

  std::string add_rule(const std::string& text, bool is_pattern, std::string_view rest) {
    std::string_view filter = rest;
    const std::string_view first = take_word(filter);
    Access access = standard_access;
    if (filter.empty()) {
      filter = first;  // no access said
    } else if (const auto said = access_of(first)) {
      access = *said;
    } else {
      return "no such access: " + quoted(first) +
             "; there are read, write, readwrite and deny, and no blank in a filter without one";
    }
    if (!is_pattern && (filter.contains("%u") || filter.contains("%c"))) {
      return "%u and %c stand for names in lines that begin with pattern; write `pattern " +
             mqtt::escaped(rest, 64) + "`";
    }
    auto pattern = TopicPattern::parse(filter);
    if (!pattern) {
      return pattern.error();
    }
    Role& role = roles_[is_pattern ? 0 : user_ ? *user_ : role_of(anonymous_user_)];
    role.rules.push_back({.effect = access.effect,
                          .action = access.action,
                          .pattern = std::move(*pattern),
                          .place = path_ + ":" + std::to_string(number_),
                          .text = text});
    return {};
  }

  static std::optional<Access> access_of(std::string_view word) {
    for (const Access& access : accesses) {
      if (access.word == word) {
        return access;
      }
    }
    return std::nullopt;
  }

  const std::string& path_;
  std::string anonymous_user_;
  std::vector<Role> roles_;  // the first one is everybody's
  std::unordered_map<std::string, std::size_t> by_user_;
  std::optional<std::size_t> user_;  // none named yet
  std::size_t number_ = 0;
};

}  // namespace

std::expected<std::vector<Role>, std::string> read_acl_file(const std::string& path,
                                                            std::string_view anonymous_user) {
  auto lines = TextLines::open(path, acl_file);
  if (!lines) {
    return std::unexpected(std::move(lines.error()));
  }
  Reader reader(path, anonymous_user);
  while (lines->next()) {
    if (const std::string problem = reader.add(lines->line(), lines->number()); !problem.empty()) {
      return std::unexpected(lines->place() + problem);
    }
  }
  if (!lines->problem().empty()) {
    return std::unexpected(lines->problem());
  }
  return reader.take();
}

}  // namespace peal::auth
