#include "peal/server/config_reader.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <span>
#include <sys/stat.h>
#include <type_traits>
#include <unistd.h>

#include "peal/base/hash.hpp"
#include "peal/base/nearest.hpp"
#include "peal/mqtt/escaped.hpp"
#include "peal/server/config_keys.hpp"
#include "peal/server/config_text.hpp"
#include "peal/server/config_toml.hpp"

namespace peal::server {

namespace {

constexpr std::size_t file_limit = std::size_t{16} << 20;
constexpr std::size_t files_limit = 256;  // of conf.d
constexpr std::size_t shown_limit = 1024;
constexpr std::uint64_t digest_key = 0x636F6E666967;
constexpr std::string_view variable_prefix = "PEAL_";

std::string cut(std::string text) {
  if (text.size() > shown_limit) {
    text.resize(shown_limit);
    text += "...";
  }
  return text;
}

template <typename Key>
bool is_secret(const Key& key) {
  if constexpr (std::is_same_v<Key, AuthSourceKey>) {
    return key.is_secret;
  }
  return false;
}

/// Lists whose tables are elements; what is nearest to a wrong name may be one of them.
constexpr std::string_view list_names[] = {"listener", "role", "auth.source"};

template <typename Key>
std::vector<std::string_view> names_of(std::span<const Key> keys) {
  std::vector<std::string_view> names;
  for (const Key& key : keys) {
    names.push_back(key.name);
  }
  if constexpr (std::is_same_v<Key, ServerKey>) {
    names.insert(names.end(), std::begin(list_names), std::end(list_names));
  }
  return names;
}

std::string no_such_key(std::string_view key, std::span<const std::string_view> names) {
  const std::string_view near = nearest(key, names);
  return near.empty() ? "no such key" : "no such key; did you mean " + std::string(near) + "?";
}

std::string number_suffix(int number) { return number == 1 ? "" : "#" + std::to_string(number); }

}  // namespace

/// One document on its way through the tables.
struct DocumentWalk {
  ConfigReader& reader;
  ConfigSource source;

  /// Does something for one value; what is wrong with it is noted.
  template <typename Action>
  void attempt(Action action) const {
    try {
      action();
    } catch (const ConfigError& problem) {
      std::ranges::copy(problem.problems(), std::back_inserter(reader.problems_));
    }
  }

  void expand(const ConfigValue& value, std::string& text) const {
    if (!has_reference(text)) {
      return;
    }
    auto expanded = expand_text(text);
    if (!expanded) {
      refuse(value, expanded.error());
    }
    text = std::move(expanded->text);
    std::ranges::move(expanded->secrets, std::back_inserter(reader.config_.secrets));
  }

  void expand(ConfigValue& value) const {
    const ConfigValue& where = value;
    expand(where, value.text);
    for (std::string& text : value.list) {
      expand(where, text);
    }
    for (ConfigValue::Pair& pair : value.pairs) {
      expand(where, pair.text);
    }
  }

  /// Applies one value through the table that knows its key.
  template <typename Key, typename Target>
  void apply(std::span<const Key> keys, Target& target, ConfigValue value,
             const std::string& prefix) const {
    const auto key = std::ranges::find(keys, std::string_view(value.key), &Key::name);
    if (key == keys.end()) {
      refuse(value, no_such_key(value.key, names_of(keys)));
    }
    ConfigEntry entry{.key = prefix + value.key,
                      .text = cut(text_of(value)),
                      .place = value.place,
                      .is_secret = is_secret(*key)};
    expand(value);
    key->apply(target, value);
    entry.digest = hash_text(text_of(value), digest_key);
    reader.note(std::move(entry));
  }

  /// Walks a table's leaves, deeper ones named with dots. `prefix` is what they are noted with.
  template <typename Key, typename Target>
  void apply_table(std::span<const Key> keys, Target& target, const toml::table& table,
                   const std::string& above, const std::string& prefix) const {
    for (const auto& [name, node] : in_order(table)) {
      const std::string key = above + name;
      if (const toml::table* inner = node->as_table()) {
        apply_table(keys, target, *inner, key + ".", prefix);
      } else {
        attempt([&, each = node] { apply(keys, target, value_of(key, *each, source), prefix); });
      }
    }
  }

  /// "listener[tls]"; a second one of that name is "listener[tls]#2", and what has no name is
  /// numbered.
  template <typename Target>
  std::string label_of(const std::string& list, const toml::table& table) const {
    if constexpr (std::is_same_v<Target, AuthSourceConfig>) {
      return list + "[" + std::to_string(++reader.labels_[{list, ""}]) + "]";
    }
    const auto name = table["name"].value<std::string>();
    const std::string word =
        mqtt::printable(name.value_or(list == "listener" ? ListenerConfig{}.name : ""));
    return list + "[" + word + "]" + number_suffix(++reader.labels_[{list, word}]);
  }

  template <typename Key, typename Target>
  void apply_element(std::span<const Key> keys, Target& target, const toml::table& table,
                     const std::string& list) const {
    target.place = place_of(table, source) + ": ";
    if constexpr (std::is_same_v<Target, ListenerConfig>) {
      // A [listener.tls] without a key in it must not become a listener without TLS.
      if (table.contains("tls")) {
        target.tls.emplace();
      }
    }
    const std::string label = label_of<Target>(list, table);
    reader.note({.key = label, .text = {}, .place = place_of(table, source)});
    apply_table(keys, target, table, "", label + ".");
  }

  /// Each table of `[[name]]` as one `Target` behind the others.
  template <typename Key, typename Target>
  void apply_list(std::span<const Key> keys, std::vector<Target>& targets, const toml::node& node,
                  const std::string& name) const {
    const toml::array* list = node.as_array();
    const bool is_list_of_tables =
        list != nullptr &&
        std::ranges::all_of(*list, [](const toml::node& each) { return each.is_table(); });
    if (!is_list_of_tables) {
      reader.add_problem(place_of(node, source) + ": " + name + "s are written as [[" + name +
                         "]]");
      return;
    }
    for (const toml::node& each : *list) {
      apply_element(keys, targets.emplace_back(), *each.as_table(), name);
    }
  }

  void apply_document(toml::table document) const {
    Config& config = reader.config_;
    if (const toml::node* listeners = document.get("listener")) {
      apply_list(listener_keys(), config.listeners, *listeners, "listener");
      document.erase("listener");
    }
    if (const toml::node* roles = document.get("role")) {
      apply_list(role_keys(), config.auth.roles, *roles, "role");
      document.erase("role");
    }
    toml::table* auth = document["auth"].as_table();
    if (const toml::node* sources = auth == nullptr ? nullptr : auth->get("source")) {
      apply_list(auth_source_keys(), config.auth.sources, *sources, "auth.source");
      auth->erase("source");
    }
    apply_table(server_keys(), config, document, "", "");
  }

  /// KEY=VALUE of the command line or the environment.
  void apply_assignment(std::string_view key, std::string_view value) const {
    const std::string begin = std::string(key) + "=";
    toml::table document;
    try {
      document = toml::parse(begin + std::string(value));
    } catch (const toml::parse_error&) {
      try {
        document = toml::parse(begin + "'" + std::string(value) + "'");
      } catch (const toml::parse_error& problem) {
        reader.add_problem(source.name + ": " + std::string(problem.description()));
        return;
      }
    }
    for (const char* list : {"listener", "role"}) {
      if (document.contains(list)) {
        reader.add_problem(source.name + ": " + list + "s are written in the file (-c FILE)");
        return;
      }
    }
    apply_document(std::move(document));
  }
};

void ConfigReader::note(ConfigEntry entry) {
  const auto [at, is_new] = entry_of_.try_emplace(entry.key, config_.entries.size());
  if (is_new) {
    config_.entries.push_back(std::move(entry));
  } else {
    config_.entries[at->second] = std::move(entry);
  }
}

void ConfigReader::note_option(std::string_view key, std::string text, std::string_view option) {
  const std::uint64_t digest = hash_text(text, digest_key);
  note({.key = std::string(key),
        .text = std::move(text),
        .place = std::string(option),
        .digest = digest});
}

std::vector<std::string> ConfigReader::problems() const {
  std::vector<std::string> told;
  for (const std::string& problem : problems_) {
    told.push_back(without_secrets(problem, config_.secrets));
  }
  return told;
}

void ConfigReader::read_file(const std::string& file, bool refuses_empty) {
  const auto text = read_whole_file(file, file_limit);
  if (!text || (text->empty() && refuses_empty)) {
    add_problem(file + ": " + (text ? "is empty; is it being written?" : text.error()));
    return;
  }
  try {
    DocumentWalk{*this, {.name = file}}.apply_document(toml::parse(*text, file));
  } catch (const toml::parse_error& problem) {
    const auto begin = problem.source().begin;
    add_problem(file + ":" + std::to_string(begin.line) + ":" + std::to_string(begin.column) +
                ": " + std::string(problem.description()));
  }
}

namespace {

/// Who may write the folder decides about the server: that has to be who may write the file, or
/// root, or who started this.
/// returns   what speaks against it; empty: nothing.
std::string objection_to(const std::string& folder, const std::string& beside) {
  struct stat of_folder{};
  struct stat of_file{};
  if (::stat(folder.c_str(), &of_folder) != 0) {
    return std::string("cannot be looked at: ") + std::strerror(errno);
  }
  const bool has_file = ::stat(beside.c_str(), &of_file) == 0;
  const bool is_ours = of_folder.st_uid == 0 || of_folder.st_uid == ::geteuid() ||
                       (has_file && of_folder.st_uid == of_file.st_uid);
  if (!is_ours || (of_folder.st_mode & S_IWOTH) != 0) {
    return "others may write here, and so decide about the server: give it to the owner of " +
           beside + " alone (chown, chmod o-w), or remove it";
  }
  return {};
}

}  // namespace

void ConfigReader::read_folder(const std::string& folder, const std::string& beside) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) {
    return;
  }
  if (const std::string objection = objection_to(folder, beside); !objection.empty()) {
    add_problem(folder + ": " + objection);
    return;
  }
  std::vector<std::string> files;
  std::filesystem::directory_iterator each(folder, error);
  for (; !error && each != std::filesystem::directory_iterator(); each.increment(error)) {
    const std::string name = each->path().filename();
    if (name.ends_with(".toml") && !name.starts_with('.')) {
      files.push_back(each->path());
    }
  }
  if (error || files.size() > files_limit) {
    add_problem(folder + ": " +
                (error ? "cannot be read: " + error.message()
                       : "has more than " + std::to_string(files_limit) + " files"));
    return;
  }
  std::ranges::sort(files);
  for (const std::string& file : files) {
    read_file(file);
  }
}

void ConfigReader::read_setting(const std::string& setting) {
  const std::string source = "--set " + setting;
  const std::size_t equals = setting.find('=');
  if (equals == std::string::npos) {
    add_problem(source + ": must be KEY=VALUE");
    return;
  }
  DocumentWalk{*this, {.name = source, .has_lines = false}}.apply_assignment(
      std::string_view(setting).substr(0, equals), std::string_view(setting).substr(equals + 1));
}

/// Every key of a section has "__" in its variable, and so nobody else's variable (PEAL_PORT, which
/// Kubernetes makes for a service of that name) is taken for one, and a misspelt one is found.
void ConfigReader::read_variable(const std::string& variable) {
  const std::size_t equals = variable.find('=');
  if (!variable.starts_with(variable_prefix) || equals == std::string::npos) {
    return;
  }
  const std::string name = variable.substr(0, equals);
  std::vector<std::string> names;
  for (const ServerKey& key : server_keys()) {
    names.push_back(variable_of(key.name));
    if (names.back() == name) {
      DocumentWalk{*this, {.name = name, .has_lines = false}}.apply_assignment(
          key.name, std::string_view(variable).substr(equals + 1));
      return;
    }
  }
  if (name.find("__") != std::string::npos) {
    const std::vector<std::string_view> known(names.begin(), names.end());
    add_problem(name + ": " + no_such_key(name, known));
  }
}

}  // namespace peal::server
