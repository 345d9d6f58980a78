#include "peal/cli/config.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "peal/base/nearest.hpp"
#include "peal/cli/control_client.hpp"
#include "peal/cli/text_table.hpp"
#include "peal/server/config.hpp"
#include "peal/server/config_changes.hpp"
#include "peal/server/config_files.hpp"

namespace peal::cli {

namespace {

namespace json = boost::json;
using server::ConfigChange;
using server::ConfigEntry;
using server::KeyInfo;

/// Keys at a URL are waited for while a new configuration is made ready.
constexpr std::chrono::seconds reload_patience{60};
constexpr int exit_same = 0;
constexpr int exit_different = 1;
constexpr int exit_trouble = 2;

struct ConfigOptions {
  ServerPlace place;
  std::optional<std::string> file;
  std::optional<std::string> key;
  bool as_json = false;
};

server::Config load(const std::optional<std::string>& file, bool has_environment) {
  server::ConfigSources sources;
  sources.file = file;
  if (has_environment) {
    sources.variables = server::environment_variables();
  }
  return server::load_config(sources);
}

// --- check ------------------------------------------------------------------------------------

std::vector<std::string> problems_of(const std::string& file) {
  try {
    return server::problems_with_files(load(file, true));
  } catch (const server::ConfigError& problem) {
    return problem.problems();
  }
}

int check(const ConfigOptions& options) {
  const std::vector<std::string> problems = problems_of(*options.file);
  if (options.as_json) {
    fmt::print("{}\n", json::serialize(json::object{{"ok", problems.empty()},
                                                    {"problems", json_list(problems)}}));
  } else if (problems.empty()) {
    fmt::print("fine      {}\n", *options.file);
  } else {
    for (const std::string& problem : problems) {
      fmt::print("{}\n", problem);
    }
    fmt::print("{} {} in {}\n", problems.size(), problems.size() == 1 ? "problem" : "problems",
               *options.file);
  }
  return problems.empty() ? 0 : 1;
}

// --- explain ----------------------------------------------------------------------------------

ConfigEntry entry_of(const json::object& object) {
  return {.key = text_in(object, "key"),
          .text = text_in(object, "value"),
          .place = text_in(object, "place"),
          .is_secret = flag_in(object, "is_secret")};
}

/// Nothing: no server runs.
std::optional<std::vector<ConfigEntry>> running_entries(const ServerPlace& place) {
  const auto answer = ask_if_running(place, {{"command", "config.entries"}});
  if (!answer) {
    return std::nullopt;
  }
  std::vector<ConfigEntry> entries;
  for (const json::object& each : objects_in(*answer, "entries")) {
    entries.push_back(entry_of(each));
  }
  return entries;
}

/// A value and where it is said.
struct Said {
  std::string key;  // "listener[tls].bind"
  std::string value;
  std::string place;
};

std::vector<Said> said_of(const KeyInfo& info, const std::vector<ConfigEntry>& entries) {
  std::vector<Said> said;
  for (const ConfigEntry& entry : entries) {
    if (server::plain_key(entry.key) == info.key) {
      said.push_back({entry.key, server::shown(entry), entry.place});
    }
  }
  if (said.empty() && !info.variable.empty()) {
    said.push_back({info.key, info.default_text, "default"});
  }
  return said;
}

struct Explained {
  KeyInfo info;
  std::vector<Said> in_sources;              // of -c, conf.d and the environment here
  std::optional<std::vector<Said>> running;  // nothing: no server runs
};

json::array json_of(const std::vector<Said>& all) {
  json::array list;
  for (const Said& said : all) {
    list.emplace_back(
        json::object{{"key", said.key}, {"value", said.value}, {"place", said.place}});
  }
  return list;
}

json::object json_of(const Explained& explained) {
  const KeyInfo& info = explained.info;
  json::object object{{"key", info.key},
                      {"meaning", info.meaning},
                      {"type", info.type},
                      {"default", info.default_text},
                      {"variable", info.variable},
                      {"needs_restart", info.needs_restart},
                      {"here", json_of(explained.in_sources)}};
  object["running"] = explained.running ? json::value(json_of(*explained.running)) : nullptr;
  return object;
}

void print_said(std::string_view where, const std::vector<Said>& all, const KeyInfo& info) {
  for (const Said& said : all) {
    const std::string whose = said.key == info.key ? "" : said.key + " = ";
    fmt::print("  {:<9} {}{}  ({})\n", where, whose, said.value, said.place);
  }
  if (all.empty()) {
    fmt::print("  {:<9} nowhere said\n", where);
  }
}

void print_one(const Explained& explained) {
  const KeyInfo& info = explained.info;
  fmt::print("{}\n  {}\n  type      {}\n", info.key, info.meaning, info.type);
  if (!info.default_text.empty()) {
    fmt::print("  default   {}\n", info.default_text);
  }
  if (!info.variable.empty()) {
    fmt::print("  variable  {}\n", info.variable);
  }
  print_said("here", explained.in_sources, info);
  if (explained.running) {
    print_said("running", *explained.running, info);
  } else {
    fmt::print("  running   no server runs\n");
  }
  if (info.needs_restart) {
    fmt::print("  note      a running server keeps what it started with\n");
  }
}

void print_all(const std::vector<Explained>& all) {
  TextTable table({"key", "value", "from", "type"});
  for (const Explained& explained : all) {
    const auto& said = explained.running ? *explained.running : explained.in_sources;
    for (const Said& each : said) {
      table.add({each.key, each.value, each.place, explained.info.type});
    }
  }
  fmt::print("{}", table.text());
}

/// The key of that name, or those of a section: "limits".
std::vector<KeyInfo> keys_named(const std::optional<std::string>& name) {
  std::vector<KeyInfo> all = server::all_keys();
  if (!name) {
    return all;
  }
  const std::string plain = server::plain_key(*name);
  std::vector<KeyInfo> found;
  std::ranges::copy_if(all, std::back_inserter(found),
                       [&](const KeyInfo& info) { return info.key == plain; });
  if (found.empty()) {
    std::ranges::copy_if(all, std::back_inserter(found),
                         [&](const KeyInfo& info) { return info.key.starts_with(plain + "."); });
  }
  if (found.empty()) {
    std::vector<std::string_view> names;
    for (const KeyInfo& info : all) {
      names.push_back(info.key);
    }
    const std::string_view near = nearest(plain, names);
    throw std::runtime_error("there is no key " + *name +
                             (near.empty() ? "" : "; did you mean " + std::string(near) + "?"));
  }
  return found;
}

int explain(const ConfigOptions& options) {
  const std::vector<KeyInfo> keys = keys_named(options.key);
  const std::vector<ConfigEntry> here = load(options.place.config, true).entries;
  const auto running = running_entries(options.place);
  std::vector<Explained> all;
  for (const KeyInfo& info : keys) {
    Explained& explained = all.emplace_back();
    explained.info = info;
    explained.in_sources = said_of(info, here);
    if (running) {
      explained.running = said_of(info, *running);
    }
  }
  if (options.as_json) {
    json::array list;
    for (const Explained& explained : all) {
      list.emplace_back(json_of(explained));
    }
    fmt::print("{}\n", json::serialize(list));
  } else if (all.size() == 1) {
    print_one(all.front());
  } else {
    print_all(all);
  }
  return 0;
}

// --- diff and reload --------------------------------------------------------------------------

ConfigChange change_of(const json::object& object) {
  const std::string kind = text_in(object, "kind");
  return {.kind = kind == "added"     ? ConfigChange::Kind::added
                  : kind == "removed" ? ConfigChange::Kind::removed
                                      : ConfigChange::Kind::changed,
          .key = text_in(object, "key"),
          .before = text_in(object, "before"),
          .after = text_in(object, "after"),
          .place = text_in(object, "place"),
          .needs_restart = flag_in(object, "needs_restart")};
}

std::vector<ConfigChange> changes_in(const json::object& answer) {
  std::vector<ConfigChange> changes;
  for (const json::object& each : objects_in(answer, "changes")) {
    changes.push_back(change_of(each));
  }
  return changes;
}

json::array json_of(const std::vector<ConfigChange>& changes) {
  constexpr std::string_view kinds[] = {"changed", "added", "removed"};
  json::array list;
  for (const ConfigChange& change : changes) {
    list.emplace_back(json::object{{"kind", kinds[static_cast<std::size_t>(change.kind)]},
                                   {"key", change.key},
                                   {"before", change.before},
                                   {"after", change.after},
                                   {"place", change.place},
                                   {"needs_restart", change.needs_restart}});
  }
  return list;
}

void print_changes(const std::vector<ConfigChange>& changes) {
  for (const ConfigChange& change : changes) {
    fmt::print("{:<9} {}{}{}\n", change.needs_restart ? "restart" : "change",
               server::line_of(change), change.place.empty() ? "" : "  (" + change.place + ")",
               change.needs_restart ? ": only another start changes it" : "");
  }
}

/// What counts whatever a file says: the server's environment and command line.
bool is_over_files(const ConfigEntry& entry) {
  return entry.place.starts_with("PEAL_") || entry.place.starts_with("--");
}

/// As if the running server had been started with that file in place of its own.
std::vector<ConfigChange> compare_with_file(const ServerPlace& place, const std::string& file) {
  auto running = running_entries(place);
  if (!running) {
    throw std::runtime_error("no server runs with its state in " + place.directory() +
                             "; start one (`peal serve`), or say which one (--data, -c)");
  }
  std::vector<ConfigEntry> said = load(file, false).entries;
  const auto is_of_p = [](const ConfigEntry& entry) { return entry.place == "-p"; };
  if (std::erase_if(*running, is_of_p) > 0) {  // instead of the default listeners
    std::erase_if(said, [](const ConfigEntry& entry) { return entry.place == "default"; });
  }
  for (ConfigEntry& entry : said) {
    entry.text = server::shown(entry);  // all that the server tells of a secret, too
  }
  for (const ConfigEntry& entry : *running) {
    if (is_over_files(entry)) {
      std::erase_if(said, [&](const ConfigEntry& each) { return each.key == entry.key; });
      said.push_back(entry);
    }
  }
  return server::config_changes(*running, said);
}

int diff(const ConfigOptions& options) {
  try {
    const std::vector<ConfigChange> changes =
        options.file ? compare_with_file(options.place, *options.file)
                     : changes_in(ask_running(options.place, {{"command", "config.pending"}}));
    if (options.as_json) {
      fmt::print("{}\n", json::serialize(json_of(changes)));
    } else if (changes.empty()) {
      fmt::print("same      the server runs with what is said\n");
    } else {
      print_changes(changes);
    }
    return changes.empty() ? exit_same : exit_different;
  } catch (const std::runtime_error& problem) {
    fmt::print(stderr, "peal: {}\n", problem.what());
    return exit_trouble;
  }
}

int reload(const ConfigOptions& options) {
  const json::object answer =
      ask_running(options.place, {{"command", "config.reload"}}, reload_patience);
  const std::vector<ConfigChange> changes = changes_in(answer);
  if (options.as_json) {
    fmt::print("{}\n", json::serialize(json_of(changes)));
    return 0;
  }
  print_changes(changes);
  fmt::print("reloaded  {}\n", changes.empty()
                                   ? "no key is another; files of users, rules and certificates "
                                     "were read again"
                                   : "it counts now");
  return 0;
}

// --- the commands -----------------------------------------------------------------------------

void declare_check(CLI::App& app, ConfigOptions& options) {
  app.add_option("FILE", options.file, "the file; conf.d beside it is read, too")->required();
}

void declare_explain(CLI::App& app, ConfigOptions& options) {
  options.place.declare(app);
  app.add_option("KEY", options.key, "such as limits.packet, listener.tls.cert, or limits");
}

void declare_diff(CLI::App& app, ConfigOptions& options) {
  options.place.declare(app);
  app.add_option("FILE", options.file, "in place of the file that the server was started with");
}

void declare_reload(CLI::App& app, ConfigOptions& options) { options.place.declare(app); }

struct ConfigCommand {
  const char* name;
  const char* description;
  void (*declare)(CLI::App& app, ConfigOptions& options);
  int (*run)(const ConfigOptions& options);
};

constexpr std::array commands{
    ConfigCommand{"check", "say everything that is wrong with a file", declare_check, check},
    ConfigCommand{"explain", "what keys mean, which value they have, and who said so",
                  declare_explain, explain},
    ConfigCommand{"diff", "what a reload would change (exit 1: something, 2: it could not)",
                  declare_diff, diff},
    ConfigCommand{"reload", "have the running server read its configuration again", declare_reload,
                  reload},
};

}  // namespace

int config_main(int argc, char** argv) {
  CLI::App app("The configuration: check it, explain it, compare it, apply it.", "peal config");
  app.footer("Example: peal config check /etc/peal/peal.toml && peal config reload");
  app.require_subcommand(1);
  ConfigOptions options;
  const ConfigCommand* chosen = nullptr;
  for (const ConfigCommand& command : commands) {
    CLI::App* each = app.add_subcommand(command.name, command.description);
    command.declare(*each, options);
    each->add_flag("--json", options.as_json, "for programs");
    each->callback([&chosen, &command] { chosen = &command; });
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem);
  }
  return chosen == nullptr ? 1 : chosen->run(options);  // CLI11 demands one
}

}  // namespace peal::cli
