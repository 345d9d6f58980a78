#include "peal/cli/explain.hpp"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <string>

#include "peal/cli/control_client.hpp"
#include "peal/cli/text_table.hpp"
#include "peal/mqtt/escaped.hpp"

namespace peal::cli {

namespace {

namespace json = boost::json;

void print_session(const std::string& client_id, const json::object& session) {
  const std::string shown = mqtt::escaped(client_id);
  const std::string user = text_in(session, "user");
  const std::string who = user.empty() ? "without a name" : "as " + mqtt::escaped(user);
  if (flag_in(session, "connected")) {
    fmt::print("client    {} is connected from {}, {}\n", shown,
               mqtt::escaped(text_in(session, "address")), who);
  } else {
    fmt::print("client    {} is away; its session ({}) is kept\n", shown, who);
  }
  fmt::print("waiting   {} messages\n", number_in(session, "queued"));
  if (flag_in(session, "paused")) {
    fmt::print("paused    it is not read from: it publishes too fast, or waits for the disk\n");
  }
  const auto filters = list_in(session, "filters");
  const auto subscriptions = number_in(session, "subscriptions");
  if (subscriptions == 0) {
    fmt::print("silent    it has no subscriptions: nothing can reach it\n");
  } else {
    fmt::print("filters   {}: {}{}\n", subscriptions, mqtt::escaped(joined(filters, ", "), 1024),
               static_cast<std::size_t>(subscriptions) > filters.size() ? ", ..." : "");
  }
  for (const json::object& trouble : objects_in(session, "troubles")) {
    const std::string last = text_in(trouble, "last");
    fmt::print("trouble   {} {}{}\n          {}\n", number_in(trouble, "times"),
               text_in(trouble, "what"), last.empty() ? "" : " (last: " + mqtt::escaped(last) + ")",
               text_in(trouble, "advice"));
  }
}

void print_events(const json::object& answer) {
  const auto events = objects_in(answer, "events");
  if (events.empty()) {
    return;
  }
  TextTable table({"when (UTC)", "what", "why", "from"});
  for (const json::object& event : events) {
    const std::string detail = text_in(event, "detail");
    const std::string reason = text_in(event, "reason");
    table.add({time_text(number_in(event, "seconds")), text_in(event, "what"),
               reason + (detail.empty() || reason.empty() ? "" : ": ") + detail,
               text_in(event, "address")});
  }
  fmt::print("\n{}", table.text());
}

}  // namespace

int explain_main(int argc, char** argv) {
  CLI::App app("Why a client is refused, dropped or silent.", "peal explain");
  ServerPlace place;
  std::string kind;
  std::string client_id;
  bool as_json = false;
  place.declare(app);
  app.add_option("WHAT", kind, "client")->required()->check(CLI::IsMember({"client"}));
  app.add_option("ID", client_id, "its Client Identifier")->required();
  app.add_flag("--json", as_json, "for programs");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem);
  }
  const json::object answer =
      ask_running(place, {{"command", "client.explain"}, {"client_id", client_id}});
  if (as_json) {
    fmt::print("{}\n", json::serialize(answer));
    return 0;
  }
  const json::value* session = answer.if_contains("session");
  if (session != nullptr && session->is_object()) {
    print_session(client_id, session->get_object());
  } else {
    fmt::print("client    {} has no session: it never came in, or its session has ended\n",
               mqtt::escaped(client_id));
  }
  print_events(answer);
  const bool is_known = session != nullptr || !objects_in(answer, "events").empty();
  if (!is_known) {
    fmt::print(
        "          Nothing was seen of it since the server started. Is the Client Identifier\n"
        "          spelled so? Does it reach this address and port at all?\n");
  }
  return is_known ? 0 : 2;
}

}  // namespace peal::cli
