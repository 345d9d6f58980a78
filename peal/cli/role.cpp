#include "peal/cli/role.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <string>
#include <vector>

#include "peal/cli/control_client.hpp"
#include "peal/cli/sub_commands.hpp"
#include "peal/cli/text_table.hpp"

namespace peal::cli {

namespace {

namespace json = boost::json;

struct RoleOptions {
  ServerPlace place;
  std::string name;
  std::vector<std::string> users;
  std::vector<std::string> allow;
  std::vector<std::string> deny;
  std::optional<std::string> rate;
  std::optional<std::string> bytes;
  bool replace = false;
  bool as_json = false;
};

json::array rules_of(const RoleOptions& options) {
  json::array rules;
  for (const std::string& rule : options.allow) {
    rules.emplace_back("allow " + rule);
  }
  for (const std::string& rule : options.deny) {
    rules.emplace_back("deny " + rule);
  }
  return rules;
}

int put_role(const RoleOptions& options) {
  json::object request{{"command", "role.put"},
                       {"name", options.name},
                       {"users", json_list(options.users)},
                       {"rules", rules_of(options)},
                       {"replace", options.replace}};
  if (options.rate) {
    const server::Rate rate = server::read_rate(option_value("peal role", "--rate", *options.rate));
    request["messages_per_second"] = static_cast<std::int64_t>(rate.per_second);
    request["messages_burst"] = static_cast<std::int64_t>(rate.burst);
  }
  if (options.bytes) {
    const server::Rate rate =
        server::read_bytes_rate(option_value("peal role", "--bytes", *options.bytes));
    request["bytes_per_second"] = static_cast<std::int64_t>(rate.per_second);
    request["bytes_burst"] = static_cast<std::int64_t>(rate.burst);
  }
  (void)ask(options.place, request);
  fmt::print("{}     the role {}; it counts at once\n", options.replace ? "set  " : "added",
             options.name);
  return 0;
}

int set_role(const RoleOptions& options) {
  RoleOptions replacing = options;
  replacing.replace = true;
  return put_role(replacing);
}

int remove_role(const RoleOptions& options) {
  (void)ask(options.place, {{"command", "role.rm"}, {"name", options.name}});
  fmt::print("removed   the role {}\n", options.name);
  return 0;
}

std::string rate_text(const json::object& role) {
  std::vector<std::string> parts;
  for (const auto& [rate, burst, unit] : {std::tuple{"messages_per_second", "messages_burst", ""},
                                          std::tuple{"bytes_per_second", "bytes_burst", "B"}}) {
    if (number_in(role, rate) > 0) {
      parts.push_back(fmt::format("{}{}/s burst {}{}", number_in(role, rate), unit,
                                  number_in(role, burst), unit));
    }
  }
  return joined(parts, ", ");
}

int list_roles(const RoleOptions& options) {
  const json::object answer = ask(options.place, {{"command", "role.list"}});
  if (options.as_json) {
    fmt::print("{}\n", json::serialize(answer.at("roles")));
    return 0;
  }
  const auto roles = objects_in(answer, "roles");
  if (roles.empty()) {
    fmt::print("There are no roles yet. `peal role add NAME --allow 'publish a/#'` makes one.\n");
    return 0;
  }
  TextTable table({"role", "users", "rules", "rate", ""});
  for (const json::object& role : roles) {
    auto rules = list_in(role, "rules");
    table.add({text_in(role, "name"), joined(list_in(role, "users"), ", "),
               rules.empty() ? "none" : rules.front(), rate_text(role),
               flag_in(role, "in_file") ? "in the file" : ""});
    for (std::size_t i = 1; i < rules.size(); ++i) {
      table.add({"", "", rules[i]});
    }
  }
  fmt::print("{}", table.text());
  return 0;
}

void declare_rules(CLI::App& app, RoleOptions& options) {
  app.add_option("NAME", options.name, "the role")->required();
  app.add_option("-u,--user", options.users,
                 "who has it besides those it is given to: names, with * for any text");
  app.add_option(
      "--allow", options.allow,
      "'publish FILTER', 'subscribe FILTER' or 'all FILTER'; %u is the user name, %c the "
      "Client Identifier");
  app.add_option("--deny", options.deny, "the same; a deny holds whatever else allows it");
  app.add_option("--rate", options.rate, "messages each client may publish: '20/s burst 100'");
  app.add_option("--bytes", options.bytes, "bytes of them: '64KiB/s'");
}

}  // namespace

int role_main(int argc, char** argv) {
  CLI::App app("What users may do, also changed while the server runs.", "peal role");
  app.footer("Example: peal role add device --allow 'all devices/%u/#'");
  RoleOptions options;
  SubCommands<RoleOptions> commands(app, options);
  declare_rules(commands.add("add", "make a role", put_role), options);
  declare_rules(commands.add("set", "give a role other rules, in place of all it has", set_role),
                options);
  commands.add("rm", "remove a role", remove_role)
      .add_option("NAME", options.name, "the role")
      ->required();
  commands.add_list(list_roles);
  return commands.run(argc, argv);
}

}  // namespace peal::cli
