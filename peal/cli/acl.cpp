#include "peal/cli/acl.hpp"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <filesystem>
#include <fmt/format.h>
#include <optional>
#include <string>

#include "peal/cli/control_client.hpp"
#include "peal/mqtt/escaped.hpp"
#include "peal/server/access_question.hpp"
#include "peal/server/rights.hpp"
#include "peal/store/database.hpp"
#include "peal/store/directory.hpp"
#include "peal/store/named_records.hpp"

namespace peal::cli {

namespace {

namespace json = boost::json;

constexpr int denied_exit_code = 2;

struct Request {
  ServerPlace place{};
  bool is_of_file_alone = false;
  server::AccessQuestion question{.client_id = "peal-acl-test"};
  std::string action;
};

struct Found {
  server::AccessAnswer answer;
  std::string where;  // it was looked: for a person
};

/// Nothing: no server runs there.
std::optional<Found> ask_the_server(const Request& request, const std::string& directory) {
  const auto answer = ask_if_running(directory, {{"command", "acl.test"},
                                                 {"user", request.question.user},
                                                 {"client_id", request.question.client_id},
                                                 {"topic", request.question.topic},
                                                 {"action", request.action}});
  if (!answer) {
    return std::nullopt;
  }
  return Found{.answer = {.is_allowed = flag_in(*answer, "allowed"),
                          .has_rules = flag_in(*answer, "has_rules"),
                          .rule = text_in(*answer, "rule"),
                          .place = text_in(*answer, "place")},
               .where = "the server that runs with its state in " + directory};
}

server::AuthConfig auth_of_file(const Request& request) {
  server::ConfigSources sources;
  sources.file = request.place.config;
  return server::load_config(sources).auth;
}

/// What a server with that configuration would decide.
server::AccessAnswer decide(const Request& request, const server::Accounts* accounts) {
  const server::AuthConfig auth = auth_of_file(request);
  const auto rules = auth.has_rules() ? server::read_rules(auth, accounts) : nullptr;
  auto answer = server::decide_access(rules.get(), request.question);
  if (!answer) {
    throw server::ConfigError(answer.error());
  }
  return std::move(*answer);
}

Found look_in_store(const Request& request, const std::string& directory) {
  store::Database database({.directory = directory, .is_read_only = true});
  store::NamedRecords records(database);
  const server::Accounts accounts(&records);
  const std::string file = request.place.config ? *request.place.config + " and " : "";
  return {.answer = decide(request, &accounts),
          .where = file + "the store in " + directory + "; no server runs there"};
}

Found look_in_file(const Request& request, const std::string& why) {
  if (!request.place.config) {
    throw server::ConfigError("there is nothing to ask: " + why +
                              "; say where (--data DIR, or -c FILE)");
  }
  return {.answer = decide(request, nullptr),
          .where = *request.place.config + " alone" + (why.empty() ? "" : "; " + why)};
}

Found look(const Request& request) {
  if (request.is_of_file_alone) {
    return look_in_file(request, "");
  }
  const std::string directory = request.place.directory();
  if (auto found = ask_the_server(request, directory)) {
    return std::move(*found);
  }
  if (std::filesystem::exists(std::filesystem::path(directory) / store::marker_name)) {
    return look_in_store(request, directory);
  }
  return look_in_file(request, directory + " has no server and no store");
}

void print(const Request& request, const Found& found) {
  const server::AccessAnswer& answer = found.answer;
  const std::string& user = request.question.user;
  const std::string why = !answer.has_rules     ? "there are no rules: everything is allowed"
                          : answer.rule.empty() ? "no rule allows it"
                                                : answer.place + ": " + answer.rule;
  fmt::print("{:<9} {} may {}{} {}{}\n", answer.is_allowed ? "allowed" : "denied",
             user.empty() ? "an anonymous client" : mqtt::escaped(user),
             answer.is_allowed ? "" : "not ", request.action,
             request.action == "publish" ? "" : "to ", mqtt::escaped(request.question.topic));
  fmt::print("          {}\n", mqtt::printable(why));
  fmt::print("asked     {}\n", found.where);
}

void print_json(const Found& found) {
  fmt::print("{}\n", json::serialize(json::object{{"allowed", found.answer.is_allowed},
                                                  {"has_rules", found.answer.has_rules},
                                                  {"rule", found.answer.rule},
                                                  {"place", found.answer.place},
                                                  {"asked", found.where}}));
}

}  // namespace

int acl_main(int argc, char** argv) {
  CLI::App app("Ask what a user may do, and which rule says so.", "peal acl");
  app.require_subcommand(1);
  Request request;
  bool as_json = false;
  CLI::App* test = app.add_subcommand(
      "test",
      "may this user do that? The running server is asked; where none runs, its store and its "
      "configuration file are looked at");
  request.place.declare(*test);
  test->add_flag("--file-only", request.is_of_file_alone,
                 "what the configuration file says, whatever is in force or in the store")
      ->needs("--config");
  test->add_option("-i,--id", request.question.client_id, "Client Identifier, for rules with %c");
  test->add_flag("--json", as_json, "for programs");
  test->add_option("USER", request.question.user, "user name; '' for an anonymous client")
      ->required();
  test->add_option("TOPIC", request.question.topic, "Topic Name, or Topic Filter to subscribe to")
      ->required();
  test->add_option("ACTION", request.action, "publish or subscribe")
      ->required()
      ->check(CLI::IsMember({"publish", "subscribe"}));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem);
  }
  request.question.action =
      request.action == "publish" ? auth::Action::publish : auth::Action::subscribe;
  const Found found = look(request);
  if (as_json) {
    print_json(found);
  } else {
    print(request, found);
  }
  return found.answer.is_allowed ? 0 : denied_exit_code;
}

}  // namespace peal::cli
