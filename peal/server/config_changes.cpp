#include "peal/server/config_changes.hpp"

#include <algorithm>
#include <span>
#include <unordered_map>

#include "peal/server/config_keys.hpp"

namespace peal::server {

namespace {

constexpr std::string_view must_be = "must be ";

/// What a key takes, as its own reading says when it is given what it cannot be.
template <typename Target, typename Key>
std::string type_of(const Key& key) {
  ConfigValue wrong;
  wrong.text = "?";
  for (const auto kind : {ConfigValue::Kind::text, ConfigValue::Kind::other}) {
    wrong.kind = kind;
    try {
      Target target;
      key.apply(target, wrong);
    } catch (const ConfigError& problem) {
      const std::string what = problem.what();
      const std::size_t at = what.find(must_be);
      return at == std::string::npos ? what : what.substr(at + must_be.size());
    }
  }
  return {};
}

template <typename Target, typename Key>
void add(std::vector<KeyInfo>& all, std::span<const Key> keys, std::string_view list) {
  for (const Key& key : keys) {
    KeyInfo& info = all.emplace_back();
    info.key = std::string(list) + std::string(key.name);
    info.meaning = key.meaning;
    info.type = type_of<Target>(key);
    info.default_text = key.default_text;
    if constexpr (std::is_same_v<Key, ServerKey>) {
      info.needs_restart = key.needs_restart;
      info.variable = variable_of(key.name);
    }
  }
}

/// "listener[tls]" of "listener[tls].bind"; "" of a key of the server.
std::string_view element_of(std::string_view entry_key) {
  const std::size_t end = entry_key.rfind(']');
  if (end == std::string_view::npos) {
    return {};
  }
  return entry_key.substr(0, entry_key.find('.', end));
}

struct Defaults {
  std::unordered_map<std::string, KeyInfo> by_key;
  Defaults() {
    for (KeyInfo& info : all_keys()) {
      std::string key = info.key;
      by_key.emplace(std::move(key), std::move(info));
    }
  }
  [[nodiscard]] const KeyInfo& of(std::string_view entry_key) const {
    static const KeyInfo none;
    const auto found = by_key.find(plain_key(entry_key));
    return found == by_key.end() ? none : found->second;
  }
};

using Index = std::unordered_map<std::string_view, const ConfigEntry*>;

Index index_of(const std::vector<ConfigEntry>& entries) {
  Index index;
  for (const ConfigEntry& entry : entries) {
    index.emplace(entry.key, &entry);
  }
  return index;
}

const ConfigEntry* find(const Index& index, std::string_view key) {
  const auto found = index.find(key);
  return found == index.end() ? nullptr : found->second;
}

/// What one key is in two configurations; null: it is not said there.
struct Pair {
  std::string_view key;
  const ConfigEntry* before;
  const ConfigEntry* after;
};

/// Nothing: it is the same.
std::optional<ConfigChange> change_of(const Pair& pair, const KeyInfo& info) {
  const auto text_of = [&](const ConfigEntry* entry) {
    return entry == nullptr ? info.default_text : entry->text;
  };
  const bool stands_for_other = pair.before != nullptr && pair.after != nullptr &&
                                pair.before->digest != 0 && pair.after->digest != 0 &&
                                pair.before->digest != pair.after->digest;
  if (text_of(pair.before) == text_of(pair.after) && !stands_for_other) {
    return std::nullopt;
  }
  const auto shown_of = [&](const ConfigEntry* entry) {
    return entry == nullptr ? info.default_text : shown(*entry);
  };
  ConfigChange change{.key = std::string(pair.key),
                      .before = shown_of(pair.before),
                      .after = shown_of(pair.after),
                      .place = pair.after == nullptr ? "default" : pair.after->place,
                      .needs_restart = info.needs_restart};
  if (change.before == change.after) {
    change.after += " (which stands for another value)";
  }
  return change;
}

/// Of an element that is on one side only, one line is enough.
std::optional<ConfigChange> whole_element(const Pair& pair) {
  if (element_of(pair.key) != pair.key || (pair.before != nullptr) == (pair.after != nullptr)) {
    return std::nullopt;
  }
  const bool is_new = pair.after != nullptr;
  return ConfigChange{.kind = is_new ? ConfigChange::Kind::added : ConfigChange::Kind::removed,
                      .key = std::string(pair.key),
                      .before = {},
                      .after = {},
                      .place = is_new ? pair.after->place : ""};
}

}  // namespace

std::vector<KeyInfo> all_keys() {
  std::vector<KeyInfo> all;
  add<Config>(all, server_keys(), "");
  add<ListenerConfig>(all, listener_keys(), "listener.");
  add<AuthSourceConfig>(all, auth_source_keys(), "auth.source.");
  add<RoleConfig>(all, role_keys(), "role.");
  return all;
}

std::string plain_key(std::string_view entry_key) {
  const std::string_view element = element_of(entry_key);
  if (element.empty()) {
    return std::string(entry_key);
  }
  return std::string(element.substr(0, element.find('['))) +
         std::string(entry_key.substr(element.size()));
}

std::vector<ConfigChange> config_changes(const std::vector<ConfigEntry>& before,
                                         const std::vector<ConfigEntry>& after) {
  const Defaults defaults;
  const Index was = index_of(before);
  const Index is = index_of(after);
  std::vector<ConfigChange> changes;
  const auto compare = [&](std::string_view key) {
    const Pair pair{.key = key, .before = find(was, key), .after = find(is, key)};
    const std::string_view element = element_of(key);
    auto change = whole_element(pair);
    if (!change && !element.empty() &&
        (find(was, element) == nullptr || find(is, element) == nullptr)) {
      return;
    }
    change = change ? change : change_of(pair, defaults.of(key));
    if (change) {
      changes.push_back(std::move(*change));
    }
  };
  for (const ConfigEntry& entry : after) {
    compare(entry.key);
  }
  for (const ConfigEntry& entry : before) {
    if (find(is, entry.key) == nullptr) {
      compare(entry.key);
    }
  }
  return changes;
}

std::string shown(const ConfigEntry& entry) { return entry.is_secret ? "(secret)" : entry.text; }

std::string line_of(const ConfigChange& change) {
  switch (change.kind) {
    case ConfigChange::Kind::added:
      return change.key + ": added";
    case ConfigChange::Kind::removed:
      return change.key + ": removed";
    case ConfigChange::Kind::changed:
      break;
  }
  const auto text_or = [](const std::string& text) { return text.empty() ? "nothing" : text; };
  return change.key + ": " + text_or(change.before) + " -> " + text_or(change.after);
}

}  // namespace peal::server
