#include "peal/server/config.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <toml++/toml.h>
#include <type_traits>

#include "peal/base/nearest.hpp"
#include "peal/net/listener.hpp"
#include "peal/net/network.hpp"
#include "peal/server/config_keys.hpp"

namespace peal::server {

namespace {

std::string place_of(const toml::node& node, const std::string& source) {
  const auto begin = node.source().begin;
  return source + ":" + std::to_string(begin.line) + ":" + std::to_string(begin.column);
}

/// A list of strings, or of tables with one string each.
void take_list(ConfigValue& value, const toml::array& list, const std::string& source) {
  const bool has_tables = !list.empty() && list.front().is_table();
  value.kind = has_tables ? ConfigValue::Kind::pair_list : ConfigValue::Kind::text_list;
  for (const toml::node& item : list) {
    const toml::table* table = item.as_table();
    if (!has_tables && item.is_string()) {
      value.list.push_back(item.as_string()->get());
    } else if (has_tables && table != nullptr && table->size() == 1 &&
               table->begin()->second.is_string()) {
      value.pairs.push_back({place_of(item, source), std::string(table->begin()->first.str()),
                             table->begin()->second.as_string()->get()});
    } else {
      value.kind = ConfigValue::Kind::other;
      return;
    }
  }
}

ConfigValue value_of(std::string key, const toml::node& node, const std::string& source) {
  ConfigValue value;
  value.key = std::move(key);
  value.place = place_of(node, source);
  if (const auto* text = node.as_string()) {
    value.kind = ConfigValue::Kind::text;
    value.text = text->get();
  } else if (const auto* integer = node.as_integer()) {
    value.kind = ConfigValue::Kind::integer;
    value.integer = integer->get();
  } else if (const auto* boolean = node.as_boolean()) {
    value.kind = ConfigValue::Kind::boolean;
    value.boolean = boolean->get();
  } else if (const auto* list = node.as_array()) {
    take_list(value, *list, source);
  }
  return value;
}

/// Applies one value through the table that knows its key.
template <typename Key, typename Target>
void apply(std::span<const Key> keys, Target& target, const ConfigValue& value) {
  for (const Key& key : keys) {
    if (key.name == value.key) {
      key.apply(target, value);
      return;
    }
  }
  std::vector<std::string_view> names;
  for (const Key& key : keys) {
    names.push_back(key.name);
  }
  const std::string_view near = nearest(value.key, names);
  refuse(value,
         near.empty() ? "no such key" : "no such key; did you mean " + std::string(near) + "?");
}

/// Walks a table's leaves, deeper ones named with dots.
template <typename Key, typename Target>
void apply_table(std::span<const Key> keys, Target& target, const toml::table& table,
                 const std::string& prefix, const std::string& source) {
  for (const auto& [name, node] : table) {
    const std::string key = prefix + std::string(name.str());
    if (const toml::table* inner = node.as_table()) {
      apply_table(keys, target, *inner, key + ".", source);
    } else {
      apply(keys, target, value_of(key, node, source));
    }
  }
}

/// Each table of `[[name]]` as one `Target` behind the others.
template <typename Key, typename Target>
void apply_list(std::span<const Key> keys, std::vector<Target>& targets, const toml::node& node,
                const std::string& name, const std::string& source) {
  const toml::array* list = node.as_array();
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    const toml::table* table = list->get(i)->as_table();
    if (table == nullptr) {
      list = nullptr;
      break;
    }
    Target& target = targets.emplace_back();
    target.place = place_of(*table, source) + ": ";
    if constexpr (std::is_same_v<Target, ListenerConfig>) {
      // A [listener.tls] without a key in it must not become a listener without TLS.
      if (table->contains("tls")) {
        target.tls.emplace();
      }
    }
    apply_table(keys, target, *table, "", source);
  }
  if (list == nullptr) {
    throw ConfigError(place_of(node, source) + ": " + name + "s are written as [[" + name + "]]");
  }
}

void apply_document(Config& config, toml::table document, const std::string& source) {
  if (const toml::node* listeners = document.get("listener")) {
    apply_list(listener_keys(), config.listeners, *listeners, "listener", source);
    document.erase("listener");
  }
  if (const toml::node* roles = document.get("role")) {
    apply_list(role_keys(), config.auth.roles, *roles, "role", source);
    document.erase("role");
  }
  toml::table* auth = document["auth"].as_table();
  if (const toml::node* sources = auth == nullptr ? nullptr : auth->get("source")) {
    apply_list(auth_source_keys(), config.auth.sources, *sources, "auth.source", source);
    auth->erase("source");
  }
  apply_table(server_keys(), config, document, "", source);
}

void apply_file(Config& config, const std::string& file) {
  try {
    apply_document(config, toml::parse_file(file), file);
  } catch (const toml::parse_error& problem) {
    const auto begin = problem.source().begin;
    const std::string place = begin.line == 0 ? file
                                              : file + ":" + std::to_string(begin.line) + ":" +
                                                    std::to_string(begin.column);
    throw ConfigError(place + ": " + std::string(problem.description()));
  }
}

/// "session.inflight=10". A value that is no TOML is taken as text: `--set log.level=debug`.
void apply_setting(Config& config, const std::string& setting) {
  const std::string source = "--set " + setting;
  const std::size_t equals = setting.find('=');
  if (equals == std::string::npos) {
    throw ConfigError(source + ": must be KEY=VALUE");
  }
  toml::table document;
  try {
    document = toml::parse(setting);
  } catch (const toml::parse_error&) {
    try {
      document = toml::parse(setting.substr(0, equals) + "='" + setting.substr(equals + 1) + "'");
    } catch (const toml::parse_error& problem) {
      throw ConfigError(source + ": " + std::string(problem.description()));
    }
  }
  for (const char* list : {"listener", "role"}) {
    if (document.contains(list)) {
      throw ConfigError(source + ": " + list + "s are written in the file (-c FILE)");
    }
  }
  apply_document(config, std::move(document), source);
}

void add_default_listeners(Config& config, const std::optional<unsigned>& port) {
  const std::vector<unsigned> ports =
      port ? std::vector<unsigned>{*port} : std::vector<unsigned>{1883, 8083};
  for (const unsigned number : ports) {
    for (const char* host : {"127.0.0.1:", "[::1]:"}) {
      ListenerConfig listener;
      listener.bind = host + std::to_string(number);
      config.listeners.push_back(std::move(listener));
    }
  }
}

bool is_loopback_bind(const std::string& bind) {
  return bind.starts_with("unix:") || bind.starts_with("127.") || bind.starts_with("[::1]:") ||
         bind.starts_with("localhost:");
}

void check_tls(const TlsConfig& tls, const AuthConfig& auth, const std::string& where) {
  if (tls.is_auto && !(tls.key.empty() && tls.client_ca.empty() && tls.crl.empty())) {
    throw ConfigError(where +
                      "\"auto\" brings its own tls.key, tls.client_ca and tls.crl; leave them out, "
                      "or name a certificate of your own");
  }
  const bool is_without_certificate = tls.psk && tls.cert.empty() && tls.key.empty();
  if (!tls.is_auto && !is_without_certificate && (tls.cert.empty() || tls.key.empty())) {
    throw ConfigError(where + "TLS needs both tls.cert and tls.key, or tls = \"auto\"");
  }
  if (!tls.is_auto && tls.is_for_clients() && tls.client_ca.empty()) {
    throw ConfigError(where + "tls.client_cert needs tls.client_ca");
  }
  if (!tls.is_auto && !tls.names.empty()) {
    throw ConfigError(where + "tls.names goes with tls.cert = \"auto\"");
  }
  if (tls.psk && !auth.has_keys()) {
    throw ConfigError(where +
                      "tls.psk needs keys: [[auth.source]] type = \"psk\", path = \"FILE\"");
  }
}

void check_proxies(const ListenerConfig& listener, const std::string& where) {
  if (!listener.proxy_protocol && listener.proxy_from != ListenerConfig{}.proxy_from) {
    throw ConfigError(where + "proxy_from goes with proxy_protocol = \"required\"");
  }
  if (listener.proxy_from.empty()) {
    throw ConfigError(where + "proxy_from names nobody, so nobody could connect");
  }
  for (const std::string& proxy : listener.proxy_from) {
    if (!net::Network::parse(proxy)) {
      throw ConfigError(where + "proxy_from: \"" + proxy +
                        "\" is no address or network, such as \"192.0.2.1\" or \"10.0.0.0/8\"");
    }
  }
}

void check_listener(const ListenerConfig& listener, const AuthConfig& auth) {
  if (listener.bind.empty()) {
    throw ConfigError(listener.place + "a listener needs bind = \"ADDRESS:PORT\"");
  }
  const std::string where =
      listener.place + "listener \"" + listener.name + "\" (" + listener.bind + "): ";
  if (!is_loopback_bind(listener.bind) && !auth.has_users() &&
      listener.anonymous != AnonymousAccess::yes) {
    throw ConfigError(
        where +
        "other machines could reach it, and there are no users. Write [[auth.source]] type = "
        "\"users\" and make some (`peal user add NAME`); or write anonymous = \"yes\" in this "
        "[[listener]] to let everybody in, or bind it to 127.0.0.1.");
  }
  if (!listener.mqtt && !listener.ws && !listener.http) {
    throw ConfigError(where + "protocols must name at least one of \"mqtt\", \"ws\", \"http\"");
  }
  check_proxies(listener, where);
  if (listener.tls) {
    check_tls(*listener.tls, auth, where);
  }
}

/// Of a token, at most.
constexpr std::size_t token_bytes = 8192;

/// Which keys go with which types.
struct SourceKey {
  std::string_view name;
  std::string AuthSourceConfig::* value;
  std::string_view types;
  bool is_needed;
};
constexpr std::array source_keys{
    SourceKey{"path", &AuthSourceConfig::path, "file psk", true},
    SourceKey{"username", &AuthSourceConfig::username, "certificate jwt", false},
    SourceKey{"jwks", &AuthSourceConfig::jwks, "jwt", true},
    SourceKey{"issuer", &AuthSourceConfig::issuer, "jwt", false},
    SourceKey{"audience", &AuthSourceConfig::audience, "jwt", false},
    SourceKey{"url", &AuthSourceConfig::url, "http", true},
    SourceKey{"ca", &AuthSourceConfig::ca, "jwt http", false},
    SourceKey{"on_failure", &AuthSourceConfig::on_failure, "http", false},
};

void check_source(const AuthSourceConfig& source) {
  if (source.type.empty()) {
    throw ConfigError(source.place + "an [[auth.source]] needs type = \"users\" or another one");
  }
  for (const SourceKey& key : source_keys) {
    const bool is_set = !(source.*key.value).empty();
    const bool is_known = key.types.find(source.type) != std::string_view::npos;
    if (is_set && !is_known) {
      throw ConfigError(source.place + "a source of type \"" + source.type + "\" has no " +
                        std::string(key.name));
    }
    if (!is_set && is_known && key.is_needed) {
      throw ConfigError(source.place + "a source of type \"" + source.type + "\" needs " +
                        std::string(key.name) + " = \"...\"");
    }
  }
}

void check_role(const RoleConfig& role) {
  if (role.name.empty() || role.users.empty()) {
    throw ConfigError(
        role.place +
        "a [[role]] needs name = \"...\" and users = [...], who has it: names, with * "
        "for any text");
  }
}

}  // namespace

bool AuthConfig::has_keys() const {
  return std::ranges::find(sources, "psk", &AuthSourceConfig::type) != sources.end();
}

Config load_config(const ConfigSources& sources) {
  Config config;
  if (sources.file) {
    apply_file(config, *sources.file);
  }
  for (const std::string& setting : sources.settings) {
    apply_setting(config, setting);
  }
  if (config.listeners.empty()) {
    add_default_listeners(config, sources.port);
  }
  if (sources.workers) {
    config.workers = *sources.workers;
  }
  if (sources.data) {
    config.store.dir = *sources.data;
  }
  for (const ListenerConfig& listener : config.listeners) {
    check_listener(listener, config.auth);
  }
  for (const AuthSourceConfig& source : config.auth.sources) {
    check_source(source);
    if (source.type == "jwt") {  // a token stands in place of the password
      config.settings.limits.password_bytes =
          std::max(config.settings.limits.password_bytes, token_bytes);
    }
  }
  for (const RoleConfig& role : config.auth.roles) {
    check_role(role);
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
