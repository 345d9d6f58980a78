#include "peal/server/config_check.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace peal::server {

namespace {

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
  if (listener.tls) {
    check_tls(*listener.tls, auth, where);
  }
}

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

/// Notes what a check of one thing finds.
template <typename Check>
void attempt(std::vector<std::string>& problems, Check check) {
  try {
    check();
  } catch (const ConfigError& problem) {
    std::ranges::copy(problem.problems(), std::back_inserter(problems));
  }
}

}  // namespace

std::vector<std::string> problems_of(const Config& config) {
  std::vector<std::string> problems;
  for (const ListenerConfig& listener : config.listeners) {
    attempt(problems, [&] { check_listener(listener, config.auth); });
  }
  for (const AuthSourceConfig& source : config.auth.sources) {
    attempt(problems, [&] { check_source(source); });
  }
  for (const RoleConfig& role : config.auth.roles) {
    attempt(problems, [&] { check_role(role); });
  }
  return problems;
}

}  // namespace peal::server
