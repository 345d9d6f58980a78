#include "peal/server/config_files.hpp"

#include <algorithm>
#include <iterator>

#include "peal/auth/json_web_keys.hpp"
#include "peal/auth/password_file.hpp"
#include "peal/server/listener_runtime.hpp"
#include "peal/server/psk_keys.hpp"
#include "peal/server/rights.hpp"

namespace peal::server {

namespace {

void try_source(const AuthSourceConfig& source) {
  if (source.type == "file") {
    if (const auto file = auth::PasswordFile::read(source.path); !file) {
      throw ConfigError(source.place + file.error());
    }
  }
  const bool has_key_file = source.type == "jwt" && !source.jwks.starts_with("http://") &&
                            !source.jwks.starts_with("https://");
  if (has_key_file) {
    if (const auto keys = auth::JsonWebKeys::read(source.jwks); !keys) {
      throw ConfigError(source.place + keys.error());
    }
  }
}

/// Those of tls = "auto" are made by the server.
void try_listener(const ListenerConfig& listener, const broker::Settings& settings) {
  if (listener.tls && !listener.tls->is_auto) {
    const TlsSources sources{.authority = nullptr,
                             .psk = [](std::string_view) { return std::vector<std::uint8_t>{}; }};
    const ListenerRuntime tried(listener, settings, sources);
  }
}

}  // namespace

std::vector<std::string> problems_with_files(const Config& config) {
  std::vector<std::string> problems;
  const auto attempt = [&](auto action) {
    try {
      action();
    } catch (const ConfigError& problem) {
      std::ranges::copy(problem.problems(), std::back_inserter(problems));
    }
  };
  for (const ListenerConfig& listener : config.listeners) {
    attempt([&] { try_listener(listener, config.settings); });
  }
  for (const AuthSourceConfig& source : config.auth.sources) {
    attempt([&] { try_source(source); });
  }
  attempt([&] { (void)PskKeys::read(config.auth); });
  attempt([&] { (void)read_rules(config.auth, nullptr); });
  return problems;
}

}  // namespace peal::server
