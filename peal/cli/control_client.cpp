#include "peal/cli/control_client.hpp"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <cstdlib>
#include <ctime>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <stdexcept>

#include "peal/server/config.hpp"
#include "peal/server/config_keys.hpp"
#include "peal/server/control.hpp"
#include "peal/server/control_commands.hpp"
#include "peal/store/database.hpp"
#include "peal/store/named_records.hpp"

namespace peal::cli {

namespace json = boost::json;

void ServerPlace::declare(CLI::App& app) {
  app.add_option("--data", data, "where the server keeps its state (as for `peal serve`)");
  app.add_option("-c,--config", config, "its configuration file: the store.dir of it");
}

std::string ServerPlace::directory() const {
  if (data) {
    return *data;
  }
  const bool is_in_environment = std::getenv(server::variable_of("store.dir").c_str()) != nullptr;
  if (config || is_in_environment) {
    server::ConfigSources sources;
    sources.file = config;
    sources.variables = server::environment_variables();
    if (const auto dir = server::load_config(sources).store.dir; dir && !dir->empty()) {
      return *dir;
    }
  }
  return server::default_state_directory();
}

namespace {

json::object checked(std::string_view line) {
  boost::system::error_code error;
  const json::value answer = json::parse(line, error);
  if (error || !answer.is_object()) {
    throw std::runtime_error("the server's answer cannot be read; it is of another version");
  }
  if (const json::value* problem = answer.get_object().if_contains("error")) {
    throw std::runtime_error(std::string(problem->as_string()));
  }
  return answer.get_object();
}

/// No server runs: the store is opened in its place, and closed again.
std::string ask_store(const std::string& directory, const std::string& request) {
  store::Database database({.directory = directory});
  store::NamedRecords records(database);
  server::Accounts accounts(&records);
  return server::answer_command({.accounts = accounts}, request);
}

}  // namespace

json::object ask(const ServerPlace& place, const json::object& request) {
  const std::string directory = place.directory();
  const std::string line = json::serialize(request);
  const auto answer = server::ask_server(directory, line);
  return checked(answer ? *answer : ask_store(directory, line));
}

std::optional<json::object> ask_if_running(const ServerPlace& place, const json::object& request,
                                           std::chrono::seconds patience) {
  const auto answer = server::ask_server(place.directory(), json::serialize(request), patience);
  return answer ? std::optional(checked(*answer)) : std::nullopt;
}

json::object ask_running(const ServerPlace& place, const json::object& request,
                         std::chrono::seconds patience) {
  auto answer = ask_if_running(place, request, patience);
  if (!answer) {
    throw std::runtime_error("no server runs with its state in " + place.directory() +
                             "; start one (`peal serve`), or say which one (--data, -c)");
  }
  return std::move(*answer);
}

void print_notes(const json::object& answer) {
  for (const std::string& note : list_in(answer, "notes")) {
    fmt::print("note      {}\n", note);
  }
}

std::string text_in(const json::object& object, std::string_view member) {
  const json::value* value = object.if_contains(member);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

std::int64_t number_in(const json::object& object, std::string_view member) {
  const json::value* value = object.if_contains(member);
  if (value == nullptr) {
    return 0;
  }
  return value->is_uint64()  ? static_cast<std::int64_t>(value->get_uint64())
         : value->is_int64() ? value->get_int64()
                             : 0;
}

bool flag_in(const json::object& object, std::string_view member) {
  const json::value* value = object.if_contains(member);
  return value != nullptr && value->is_bool() && value->get_bool();
}

std::vector<std::string> list_in(const json::object& object, std::string_view member) {
  std::vector<std::string> list;
  const json::value* value = object.if_contains(member);
  if (value != nullptr && value->is_array()) {
    for (const json::value& each : value->get_array()) {
      list.emplace_back(each.is_string() ? std::string(each.get_string()) : "");
    }
  }
  return list;
}

std::vector<json::object> objects_in(const json::object& object, std::string_view member) {
  std::vector<json::object> objects;
  const json::value* value = object.if_contains(member);
  if (value != nullptr && value->is_array()) {
    for (const json::value& each : value->get_array()) {
      if (each.is_object()) {
        objects.push_back(each.get_object());
      }
    }
  }
  return objects;
}

json::array json_list(const std::vector<std::string>& texts) {
  json::array list;
  for (const std::string& text : texts) {
    list.emplace_back(text);
  }
  return list;
}

server::ConfigValue option_value(const char* command, const char* option, const std::string& text) {
  server::ConfigValue value;
  value.key = option;
  value.place = command;
  value.kind = server::ConfigValue::Kind::text;
  value.text = text;
  return value;
}

std::string time_text(std::int64_t seconds) {
  return fmt::format("{:%Y-%m-%d %H:%M}", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

}  // namespace peal::cli
