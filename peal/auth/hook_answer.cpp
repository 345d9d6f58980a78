#include "peal/auth/hook_answer.hpp"

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <utility>

#include "peal/auth/grants_json.hpp"
#include "peal/auth/strict_json.hpp"
#include "peal/mqtt/utf8.hpp"

namespace peal::auth {

namespace {

namespace json = boost::json;
using Seconds = std::chrono::duration<double>;
using WallTime = std::chrono::system_clock::time_point;

constexpr std::size_t depth_limit = 8;
constexpr std::size_t user_bytes_limit = 256;
constexpr Seconds expires_in_limit{10.0 * 365 * 86'400};
/// In the year 2255: what the clock can count to.
constexpr Seconds expire_at_limit{9e9};

/// The members as they stand there.
struct Draft {
  std::optional<Verdict> verdict;
  std::optional<std::string> user;
  bool is_superuser = false;
  std::optional<Seconds> expires_in;
  std::optional<Seconds> expire_at;
  std::optional<Seconds> cache;
};

constexpr std::array results{std::pair{std::string_view("allow"), Verdict::accepted},
                             std::pair{std::string_view("deny"), Verdict::refused},
                             std::pair{std::string_view("ignore"), Verdict::not_mine}};

bool read_result(const json::value& value, Draft& draft) {
  const json::string* text = value.if_string();
  for (const auto& [word, verdict] : results) {
    if (text != nullptr && std::string_view(text->data(), text->size()) == word) {
      draft.verdict = verdict;
    }
  }
  return draft.verdict.has_value();
}

bool read_user(const json::value& value, Draft& draft) {
  const json::string* text = value.if_string();
  if (text != nullptr) {
    draft.user.emplace(text->data(), text->size());
  }
  return text != nullptr;
}

bool read_superuser(const json::value& value, Draft& draft) {
  const bool* is_superuser = value.if_bool();
  draft.is_superuser = is_superuser != nullptr && *is_superuser;
  return is_superuser != nullptr;
}

/// Nothing: no number from 0 to `most`.
std::optional<Seconds> seconds_in(const json::value& value, Seconds most) {
  json::error_code failure;
  const auto number = value.is_number() ? value.to_number<double>(failure) : -1.0;
  const bool is_in_range = !failure && number >= 0 && number <= most.count();
  return is_in_range ? std::optional(Seconds(number)) : std::nullopt;
}

bool read_expires_in(const json::value& value, Draft& draft) {
  draft.expires_in = seconds_in(value, expires_in_limit);
  return draft.expires_in.has_value();
}

bool read_expire_at(const json::value& value, Draft& draft) {
  draft.expire_at = seconds_in(value, expire_at_limit);
  return draft.expire_at.has_value();
}

bool read_cache(const json::value& value, Draft& draft) {
  draft.cache = seconds_in(value, hook_cache_limit);
  return draft.cache.has_value();
}

bool leave_to_grants(const json::value& /*value*/, Draft& /*draft*/) { return true; }

struct Member {
  std::string_view name;
  std::string_view kind;
  bool (*read)(const json::value&, Draft&);
};

constexpr std::array members{
    Member{"result", R"("allow", "deny" or "ignore")", &read_result},
    Member{"user", "a string", &read_user},
    Member{"acl", "", &leave_to_grants},
    Member{"roles", "", &leave_to_grants},
    Member{"is_superuser", "true or false", &read_superuser},
    Member{"expires_in", "seconds from 0 to ten years", &read_expires_in},
    Member{"expire_at", "seconds since 1970, before the year 2255", &read_expire_at},
    Member{"cache", "seconds from 0 to a day", &read_cache}};

/// returns   what is wrong; empty when nothing is.
std::string read_members(const json::object& object, Draft& draft) {
  for (const auto& each : object) {
    const std::string_view name(each.key().data(), each.key().size());
    const auto* const member = std::ranges::find(members, name, &Member::name);
    if (member == members.end()) {
      return "the answer has an unknown member \"" + std::string(name) + "\"";
    }
    if (!member->read(each.value(), draft)) {
      return "\"" + std::string(name) + "\" has to be " + std::string(member->kind);
    }
  }
  if (!draft.verdict) {
    return "the answer has no \"result\"";
  }
  return draft.expires_in && draft.expire_at
             ? "the answer has \"expires_in\" and \"expire_at\": one of them"
             : "";
}

bool can_be_user(std::string_view user) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  return !user.empty() && user.size() <= user_bytes_limit && mqtt::is_utf8(user) &&
         std::ranges::none_of(user, is_control);
}

std::optional<WallTime> expiry_of(const Draft& draft, WallTime now) {
  using std::chrono::duration_cast;
  if (draft.expires_in) {
    return now + duration_cast<WallTime::duration>(*draft.expires_in);
  }
  if (draft.expire_at) {
    return WallTime(duration_cast<WallTime::duration>(*draft.expire_at));
  }
  return std::nullopt;
}

Finding refusal(mqtt::ReasonCode reason) {
  return {.verdict = Verdict::refused, .reason = reason, .identity = {}};
}

std::expected<Finding, std::string> acceptance(Draft& draft, std::string_view body,
                                               std::string_view asked_user, WallTime now) {
  Finding finding;
  Identity& identity = finding.identity;
  identity.user = draft.user ? std::move(*draft.user) : std::string(asked_user);
  if (!can_be_user(identity.user)) {
    return std::unexpected(identity.user.empty()
                               ? "nobody has a name: not the client, and not in the answer"
                               : "the answer's user is too long or has odd characters");
  }
  auto grants = grants_from_json(body);
  if (!grants) {
    return std::unexpected(std::move(grants.error()));
  }
  identity.grants = draft.is_superuser ? "allow all #\n" + *grants : std::move(*grants);
  identity.expires = expiry_of(draft, now);
  if (identity.expires && *identity.expires <= now) {
    return refusal(mqtt::ReasonCode::not_authorized);
  }
  finding.verdict = Verdict::accepted;
  return finding;
}

std::expected<Finding, std::string> finding_of(Draft& draft, std::string_view body,
                                               std::string_view asked_user, WallTime now) {
  if (draft.verdict == Verdict::accepted) {
    return acceptance(draft, body, asked_user, now);
  }
  Finding finding = refusal(mqtt::ReasonCode::bad_user_name_or_password);
  finding.verdict = draft.verdict.value_or(Verdict::refused);
  return finding;
}

}  // namespace

std::expected<HookAnswer, std::string> read_hook_answer(int status, std::string_view body,
                                                        std::string_view asked_user, WallTime now) {
  if (status == 401 || status == 403) {
    return HookAnswer{.finding = refusal(status == 401 ? mqtt::ReasonCode::bad_user_name_or_password
                                                       : mqtt::ReasonCode::not_authorized),
                      .cache = std::nullopt};
  }
  if (status != 200) {
    return std::unexpected("the answer has status " + std::to_string(status));
  }
  const auto value = read_json(body, {.bytes = hook_answer_bytes_limit, .depth = depth_limit});
  if (!value) {
    return std::unexpected("the answer cannot be read: " + std::string(text_of(value.error())));
  }
  const json::object* object = value->if_object();
  if (object == nullptr) {
    return std::unexpected("the answer is no JSON object");
  }
  Draft draft;
  std::string problem = read_members(*object, draft);
  if (!problem.empty()) {
    return std::unexpected(std::move(problem));
  }
  auto finding = finding_of(draft, body, asked_user, now);
  if (!finding) {
    return std::unexpected(std::move(finding.error()));
  }
  HookAnswer answer{.finding = std::move(*finding), .cache = std::nullopt};
  if (draft.cache) {
    answer.cache = std::chrono::duration_cast<std::chrono::milliseconds>(*draft.cache);
  }
  return answer;
}

}  // namespace peal::auth
