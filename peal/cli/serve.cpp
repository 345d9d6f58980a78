#include "peal/cli/serve.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fmt/format.h>
#include <malloc.h>
#include <memory>
#include <optional>
#include <pthread.h>
#include <signal.h>
#include <string>
#include <sys/resource.h>
#include <sys/stat.h>
#include <vector>

#include "peal/auth/text_lines.hpp"
#include "peal/cli/sandbox.hpp"
#include "peal/cli/service_manager.hpp"
#include "peal/cli/version.hpp"
#include "peal/server/config_text.hpp"
#include "peal/server/log.hpp"
#include "peal/server/server.hpp"

namespace peal::cli {

namespace {

/// What the command line says; an exit code instead when it is already all.
std::optional<int> parse_options(int argc, char** argv, server::ConfigSources& options) {
  CLI::App app("Run an MQTT server: MQTT 3.1, 3.1.1 and 5, over TCP, TLS and WebSocket.",
               "peal serve");
  app.add_option("-c,--config", options.file, "configuration file (TOML)");
  app.add_option("--set", options.settings, "KEY=VALUE, over what the file says; may be repeated")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--data", options.data, "where state is kept; '' keeps everything in memory");
  app.add_option("--workers", options.workers, "event loops (default: one per core)")
      ->check(CLI::Range(1, 64));
  app.add_option("-p,--port", options.port, "port of the default listeners, 0 for a free one")
      ->check(CLI::Range(0, 65535));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem);
  }
  return std::nullopt;
}

/// A server needs a descriptor per client: as many as the system allows without asking.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
  }
}

/// Bursts come and go: memory that a burst took is kept for the next one, up to a bound, instead of
/// being given back and faulted in again a thousand times a second.
void keep_memory_of_bursts() {
  (void)mallopt(M_TRIM_THRESHOLD, 16 << 20);
  (void)mallopt(M_MMAP_THRESHOLD, 4 << 20);
  (void)mallopt(M_TOP_PAD, 1 << 20);
}

constexpr bool has_sanitizer =
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    true;
#else
    false;
#endif
#else
    false;
#endif

/// A sanitizer looks at its own process from another one, which the sandbox forbids: not unasked.
bool wants_sandbox(server::SandboxMode mode) {
  return mode == server::SandboxMode::on ||
         (mode == server::SandboxMode::automatic && is_started_by_systemd() && !has_sanitizer);
}

/// Before any thread is made, so that all of them are in it.
/// returns   why not, when it was to be entered and need not be; empty otherwise.
std::string enter_sandbox_if_wanted(server::SandboxMode mode) {
  if (!wants_sandbox(mode)) {
    return {};
  }
  try {
    enter_sandbox();
  } catch (const SandboxError& problem) {
    if (mode == server::SandboxMode::on) {
      throw;
    }
    return problem.what();
  }
  return {};
}

void warn_of_no_sandbox(const std::string& problem, broker::Log& log) {
  if (!problem.empty()) {
    log.write({.level = broker::LogLevel::warning,
               .what = "the server runs without a sandbox",
               .client_id = {},
               .address = {},
               .reason = {},
               .detail = problem});
  }
}

/// What this thread waits for: ends, and SIGHUP for the configuration read anew.
sigset_t awaited_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  return signals;
}

/// How `peal pub` and `peal sub` reach the first listener that speaks MQTT without TLS; nothing
/// when there is none.
std::optional<std::string> hint_options(const std::vector<server::Listening>& listening) {
  for (const server::Listening& listener : listening) {
    const bool is_plain =
        listener.protocols.starts_with("mqtt") && !listener.protocols.ends_with("tls");
    const std::size_t colon = listener.address.rfind(':');
    if (!is_plain) {
      continue;
    }
    if (listener.address.starts_with("unix:")) {
      return " --unix " + listener.address.substr(5);
    }
    const std::string host = listener.address.substr(0, colon);
    const std::string port = listener.address.substr(colon + 1);
    // What listens everywhere or on loopback is reached by the default host name.
    const bool is_local = host == "127.0.0.1" || host == "0.0.0.0" || host == "[::]";
    const bool is_v6 = host.starts_with('[');
    return (is_local ? "" : " -h " + (is_v6 ? host.substr(1, host.size() - 2) : host)) +
           (port == "1883" ? "" : " -p " + port);
  }
  return std::nullopt;
}

/// Said to who starts it and written to the log, which outlives the terminal.
void warn_of_open_listeners(const server::Config& config, broker::Log& log) {
  for (const server::ListenerConfig& listener : config.listeners) {
    if (listener.anonymous == server::AnonymousAccess::yes) {
      fmt::print("warning   {} lets everybody in who reaches it (anonymous = \"yes\")\n",
                 listener.bind);
      log.write({.level = broker::LogLevel::warning,
                 .what = "listener is open to everybody",
                 .client_id = {},
                 .address = listener.bind,
                 .reason = "anonymous = \"yes\"",
                 .detail = "whoever reaches it may read and publish everything"});
    }
  }
}

/// A thief of hashes guesses at home, where nothing locks him out.
void warn_of_readable_passwords(const server::AuthConfig& config, broker::Log& log) {
  for (const server::AuthSourceConfig& source : config.sources) {
    if (source.type == "file" && auth::is_readable_by_all(source.path)) {
      fmt::print("warning   every user of this machine may read {} (`chmod o-r` it)\n",
                 source.path);
      log.write({.level = broker::LogLevel::warning,
                 .what = "every user of this machine may read the passwords",
                 .client_id = {},
                 .address = {},
                 .reason = {},
                 .detail = source.path});
    }
  }
}

std::string counted(std::uint64_t count, std::string_view one) {
  return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

/// Where state is kept, and what of it a power cut can take: to who starts it and into the log.
void print_state(const server::Server& server, const server::StoreConfig& config,
                 broker::Log& log) {
  const auto store = server.store();
  if (!store) {
    fmt::print("state     in memory: sessions and retained messages end with the server\n");
    return;
  }
  fmt::print(
      "state     {}: {}, {}, {} waiting\n", *config.dir, counted(store->sessions_found, "session"),
      counted(store->retained_found, "retained message"), counted(store->queued_found, "message"));
  if (config.sync != store::SyncMode::always) {
    const std::string loss =
        config.sync == store::SyncMode::os
            ? "a power cut loses what the system has not written yet, acknowledged or not"
            : fmt::format("a power cut loses what came in the last {} ms, acknowledged or not",
                          config.sync_interval.count());
    fmt::print("warning   {} (store.sync)\n", loss);
    log.write({.level = broker::LogLevel::warning,
               .what = "store.sync is not \"always\"",
               .client_id = {},
               .address = {},
               .reason = {},
               .detail = loss});
  }
}

/// What clients have to believe in before they connect with tls = "auto".
void print_authority(const server::Server& server) {
  if (const auto authority = server.authority()) {
    fmt::print("tls       {} {}\n          SHA-256 {}\n",
               authority->is_new ? "made a private CA; give clients" : "clients believe in",
               authority->certificate_file, authority->fingerprint);
  }
}

void print_start(const server::Server& server, const server::Config& config, broker::Log& log) {
  fmt::print("peal {}: {} {}\n", program_version, server.workers(),
             server.workers() == 1 ? "worker" : "workers");
  for (const server::Listening& listener : server.listening()) {
    fmt::print("listening {} {} {}\n", listener.name, listener.address, listener.protocols);
  }
  print_authority(server);
  warn_of_open_listeners(config, log);
  warn_of_readable_passwords(config.auth, log);
  print_state(server, config.store, log);
  if (const auto options = hint_options(server.listening())) {
    const std::string who = config.auth.has_users() ? " -u NAME -P PASSWORD" : "";
    fmt::print(
        "try       peal sub{0}{1} -t 'hello/#' -v\n"
        "          peal pub{0}{1} -t hello/world -m 'it rings'\n",
        *options, who);
  }
  fmt::print("ready\n");
  std::fflush(stdout);
}

/// Everything that is said, with where state is kept when nobody says.
server::Config read_config(const server::ConfigSources& sources) {
  server::Config config = server::load_config(sources);
  if (!config.store.dir) {
    config.store.dir = server::default_state_directory();
  }
  return config;
}

/// What is wrong is in the log, and what was before stays.
void reload(server::Server& server) {
  try {
    (void)server.reload("SIGHUP");
  } catch (const server::ConfigError&) {
    return;
  }
}

server::Hooks hooks_of(const server::ConfigSources& sources, server::ServerLog& log) {
  server::Hooks hooks;
  hooks.log = &log;
  server::ConfigSources again = sources;
  again.refuses_empty_file = true;
  hooks.read_config = [again] { return read_config(again); };
  hooks.reconfigured = [&log](const server::Config& config) {
    log.use(config.log_level, config.log_format, config.log_rate, config.secrets);
    warn_of_open_listeners(config, log);
    warn_of_readable_passwords(config.auth, log);
  };
  return hooks;
}

/// What is wrong may be in a value that is nobody's business.
std::unique_ptr<server::Server> make_server(const server::Config& config,
                                            const server::Hooks& hooks) {
  try {
    return std::make_unique<server::Server>(config, hooks);
  } catch (const server::ConfigError& problem) {
    throw server::ConfigError(server::without_secrets(problem.what(), config.secrets));
  }
}

}  // namespace

int serve_main(int argc, char** argv) {
  server::ConfigSources sources;
  if (const auto code = parse_options(argc, argv, sources)) {
    return *code;
  }
  sources.variables = server::environment_variables();
  const server::Config config = read_config(sources);
  // Files are for nobody else to read, whatever the shell says that started this.
  ::umask(S_IRWXG | S_IRWXO);
  raise_descriptor_limit();
  const std::string sandbox_problem = enter_sandbox_if_wanted(config.sandbox);
  keep_memory_of_bursts();
  // Before any thread is made, so that all of them leave the signals to this one.
  const sigset_t signals = awaited_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  (void)signal(SIGPIPE, SIG_IGN);

  server::ServerLog log(config.log_level, config.log_format, config.log_rate);
  log.use(config.log_level, config.log_format, config.log_rate, config.secrets);
  warn_of_no_sandbox(sandbox_problem, log);
  const auto server = make_server(config, hooks_of(sources, log));
  server->start();
  print_start(*server, config, log);
  tell_service_manager("READY=1");

  int signal_number = 0;
  while (sigwait(&signals, &signal_number) == 0 && signal_number == SIGHUP) {
    reload(*server);
  }
  tell_service_manager("STOPPING=1");
  fmt::print("stopping\n");
  std::fflush(stdout);
  server->stop();
  return 0;
}

}  // namespace peal::cli
