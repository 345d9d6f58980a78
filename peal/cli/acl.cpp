#include "peal/cli/acl.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <string>

#include "peal/server/rights.hpp"

namespace peal::cli {

namespace {

constexpr int denied_exit_code = 2;

struct Question {
  std::string file;
  std::string user;
  std::string client_id = "peal-acl-test";
  std::string topic;
  std::string action;
};

auth::Decision decide(const auth::RuleSet& rules, const Question& question) {
  const broker::ClientIdentity client{question.client_id, question.user};
  if (question.action == "publish") {
    const auto topic = mqtt::TopicName::parse(question.topic);
    if (!topic) {
      throw server::ConfigError(question.topic +
                                " is no Topic Name: it is empty or has a wildcard");
    }
    return rules.decide_publish(client, *topic);
  }
  const auto filter = mqtt::TopicFilter::parse(question.topic);
  if (!filter) {
    throw server::ConfigError(
        question.topic + " is no Topic Filter: '#' stands last and alone in its level, '+' alone");
  }
  return rules.decide_subscribe(client, *filter);
}

int test_access(const Question& question) {
  server::ConfigSources sources;
  sources.file = question.file;
  const server::AuthConfig auth = server::load_config(sources).auth;
  const std::string who = question.user.empty() ? "an anonymous client" : question.user;
  const std::string what = question.action + (question.action == "publish" ? " " : " to ");
  if (!auth.has_rules()) {
    fmt::print("allowed   {} may {}{}\n          {} has no rules: everything is allowed\n", who,
               what, question.topic, question.file);
    return 0;
  }
  const auto access = server::read_rules(auth, nullptr);
  const auto rules = access->rules_of({question.client_id, question.user});
  const auth::Decision decision = decide(*rules, question);
  fmt::print("{:<9} {} may {}{}{}\n", decision.is_allowed ? "allowed" : "denied", who,
             decision.is_allowed ? "" : "not ", what, question.topic);
  fmt::print("          {}\n", decision.rule == nullptr
                                   ? "no rule allows it"
                                   : decision.rule->place + ": " + decision.rule->text);
  return decision.is_allowed ? 0 : denied_exit_code;
}

}  // namespace

int acl_main(int argc, char** argv) {
  CLI::App app("Ask what the rules of a configuration file say.", "peal acl");
  app.require_subcommand(1);
  Question question;
  CLI::App* test = app.add_subcommand("test", "may this user do that, and which rule says so?");
  test->add_option("-c,--config", question.file, "configuration file (TOML)")->required();
  test->add_option("-i,--id", question.client_id, "Client Identifier, for rules with %c");
  test->add_option("USER", question.user, "user name; '' for an anonymous client")->required();
  test->add_option("TOPIC", question.topic, "Topic Name, or Topic Filter to subscribe to")
      ->required();
  test->add_option("ACTION", question.action, "publish or subscribe")
      ->required()
      ->check(CLI::IsMember({"publish", "subscribe"}));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem);
  }
  return test_access(question);
}

}  // namespace peal::cli
