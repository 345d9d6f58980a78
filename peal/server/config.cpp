#include "peal/server/config.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <unistd.h>

#include "peal/server/config_check.hpp"
#include "peal/server/config_reader.hpp"

namespace peal::server {

namespace {

/// Of a token, at most.
constexpr std::size_t token_bytes = 8192;

/// A token stands in place of the password.
void make_room_for_tokens(Config& config) {
  const bool has_tokens = std::ranges::find(config.auth.sources, "jwt", &AuthSourceConfig::type) !=
                          config.auth.sources.end();
  if (has_tokens) {
    std::size_t& limit = config.settings.limits.password_bytes;
    limit = std::max(limit, token_bytes);
  }
}

void read_sources(ConfigReader& reader, const ConfigSources& sources) {
  if (sources.file) {
    reader.read_file(*sources.file, sources.refuses_empty_file);
    const auto folder = std::filesystem::path(*sources.file).parent_path() / "conf.d";
    reader.read_folder(folder, *sources.file);
  }
  for (const std::string& variable : sources.variables) {
    reader.read_variable(variable);
  }
  for (const std::string& setting : sources.settings) {
    reader.read_setting(setting);
  }
}

void add_default_listeners(Config& config, const std::optional<unsigned>& port,
                           ConfigReader& reader) {
  const std::string place = port ? "-p" : "default";
  const std::vector<unsigned> ports =
      port ? std::vector<unsigned>{*port} : std::vector<unsigned>{1883, 8083};
  for (const unsigned number : ports) {
    for (const char* host : {"127.0.0.1:", "[::1]:"}) {
      ListenerConfig listener;
      listener.bind = host + std::to_string(number);
      const std::string label = "listener[default " + listener.bind + "]";
      reader.note_option(label, "", place);
      reader.note_option(label + ".bind", '"' + listener.bind + '"', place);
      config.listeners.push_back(std::move(listener));
    }
  }
}

}  // namespace

bool AuthConfig::has_keys() const {
  return std::ranges::find(sources, "psk", &AuthSourceConfig::type) != sources.end();
}

std::string ConfigError::lines_of(const std::vector<std::string>& problems) {
  std::string lines;
  for (const std::string& problem : problems) {
    lines += (lines.empty() ? "" : "\n") + mqtt::printable(problem);
  }
  return lines;
}

std::vector<std::string> ConfigError::problems() const {
  std::vector<std::string> problems;
  std::istringstream lines(what());
  for (std::string line; std::getline(lines, line);) {
    problems.push_back(std::move(line));
  }
  return problems;
}

std::vector<std::string> environment_variables() {
  std::vector<std::string> variables;
  for (char** each = environ; each != nullptr && *each != nullptr; ++each) {
    variables.emplace_back(*each);
  }
  return variables;
}

Config load_config(const ConfigSources& sources) {
  Config config;
  ConfigReader reader(config);
  read_sources(reader, sources);
  if (config.listeners.empty()) {
    add_default_listeners(config, sources.port, reader);
  }
  if (sources.workers) {
    config.workers = *sources.workers;
    reader.note_option("workers", std::to_string(*sources.workers), "--workers");
  }
  if (sources.data) {
    config.store.dir = *sources.data;
    reader.note_option("store.dir", '"' + mqtt::escaped(*sources.data) + '"', "--data");
  }
  make_room_for_tokens(config);
  for (std::string& problem : problems_of(config)) {
    reader.add_problem(std::move(problem));
  }
  if (const auto problems = reader.problems(); !problems.empty()) {
    throw ConfigError(problems);
  }
  return config;
}

std::string default_state_directory() {
  if (const char* service = std::getenv("STATE_DIRECTORY"); service != nullptr && *service != 0) {
    return service;
  }
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state == '/') {
    return std::string(state) + "/peal";
  }
  if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/') {
    return std::string(home) + "/.local/state/peal";
  }
  return "/var/lib/peal";
}

std::string authority_directory(const std::string& store_directory) {
  return store_directory + "/tls";
}

}  // namespace peal::server
