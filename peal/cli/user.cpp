#include "peal/cli/user.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <stdexcept>
#include <string>
#include <vector>

#include "peal/auth/password_hash.hpp"
#include "peal/cli/control_client.hpp"
#include "peal/cli/passwd_prompt.hpp"
#include "peal/cli/sub_commands.hpp"
#include "peal/cli/text_table.hpp"

namespace peal::cli {

namespace {

namespace json = boost::json;

struct UserOptions {
  ServerPlace place;
  std::string name;
  std::vector<std::string> roles;
  std::optional<std::string> password;
  bool is_scram = false;
  bool has_no_password = false;
  bool as_json = false;
};

std::string hashed_password(const UserOptions& options) {
  const std::string password = options.password ? *options.password : ask_password(options.name);
  if (password.empty()) {
    throw std::runtime_error("the password is empty; choose one that has characters");
  }
  if (password.size() > auth::max_password_bytes) {
    throw std::runtime_error("the password is longer than 65535 bytes, which MQTT cannot carry");
  }
  return auth::hash_password(as_bytes(password), options.is_scram ? auth::HashKind::scram_sha256
                                                                  : auth::HashKind::argon2id);
}

int add_user(const UserOptions& options) {
  json::object request{
      {"command", "user.add"}, {"name", options.name}, {"roles", json_list(options.roles)}};
  if (!options.has_no_password) {
    request["password"] = hashed_password(options);
  }
  const json::object answer = ask(options.place, request);
  fmt::print("added     {}{}\n", options.name,
             options.roles.empty() ? "" : " (" + joined(options.roles, ", ") + ")");
  print_notes(answer);
  return 0;
}

int set_password(const UserOptions& options) {
  (void)ask(
      options.place,
      {{"command", "user.passwd"}, {"name", options.name}, {"password", hashed_password(options)}});
  fmt::print("changed   {} has another password; its connections are ended\n", options.name);
  return 0;
}

int set_roles(const UserOptions& options) {
  const json::object answer =
      ask(options.place,
          {{"command", "user.roles"}, {"name", options.name}, {"roles", json_list(options.roles)}});
  fmt::print("changed   {}: {}\n", options.name,
             options.roles.empty() ? "no roles" : joined(options.roles, ", "));
  print_notes(answer);
  return 0;
}

int remove_user(const UserOptions& options) {
  (void)ask(options.place, {{"command", "user.rm"}, {"name", options.name}});
  fmt::print("removed   {}; its connections are ended\n", options.name);
  return 0;
}

int disable_user(const UserOptions& options) {
  (void)ask(options.place, {{"command", "user.disable"}, {"name", options.name}});
  fmt::print("disabled  {}; its connections are ended\n", options.name);
  return 0;
}

int enable_user(const UserOptions& options) {
  (void)ask(options.place, {{"command", "user.disable"}, {"name", options.name}, {"enable", true}});
  fmt::print("enabled   {}\n", options.name);
  return 0;
}

int list_users(const UserOptions& options) {
  const json::object answer = ask(options.place, {{"command", "user.list"}});
  if (options.as_json) {
    fmt::print("{}\n", json::serialize(answer.at("users")));
    return 0;
  }
  const auto users = objects_in(answer, "users");
  if (users.empty()) {
    fmt::print("There are no users yet. `peal user add NAME` makes one.\n");
    return 0;
  }
  TextTable table({"name", "kind", "roles", "made (UTC)", ""});
  for (const json::object& user : users) {
    table.add({text_in(user, "name"), flag_in(user, "device") ? "device" : "user",
               joined(list_in(user, "roles"), ", "), time_text(number_in(user, "created")),
               flag_in(user, "disabled")        ? "disabled"
               : !flag_in(user, "has_password") ? "no password"
                                                : ""});
  }
  fmt::print("{}", table.text());
  return 0;
}

}  // namespace

int user_main(int argc, char** argv) {
  CLI::App app("The users that a server keeps itself, also while it runs.", "peal user");
  app.footer(
      "A user may do what its roles allow: `peal role`. The server asks for these users where its\n"
      "configuration has [[auth.source]] type = \"users\".");
  UserOptions options;
  SubCommands<UserOptions> commands(app, options);
  auto named = [&](CLI::App& sub) -> CLI::App& {
    sub.add_option("NAME", options.name, "the user")->required();
    return sub;
  };
  auto with_password = [&](CLI::App& sub) -> CLI::App& {
    sub.add_option("-P,--password", options.password,
                   "instead of asking for it; other users of this machine see it");
    sub.add_flag("--scram", options.is_scram,
                 "for clients that prove it without sending it (SCRAM-SHA-256)");
    return sub;
  };
  CLI::App& add = with_password(named(commands.add("add", "make a user", add_user)));
  add.add_option("-r,--role", options.roles, "a role it has; may be repeated");
  add.add_flag("--no-password", options.has_no_password,
               "for who proves it otherwise, by a certificate or a token");
  with_password(named(commands.add("passwd", "give it another password", set_password)));
  named(commands.add("roles", "give it these roles, and no others", set_roles))
      .add_option("ROLE", options.roles, "all that it has from now on");
  named(commands.add("rm", "remove it", remove_user));
  named(commands.add("disable", "let it in no more, but keep it", disable_user));
  named(commands.add("enable", "let it in again", enable_user));
  commands.add_list(list_users);
  return commands.run(argc, argv);
}

}  // namespace peal::cli
