#include "peal/cli/ban.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <string>

#include "peal/cli/control_client.hpp"
#include "peal/cli/sub_commands.hpp"
#include "peal/cli/text_table.hpp"

namespace peal::cli {

namespace {

namespace json = boost::json;

struct BanOptions {
  ServerPlace place;
  std::string kind;
  std::string name;
  std::string reason;
  std::optional<std::string> time;
  bool as_json = false;
};

std::int64_t seconds_of(const std::string& text) {
  return std::chrono::ceil<std::chrono::seconds>(
             server::read_duration(option_value("peal ban", "--for", text)))
      .count();
}

int add_ban(const BanOptions& options) {
  json::object request{{"command", "ban.add"},
                       {"kind", options.kind},
                       {"name", options.name},
                       {"reason", options.reason}};
  if (options.time) {
    request["seconds"] = seconds_of(*options.time);
  }
  (void)ask(options.place, request);
  fmt::print("banned    {} {}{}; who is connected is put out\n", options.kind, options.name,
             options.time ? " for " + *options.time : "");
  return 0;
}

int remove_ban(const BanOptions& options) {
  (void)ask(options.place, {{"command", "ban.rm"}, {"kind", options.kind}, {"name", options.name}});
  fmt::print("removed   the ban of {} {}\n", options.kind, options.name);
  return 0;
}

int list_bans(const BanOptions& options) {
  const json::object answer = ask(options.place, {{"command", "ban.list"}});
  if (options.as_json) {
    fmt::print("{}\n", json::serialize(answer.at("bans")));
    return 0;
  }
  const auto bans = objects_in(answer, "bans");
  if (bans.empty()) {
    fmt::print("Nobody is banned.\n");
    return 0;
  }
  TextTable table({"what", "name", "until (UTC)", "why"});
  for (const json::object& ban : bans) {
    const auto until = number_in(ban, "until");
    table.add({text_in(ban, "kind"), text_in(ban, "name"),
               until > 0 ? time_text(until) : "for good", text_in(ban, "reason")});
  }
  fmt::print("{}", table.text());
  return 0;
}

void declare_whom(CLI::App& app, BanOptions& options) {
  app.add_option("WHAT", options.kind, "address, client or user")
      ->required()
      ->check(CLI::IsMember({"address", "client", "user"}));
  app.add_option("NAME", options.name,
                 "192.0.2.7 or 192.0.2.0/24; a Client Identifier; a user name")
      ->required();
}

}  // namespace

int ban_main(int argc, char** argv) {
  CLI::App app("Who must not come in, also while the server runs.", "peal ban");
  BanOptions options;
  SubCommands<BanOptions> commands(app, options);
  CLI::App& add = commands.add("add", "keep an address, a client or a user out", add_ban);
  declare_whom(add, options);
  add.add_option("--for", options.time, "10m, 2h, 7d; without it for good");
  add.add_option("--reason", options.reason, "why, for who reads the list");
  declare_whom(commands.add("rm", "let it in again", remove_ban), options);
  commands.add_list(list_bans);
  return commands.run(argc, argv);
}

}  // namespace peal::cli
