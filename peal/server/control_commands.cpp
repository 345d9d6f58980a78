#include "peal/server/control_commands.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <stdexcept>

#include "peal/server/config_commands.hpp"
#include "peal/store/store_error.hpp"

namespace peal::server {

namespace {

namespace json = boost::json;
using SystemClock = std::chrono::system_clock;

constexpr std::size_t request_limit = std::size_t{1} << 20;

/// A clause for the person who asked.
class Refusal : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

std::string text_of(const json::object& request, std::string_view member) {
  const json::value* value = request.if_contains(member);
  if (value == nullptr || !value->is_string()) {
    throw Refusal("\"" + std::string(member) + "\" has to be a text");
  }
  return std::string(value->get_string());
}

std::string text_or(const json::object& request, std::string_view member, std::string otherwise) {
  return request.contains(member) ? text_of(request, member) : std::move(otherwise);
}

bool flag_of(const json::object& request, std::string_view member) {
  const json::value* value = request.if_contains(member);
  return value != nullptr && value->is_bool() && value->get_bool();
}

std::uint64_t number_of(const json::object& request, std::string_view member) {
  const json::value* value = request.if_contains(member);
  if (value == nullptr) {
    return 0;
  }
  if (!value->is_int64() || value->get_int64() < 0) {
    throw Refusal("\"" + std::string(member) + "\" has to be a whole number");
  }
  return static_cast<std::uint64_t>(value->get_int64());
}

std::vector<std::string> list_of(const json::object& request, std::string_view member) {
  std::vector<std::string> list;
  const json::value* value = request.if_contains(member);
  if (value == nullptr) {
    return list;
  }
  if (!value->is_array()) {
    throw Refusal("\"" + std::string(member) + "\" has to be a list");
  }
  for (const json::value& each : value->get_array()) {
    if (!each.is_string()) {
      throw Refusal("\"" + std::string(member) + "\" has to be a list of texts");
    }
    list.emplace_back(each.get_string());
  }
  return list;
}

json::array array_of(const std::vector<std::string>& list) {
  json::array array;
  for (const std::string& each : list) {
    array.emplace_back(each);
  }
  return array;
}

std::int64_t seconds_of(SystemClock::time_point time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

void require(const Done& done) {
  if (!done) {
    throw Refusal(done.error());
  }
}

std::string quoted(const std::string& name) { return "\"" + name + "\""; }

// --- users ------------------------------------------------------------------------------------

auth::User existing_user(const ControlContext& context, const json::object& request) {
  const std::string name = text_of(request, "name");
  const auto user = context.accounts.users()->user(name);
  if (user == nullptr) {
    throw Refusal("there is no user " + quoted(name) + "; `peal user list` shows who there is");
  }
  return *user;
}

/// Whoever is connected as `name` has to log in anew.
void log_out(const ControlContext& context, const std::string& name) {
  if (context.live != nullptr) {
    context.live->disconnect(auth::BanKind::user, name);
  }
}

void change_rights(const ControlContext& context, const std::optional<std::string>& user) {
  if (context.live != nullptr) {
    context.live->rights_changed(user);
  }
}

/// Roles that nobody knows, and a server that does not ask for users: said, not refused.
json::array notes_for(const ControlContext& context, const std::vector<std::string>& roles) {
  json::array notes;
  if (context.live == nullptr) {
    return notes;
  }
  const auto config = context.live->auth();
  const bool asks = std::ranges::any_of(
      config->sources, [](const AuthSourceConfig& source) { return source.type == "users"; });
  if (!asks) {
    notes.emplace_back(
        "the server does not ask for these users: write [[auth.source]] type = \"users\" in its "
        "configuration and let it read that anew (SIGHUP)");
  }
  for (const std::string& role : roles) {
    if (!config->has_role(role) && !context.accounts.role(role)) {
      notes.emplace_back("there is no role " + quoted(role) + " yet: it allows nothing");
    }
  }
  return notes;
}

json::object add_user(const ControlContext& context, const json::object& request) {
  auth::User user;
  user.name = text_of(request, "name");
  if (context.accounts.users()->user(user.name) != nullptr) {
    throw Refusal("there is a user " + quoted(user.name) +
                  " already; `peal user passwd` gives it another password");
  }
  user.password = text_or(request, "password", "");
  user.roles = list_of(request, "roles");
  user.is_device = flag_of(request, "device");
  user.created = SystemClock::now();
  require(context.accounts.put_user(user));
  change_rights(context, user.name);
  return {{"notes", notes_for(context, user.roles)}};
}

json::object set_password(const ControlContext& context, const json::object& request) {
  auth::User user = existing_user(context, request);
  user.password = text_of(request, "password");
  require(context.accounts.put_user(user));
  log_out(context, user.name);
  return {};
}

json::object set_roles(const ControlContext& context, const json::object& request) {
  auth::User user = existing_user(context, request);
  user.roles = list_of(request, "roles");
  require(context.accounts.put_user(user));
  change_rights(context, user.name);
  return {{"notes", notes_for(context, user.roles)}};
}

json::object disable_user(const ControlContext& context, const json::object& request) {
  auth::User user = existing_user(context, request);
  user.is_disabled = !flag_of(request, "enable");
  require(context.accounts.put_user(user));
  if (user.is_disabled) {
    log_out(context, user.name);
  }
  return {};
}

json::object remove_user(const ControlContext& context, const json::object& request) {
  const std::string name = existing_user(context, request).name;
  require(context.accounts.remove_user(name));
  change_rights(context, name);
  log_out(context, name);
  return {};
}

json::object list_users(const ControlContext& context, const json::object& /*request*/) {
  json::array users;
  for (const auto& user : context.accounts.users()->list()) {
    users.emplace_back(json::object{{"name", user->name},
                                    {"roles", array_of(user->roles)},
                                    {"device", user->is_device},
                                    {"disabled", user->is_disabled},
                                    {"has_password", !user->password.empty()},
                                    {"created", seconds_of(user->created)}});
  }
  return {{"users", std::move(users)}};
}

// --- roles ------------------------------------------------------------------------------------

json::object put_role(const ControlContext& context, const json::object& request) {
  StoredRole role;
  role.name = text_of(request, "name");
  if (context.live != nullptr && context.live->auth()->has_role(role.name)) {
    throw Refusal("the role " + quoted(role.name) +
                  " stands in the configuration file; change it there");
  }
  if (context.accounts.role(role.name) && !flag_of(request, "replace")) {
    throw Refusal("there is a role " + quoted(role.name) +
                  " already; `peal role set` gives it other rules");
  }
  role.users = list_of(request, "users");
  role.rules = list_of(request, "rules");
  role.rate = {.messages_per_second = number_of(request, "messages_per_second"),
               .messages_burst = number_of(request, "messages_burst"),
               .bytes_per_second = number_of(request, "bytes_per_second"),
               .bytes_burst = number_of(request, "bytes_burst")};
  require(context.accounts.put_role(role));
  change_rights(context, std::nullopt);
  return {};
}

json::object remove_role(const ControlContext& context, const json::object& request) {
  require(context.accounts.remove_role(text_of(request, "name")));
  change_rights(context, std::nullopt);
  return {};
}

json::object role_object(const StoredRole& role) {
  return {{"name", role.name},
          {"users", array_of(role.users)},
          {"rules", array_of(role.rules)},
          {"messages_per_second", role.rate.messages_per_second},
          {"messages_burst", role.rate.messages_burst},
          {"bytes_per_second", role.rate.bytes_per_second},
          {"bytes_burst", role.rate.bytes_burst},
          {"in_file", false}};
}

json::object role_object(const RoleConfig& role) {
  StoredRole as_stored{.name = role.name, .users = role.users, .rules = {}, .rate = role.rate};
  for (const RuleConfig& rule : role.allow) {
    as_stored.rules.push_back("allow " + rule.word + " " + rule.filter);
  }
  for (const RuleConfig& rule : role.deny) {
    as_stored.rules.push_back("deny " + rule.word + " " + rule.filter);
  }
  json::object object = role_object(as_stored);
  object["in_file"] = true;
  return object;
}

json::object list_roles(const ControlContext& context, const json::object& /*request*/) {
  json::array roles;
  if (context.live != nullptr) {
    const auto config = context.live->auth();
    for (const RoleConfig& role : config->roles) {
      roles.emplace_back(role_object(role));
    }
  }
  for (const StoredRole& role : context.accounts.roles()) {
    roles.emplace_back(role_object(role));
  }
  return {{"roles", std::move(roles)}};
}

// --- bans -------------------------------------------------------------------------------------

auth::BanKind kind_of(const json::object& request) {
  const auto kind = auth::ban_kind_of(text_of(request, "kind"));
  if (!kind) {
    throw Refusal("an address, a client or a user can be banned");
  }
  return *kind;
}

json::object add_ban(const ControlContext& context, const json::object& request) {
  constexpr std::uint64_t longest = 100ULL * 365 * 24 * 3600;
  auth::Ban ban;
  ban.kind = kind_of(request);
  ban.name = text_of(request, "name");
  ban.reason = text_or(request, "reason", "");
  if (const std::uint64_t seconds = number_of(request, "seconds"); seconds > 0) {
    ban.until = SystemClock::now() + std::chrono::seconds(std::min(seconds, longest));
  }
  require(context.accounts.put_ban(ban));
  if (context.live != nullptr) {
    context.live->disconnect(ban.kind, ban.name);
  }
  return {};
}

json::object remove_ban(const ControlContext& context, const json::object& request) {
  require(context.accounts.remove_ban(kind_of(request), text_of(request, "name")));
  return {};
}

json::object list_bans(const ControlContext& context, const json::object& /*request*/) {
  json::array bans;
  for (const auth::Ban& ban : context.accounts.bans().list(SystemClock::now())) {
    json::object object{
        {"kind", auth::word_of(ban.kind)}, {"name", ban.name}, {"reason", ban.reason}};
    if (ban.until) {
      object["until"] = seconds_of(*ban.until);
    }
    bans.emplace_back(std::move(object));
  }
  return {{"bans", std::move(bans)}};
}

// --- a client ---------------------------------------------------------------------------------

json::object session_object(const SessionReport& report) {
  json::array troubles;
  for (const ClientTrouble& trouble : report.troubles) {
    troubles.emplace_back(json::object{{"what", trouble.what},
                                       {"advice", trouble.advice},
                                       {"times", trouble.times},
                                       {"last", trouble.last}});
  }
  return {{"user", report.user},
          {"connected", report.is_connected},
          {"address", report.address},
          {"subscriptions", report.subscriptions},
          {"filters", array_of(report.filters)},
          {"queued", report.queued},
          {"expiry_seconds", report.expiry_seconds},
          {"paused", report.is_paused},
          {"troubles", std::move(troubles)}};
}

json::object explain_client(const ControlContext& context, const json::object& request) {
  if (context.live == nullptr) {
    throw Refusal("no server runs");
  }
  const Explanation explanation = context.live->explain(text_of(request, "client_id"));
  json::object result;
  if (explanation.session) {
    result["session"] = session_object(*explanation.session);
  }
  json::array events;
  for (const ClientEvent& event : explanation.events) {
    events.emplace_back(json::object{{"seconds", event.seconds},
                                     {"what", event.what},
                                     {"reason", event.reason},
                                     {"detail", event.detail},
                                     {"address", event.address}});
  }
  result["events"] = std::move(events);
  return result;
}

struct Command {
  std::string_view name;
  json::object (*run)(const ControlContext& context, const json::object& request);
};

constexpr std::array commands{
    Command{"user.add", add_user},
    Command{"user.passwd", set_password},
    Command{"user.roles", set_roles},
    Command{"user.disable", disable_user},
    Command{"user.rm", remove_user},
    Command{"user.list", list_users},
    Command{"role.put", put_role},
    Command{"role.rm", remove_role},
    Command{"role.list", list_roles},
    Command{"ban.add", add_ban},
    Command{"ban.rm", remove_ban},
    Command{"ban.list", list_bans},
    Command{"client.explain", explain_client},
    Command{"config.reload", reload_config},
    Command{"config.pending", pending_config},
    Command{"config.entries", list_config},
};

json::object run_command(const ControlContext& context, std::string_view line) {
  boost::system::error_code error;
  const json::value request =
      line.size() <= request_limit ? json::parse(line, error) : json::value{};
  if (error || !request.is_object()) {
    throw Refusal("a request is one JSON object");
  }
  const json::object& object = request.get_object();
  const std::string name = text_of(object, "command");
  const auto found = std::ranges::find(commands, name, &Command::name);
  if (found == commands.end()) {
    throw Refusal("this server knows no command " + quoted(name) +
                  "; it is of another version than the one that asks");
  }
  json::object answer = found->run(context, object);
  answer["ok"] = true;
  return answer;
}

}  // namespace

std::string answer_command(const ControlContext& context, std::string_view request) {
  try {
    return json::serialize(run_command(context, request));
  } catch (const std::exception& problem) {  // a refusal, or the store: full, broken
    return json::serialize(json::object{{"error", problem.what()}});
  }
}

}  // namespace peal::server
