#include "peal/server/server.hpp"

#include <algorithm>
#include <array>
#include <future>
#include <iterator>
#include <mutex>
#include <sys/resource.h>
#include <thread>
#include <utility>

#include "peal/auth/login_desk.hpp"
#include "peal/base/hash.hpp"
#include "peal/server/accounts.hpp"
#include "peal/server/address_gate.hpp"
#include "peal/server/client.hpp"
#include "peal/server/config_keys.hpp"
#include "peal/server/config_text.hpp"
#include "peal/server/control.hpp"
#include "peal/server/control_commands.hpp"
#include "peal/server/durable_store.hpp"
#include "peal/server/flight_recorder.hpp"
#include "peal/server/listener_set.hpp"
#include "peal/server/memory_watch.hpp"
#include "peal/server/psk_keys.hpp"
#include "peal/server/rights.hpp"
#include "peal/server/user_session_counts.hpp"
#include "peal/server/worker_thread.hpp"
#include "peal/store/store_error.hpp"

namespace peal::server {

namespace {

constexpr std::size_t descriptors_in_reserve = 64;
/// As many files as a store opens (store/database_options.cpp). One that it cannot open would break
/// it, so they come first.
constexpr std::size_t descriptors_of_store = 512;

class NoLog final : public broker::Log {
 public:
  [[nodiscard]] bool wants(broker::LogLevel /*level*/) const override { return false; }
  void write(const broker::LogEvent& /*event*/) override {}
};

template <typename T>
T& or_default(T* chosen, T& standard) {
  return chosen != nullptr ? *chosen : standard;
}

std::unique_ptr<DurableStore> open_store(const StoreConfig& config, unsigned workers,
                                         broker::Log& log) {
  return config.dir.value_or("").empty() ? nullptr
                                         : std::make_unique<DurableStore>(config, workers, log);
}

/// As configured, but never more than there are descriptors for; 64 of them are for other things.
std::size_t connections_limit(const Config& config, broker::Log& log) {
  rlimit descriptors{};
  const bool is_known = getrlimit(RLIMIT_NOFILE, &descriptors) == 0;
  const std::size_t all = is_known ? descriptors.rlim_cur : broker::Settings::unlimited;
  const bool has_store = !config.store.dir.value_or("").empty();
  const std::size_t ours = all - (has_store ? std::min(descriptors_of_store, all / 2) : 0);
  if (!config.connections) {
    return connections_of_descriptors(ours);
  }
  const std::size_t possible = ours - std::min(ours, descriptors_in_reserve);
  const bool is_asked_for = *config.connections != broker::Settings::unlimited;
  if (*config.connections > possible && is_asked_for) {
    const std::string detail = std::to_string(possible) +
                               " connections, because the system allows " + std::to_string(all) +
                               " descriptors";
    log.write({.level = broker::LogLevel::warning,
               .what = "limits.connections is lowered",
               .client_id = {},
               .address = {},
               .reason = {},
               .detail = detail});
  }
  return std::min(*config.connections, possible);
}

}  // namespace

std::size_t connections_of_descriptors(std::size_t descriptors) {
  constexpr std::size_t most = 100'000;
  return std::min(
      {most, descriptors / 10 * 9, descriptors - std::min(descriptors, descriptors_in_reserve)});
}

/// Changes of accounts reach who is connected through it.
struct Server::State final : LiveServer, LiveConfig {
  State(const Config& started_with, const Hooks& hooks, unsigned worker_count)
      : config(started_with),
        read_config(hooks.read_config),
        reconfigured(hooks.reconfigured),
        recorder(or_default<broker::Log>(hooks.log, no_log)),
        user_sessions(config.settings.session.per_user),
        store(open_store(config.store, worker_count, recorder)),
        accounts(store == nullptr ? nullptr : &store->records()),
        office(worker_count),
        shared{.settings = config.settings,
               .log = recorder,
               .authenticator = hooks.authenticator,
               .authorizer = or_default<broker::Authorizer>(hooks.authorizer, rules),
               .publish_hook = hooks.publish,
               .office = office,
               .store = store.get(),
               .retained_totals = retained_totals,
               .totals = totals,
               .user_sessions = &user_sessions,
               .hash_key = store != nullptr ? store->hash_key() : SystemRandom{}.next(),
               .connections_limit =
                   connections_limit(config, or_default<broker::Log>(hooks.log, no_log)),
               .http_connections_limit = config.http_connections,
               .newcomers_limit = config.unauthenticated,
               .workers = {}} {
    desk = std::make_unique<auth::LoginDesk>(
        auth::LoginDesk::Limits{.bad_login = config.auth.bad_login,
                                .flapping = config.auth.flapping},
        accounts.bans(), accounts.secret(), shared.log);
    shared.desk = desk.get();
    use_rights(read_rights(config.auth), config.auth);
  }

  // The store's thread tells workers: it ends before they do.
  ~State() override { close_store(); }

  // LiveServer, for the control socket.
  [[nodiscard]] std::shared_ptr<const AuthConfig> auth() override {
    const std::scoped_lock lock(auth_mutex);
    return auth_config;
  }
  void rights_changed(const std::optional<std::string>& user) override;
  void disconnect(auth::BanKind kind, const std::string& name) override;
  [[nodiscard]] Explanation explain(const std::string& client_id) override;

  // LiveConfig, for the control socket and for the server's own.
  ReloadReport reload(std::string_view how) override;
  [[nodiscard]] std::vector<ConfigChange> pending() override;
  [[nodiscard]] std::vector<ConfigEntry> entries() override;

  Config config;  // as it counts now
  std::function<Config()> read_config;
  std::function<void(const Config&)> reconfigured;
  CurrentRules rules;
  NoLog no_log;
  FlightRecorder recorder;
  broker::RetainedTotals retained_totals;
  broker::Totals totals;
  UserSessionCounts user_sessions;
  std::unique_ptr<AddressGate> addresses;  // null: there never was a limit
  ListenerSet listeners{{.workers = workers,
                         .psk_keys = psk_keys,
                         .log = recorder,
                         .http_connections = shared.http_connections}};  // outlive the mail
  std::unique_ptr<DurableStore> store;  // null: everything is in memory
  Accounts accounts;
  PostOffice office;
  Shared shared;
  std::vector<std::unique_ptr<WorkerThread>> workers;
  std::unique_ptr<auth::LoginDesk> desk;  // its threads tell workers
  std::mutex auth_mutex;                  // rights and configuration are changed by one at a time
  std::shared_ptr<const AuthConfig> auth_config;
  std::unique_ptr<ControlSocket> control;  // null: no store
  std::unique_ptr<MemoryWatch> memory;     // while it runs; its thread tells workers
  PskKeys psk_keys;
  std::uint64_t retained_found = 0;
  std::uint64_t queued_found = 0;
  bool is_running = false;

  struct Rights {
    std::shared_ptr<auth::AccessRules> rules;
    std::shared_ptr<const PskKeys::Files> keys;
    std::shared_ptr<const auth::Sources> sources;
  };
  [[nodiscard]] Rights read_rights(const AuthConfig& from);
  void use_rights(Rights rights, const AuthConfig& from);
  [[nodiscard]] AddressGate* gate_of(const AddressLimits& limits);
  void keep_what_needs_restart(Config& next) const;
  ReloadReport apply(Config next);
  void use_limits(const Config& next);
  [[nodiscard]] Config read_again() const;
  void tell(std::string_view how, const ReloadReport& report) const;
  void open_control();
  void watch_memory(const MemoryLimit& limit);
  void memory_changed(broker::MemoryLevel level, std::size_t used, std::size_t limit);
  /// Makes the workers and gives them what the store has.
  void restore() {
    for (unsigned i = 0; i < office.workers(); ++i) {
      workers.push_back(std::make_unique<WorkerThread>(shared, i));
      shared.workers.push_back(workers.back().get());
    }
    if (store != nullptr) {
      store->restore(workers);
    }
    // With what was on its way between workers, which has come to its end now.
    retained_found = retained_totals.messages.load();
    for (const auto& worker : workers) {
      queued_found += std::as_const(*worker).broker().counters().queued_messages.get();
    }
  }
  void close_store() {
    if (store != nullptr) {
      store->close();
    }
  }
};

/// All of it or, when something is wrong with it, nothing.
Server::State::Rights Server::State::read_rights(const AuthConfig& from) {
  Rights rights;
  rights.rules = from.has_rules() ? read_rules(from, &accounts) : nullptr;
  rights.keys = PskKeys::read(from);
  rights.sources =
      read_sources(from, {.passwords = desk->passwords(), .accounts = accounts, .log = shared.log});
  return rights;
}

void Server::State::use_rights(Rights rights, const AuthConfig& from) {
  psk_keys.use(std::move(rights.keys));
  rules.use(std::move(rights.rules));
  desk->use(std::move(rights.sources));
  desk->use(auth::LoginDesk::Limits{.bad_login = from.bad_login, .flapping = from.flapping});
  auth_config = std::make_shared<const AuthConfig>(from);
}

AddressGate* Server::State::gate_of(const AddressLimits& limits) {
  if (!limits.is_any()) {
    return nullptr;
  }
  if (addresses == nullptr) {
    addresses = std::make_unique<AddressGate>(limits, SystemRandom{}.next());
  }
  return addresses.get();
}

/// What a running server cannot change stays in `next` as it is; the keys of it that would have
/// changed are told of.
void Server::State::keep_what_needs_restart(Config& next) const {
  next.workers = config.workers;
  next.store = config.store;
  next.sandbox = config.sandbox;
  const auto needs_restart = [](const ConfigEntry& entry) {
    return std::ranges::any_of(server_keys(), [&](const ServerKey& key) {
      return key.needs_restart && key.name == entry.key;
    });
  };
  std::erase_if(next.entries, needs_restart);
  std::ranges::copy_if(config.entries, std::back_inserter(next.entries), needs_restart);
}

/// First everything that may fail, then the rest: a server is never half of one and half of
/// another. Under the lock.
ReloadReport Server::State::apply(Config next) {
  if (!is_running) {
    throw ConfigError("the server does not run");
  }
  ReloadReport report{.changes = config_changes(config.entries, next.entries)};
  keep_what_needs_restart(next);
  Rights rights = read_rights(next.auth);
  auto plan = listeners.prepare(next, gate_of(next.per_address));

  if (addresses != nullptr) {
    addresses->use(next.per_address);
  }
  use_rights(std::move(rights), next.auth);
  use_limits(next);
  listeners.use(std::move(plan));
  for (const auto& worker : workers) {
    worker->run_soon([settings = next.settings](WorkerThread& it) {
      it.use(settings);
      it.broker().rights_changed();
    });
  }
  config = std::move(next);
  if (reconfigured) {
    reconfigured(config);
  }
  return report;
}

void Server::State::use_limits(const Config& next) {
  shared.connections_limit = connections_limit(next, shared.log);
  shared.http_connections_limit = next.http_connections;
  shared.newcomers_limit = next.unauthenticated;
  user_sessions.use(next.settings.session.per_user);
  watch_memory(next.memory);
}

Config Server::State::read_again() const {
  if (!read_config) {
    throw ConfigError("this server was not started from what could be read again");
  }
  return read_config();
}

void Server::State::tell(std::string_view how, const ReloadReport& report) const {
  std::string applied;
  for (const ConfigChange& change : report.changes) {
    if (change.needs_restart) {
      const std::string detail = line_of(change) + "; it counts from the next start on";
      shared.log.write({.level = broker::LogLevel::warning,
                        .what = "a key is not changed while the server runs",
                        .client_id = {},
                        .address = {},
                        .reason = how,
                        .detail = detail});
    } else {
      applied += (applied.empty() ? "" : "; ") + line_of(change);
    }
  }
  shared.log.write({.level = broker::LogLevel::info,
                    .what = "the configuration was read anew",
                    .client_id = {},
                    .address = {},
                    .reason = how,
                    .detail = applied});
}

ReloadReport Server::State::reload(std::string_view how) {
  const std::scoped_lock lock(auth_mutex);
  std::vector<std::string> problems;
  std::vector<std::string> secrets;
  try {
    Config next = read_again();
    secrets = next.secrets;
    ReloadReport report = apply(std::move(next));
    tell(how, report);
    return report;
  } catch (const ConfigError& problem) {
    problems = problem.problems();
  } catch (const std::exception& problem) {  // of a library: no memory, no thread, ...
    problems.emplace_back(problem.what());
  }
  for (std::string& problem : problems) {
    problem = without_secrets(std::move(problem), secrets);
    shared.log.write({.level = broker::LogLevel::error,
                      .what = "the configuration stays as it was",
                      .client_id = {},
                      .address = {},
                      .reason = how,
                      .detail = problem});
  }
  throw ConfigError(problems);
}

std::vector<ConfigChange> Server::State::pending() {
  const std::scoped_lock lock(auth_mutex);
  return config_changes(config.entries, read_again().entries);
}

std::vector<ConfigEntry> Server::State::entries() {
  const std::scoped_lock lock(auth_mutex);
  return config.entries;
}

void Server::State::rights_changed(const std::optional<std::string>& user) {
  {
    const std::scoped_lock lock(auth_mutex);
    if (!user && auth_config->has_rules()) {
      rules.use(read_rules(*auth_config, &accounts));
    }
  }
  for (const auto& worker : workers) {
    worker->run_soon([user](WorkerThread& it) { it.broker().rights_changed(user); });
  }
}

void Server::State::disconnect(auth::BanKind kind, const std::string& name) {
  // Of a network only the list itself can say whom it means.
  const auto is_meant = [this, kind, name](const broker::Session& session) {
    switch (kind) {
      case auth::BanKind::user:
        return session.user == name;
      case auth::BanKind::client:
        return session.client_id() == name;
      case auth::BanKind::address:
        break;
    }
    return accounts.bans()
        .find_address(session.channel->connection().peer().address,
                      std::chrono::system_clock::now())
        .has_value();
  };
  for (const auto& worker : workers) {
    worker->run_soon([is_meant](WorkerThread& it) {
      it.broker().disconnect(is_meant, {mqtt::ReasonCode::administrative_action,
                                        "the operator ended it (peal user, peal ban)"});
    });
  }
}

Explanation Server::State::explain(const std::string& client_id) {
  constexpr std::chrono::seconds patience{2};
  Explanation explanation;
  explanation.events = recorder.events_of(client_id);
  const auto home = broker::home_of(client_id, broker::NamespaceId::default_namespace,
                                    shared.hash_key, office.workers());
  auto answer = std::make_shared<std::promise<std::optional<SessionReport>>>();
  auto report = answer->get_future();
  workers[static_cast<unsigned>(home)]->run_soon([answer, client_id](WorkerThread& it) {
    broker::Worker& worker = it.broker();
    const broker::Session* session =
        worker.sessions().find(worker.space(broker::NamespaceId::default_namespace), client_id);
    answer->set_value(session == nullptr ? std::nullopt : std::optional(report_on(*session)));
  });
  if (report.wait_for(patience) == std::future_status::ready) {
    explanation.session = report.get();
  }
  return explanation;
}

void Server::State::watch_memory(const MemoryLimit& of) {
  const std::size_t limit = of.percent == 0 ? of.bytes : memory_of_machine() / 100 * of.percent;
  if (memory != nullptr) {
    memory->use(limit);
    return;
  }
  if (!of.is_any()) {
    return;
  }
  memory = std::make_unique<MemoryWatch>(
      limit,
      [this](broker::MemoryLevel level, std::size_t used, std::size_t most) {
        memory_changed(level, used, most);
      },
      [this] {
        for (const auto& worker : workers) {
          worker->run_soon([](WorkerThread& it) { it.broker().hear_some(); });
        }
      });
}

/// On the watch's thread.
void Server::State::memory_changed(broker::MemoryLevel level, std::size_t used, std::size_t limit) {
  constexpr std::array<std::string_view, 3> what{
      "memory is enough again", "memory is tight: no new sessions, queues are halved",
      "memory is exhausted: publishers wait, QoS 0 is dropped"};
  for (const auto& worker : workers) {
    worker->run_soon([level](WorkerThread& it) { it.broker().set_memory(level); });
  }
  const std::string detail =
      std::to_string(used >> 20) + " of " + std::to_string(limit >> 20) + " MiB";
  shared.log.write({.level = level == broker::MemoryLevel::enough ? broker::LogLevel::info
                                                                  : broker::LogLevel::warning,
                    .what = what[static_cast<std::size_t>(level)],
                    .client_id = {},
                    .address = {},
                    .reason = "limits.memory",
                    .detail = detail});
}

Server::Server(const Config& config, const Hooks& hooks) {
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  const unsigned worker_count =
      std::clamp(config.workers == 0 ? cores : config.workers, 1U, broker::workers_limit);
  state_ = std::make_unique<State>(config, hooks, worker_count);
  // What was on its way between more or fewer workers than now comes to its end between as many.
  if (state_->store != nullptr && state_->store->workers_wanted() != 0) {
    const unsigned before = state_->store->workers_wanted();
    state_.reset();
    State(config, hooks, before).restore();
    state_ = std::make_unique<State>(config, hooks, worker_count);
    if (state_->store->workers_wanted() != 0) {
      throw store::StoreError("the store " + *config.store.dir +
                              " cannot be brought to another number of workers: it takes nothing "
                              "in; make room, or start with --workers " +
                              std::to_string(before));
    }
  }
  state_->restore();
  state_->listeners.use(state_->listeners.prepare(config, state_->gate_of(config.per_address)));
  state_->open_control();
}

/// Where there is a store; without one, what is made would be gone with the process.
void Server::State::open_control() {
  if (store == nullptr) {
    return;
  }
  control = std::make_unique<ControlSocket>(
      control_path(*config.store.dir), [this](std::string_view request) {
        return answer_command({.accounts = accounts, .live = this, .config = this}, request);
      });
}

Server::~Server() { stop(); }

void Server::start() {
  for (const auto& worker : state_->workers) {
    worker->start();
  }
  const std::scoped_lock lock(state_->auth_mutex);
  state_->watch_memory(state_->config.memory);
  state_->listeners.start();
  state_->is_running = true;
}

void Server::stop(std::chrono::milliseconds patience) {
  if (!state_->is_running) {
    return;
  }
  state_->control.reset();  // and with it a reload that it asked for
  state_->is_running = false;
  state_->memory.reset();
  state_->listeners.stop();
  for (const auto& worker : state_->workers) {
    worker->begin_stop(patience);
  }
  for (const auto& worker : state_->workers) {
    worker->join();
  }
  state_->close_store();
}

ReloadReport Server::reload(const Config& config) {
  const std::scoped_lock lock(state_->auth_mutex);
  return state_->apply(config);
}

ReloadReport Server::reload(std::string_view how) { return state_->reload(how); }

std::optional<OwnAuthority> Server::authority() const {
  const std::scoped_lock lock(state_->auth_mutex);
  const net::CertificateAuthority* authority = state_->listeners.authority();
  if (authority == nullptr) {
    return std::nullopt;
  }
  const auto certificate = authority->certificate();
  return OwnAuthority{.certificate_file = authority->certificate_file(),
                      .fingerprint = certificate ? certificate->fingerprint : "",
                      .is_new = authority->is_new()};
}

std::vector<Listening> Server::listening() const { return state_->listeners.listening(); }

std::optional<StoreState> Server::store() const {
  if (state_->store == nullptr) {
    return std::nullopt;
  }
  const DurableStore& store = *state_->store;
  return StoreState{.sessions_found = store.sessions_found(),
                    .retained_found = state_->retained_found,
                    .queued_found = state_->queued_found,
                    .counters = store.counters()};
}

std::optional<MemoryState> Server::memory() const {
  const std::scoped_lock lock(state_->auth_mutex);
  if (state_->memory == nullptr || state_->memory->limit() == broker::Settings::unlimited) {
    return std::nullopt;
  }
  const MemoryWatch& watch = *state_->memory;
  return MemoryState{
      .level = watch.level(), .used_bytes = watch.used(), .limit_bytes = watch.limit()};
}

unsigned Server::workers() const { return static_cast<unsigned>(state_->workers.size()); }

bool Server::publish(std::string_view topic, std::string_view payload, mqtt::QoS qos, bool retain) {
  const auto name = mqtt::TopicName::parse(topic);
  if (!name) {
    return false;
  }
  broker::MessageRef message = broker::Message::make({.topic = *name,
                                                      .payload = as_bytes(payload),
                                                      .properties = {},
                                                      .qos = qos,
                                                      .retain = retain});
  // Always by the same worker, so that messages of one caller keep their order.
  state_->workers.front()->run_soon([message = std::move(message)](WorkerThread& worker) {
    worker.broker().publish(broker::NamespaceId::default_namespace, message->fields());
  });
  return true;
}

std::uint64_t Server::count(broker::Counter broker::Counters::* counter) const {
  std::uint64_t sum = 0;
  for (const auto& worker : state_->workers) {
    sum += (std::as_const(*worker).broker().counters().*counter).get();
  }
  return sum;
}

}  // namespace peal::server
