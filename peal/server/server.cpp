#include "peal/server/server.hpp"

#include <algorithm>
#include <array>
#include <expected>
#include <future>
#include <iterator>
#include <mutex>
#include <sys/resource.h>
#include <thread>

#include "peal/auth/login_desk.hpp"
#include "peal/base/hash.hpp"
#include "peal/server/accounts.hpp"
#include "peal/server/address_gate.hpp"
#include "peal/server/client.hpp"
#include "peal/server/control.hpp"
#include "peal/server/control_commands.hpp"
#include "peal/server/durable_store.hpp"
#include "peal/server/flight_recorder.hpp"
#include "peal/server/identity_sources.hpp"
#include "peal/server/listener_runtime.hpp"
#include "peal/server/memory_watch.hpp"
#include "peal/server/psk_keys.hpp"
#include "peal/server/rights.hpp"
#include "peal/server/tls_watch.hpp"
#include "peal/server/user_session_counts.hpp"
#include "peal/server/worker_thread.hpp"
#include "peal/store/store_error.hpp"

namespace peal::server {

namespace {

constexpr std::size_t descriptors_in_reserve = 64;
/// As many files as a store opens (store/database_options.cpp). One that it cannot open would break
/// it, so they come first.
constexpr std::size_t descriptors_of_store = 512;
/// So long a command waits for the workers.
constexpr std::chrono::seconds workers_patience{2};

class NoLog final : public broker::Log {
 public:
  [[nodiscard]] bool wants(broker::LogLevel /*level*/) const override { return false; }
  void write(const broker::LogEvent& /*event*/) override {}
};

std::string protocols_of(const ListenerConfig& listener) {
  std::string list;
  auto add = [&](bool is_served, std::string_view name) {
    if (is_served) {
      list += (list.empty() ? "" : ",") + std::string(name);
    }
  };
  add(listener.mqtt, "mqtt");
  add(listener.ws, "ws");
  add(listener.http, "http");
  add(listener.tls.has_value(), "tls");
  return list;
}

/// What to do about it, where one can say.
std::string advice_for(const std::string& problem) {
  if (problem.find("in use") != std::string::npos) {
    return ". Another program serves there: stop it, or choose another port (-p PORT, or bind in "
           "the file; 0 takes "
           "a free one).";
  }
  if (problem.find("ermission") != std::string::npos) {
    return ". Ports below 1024 need a privilege: choose a higher one.";
  }
  return "";
}

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
struct Server::State final : LiveServer {
  State(const Config& config, const Hooks& hooks, unsigned worker_count)
      : recorder(or_default<broker::Log>(hooks.log, no_log)),
        user_sessions(config.settings.session.per_user),
        store(open_store(config.store, worker_count, recorder)),
        accounts(store == nullptr ? nullptr : &store->records()),
        office(worker_count),
        shared{.settings = config.settings,
               .log = recorder,
               .authenticator = hooks.authenticator,
               .authorizer = or_default<broker::Authorizer>(hooks.authorizer, own_rules),
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
               .workers = {}},
        memory_limit(config.memory) {
    desk = std::make_unique<auth::LoginDesk>(
        auth::LoginDesk::Limits{.bad_login = config.auth.bad_login,
                                .flapping = config.auth.flapping},
        accounts.bans(), accounts.secret(), shared.log);
    shared.desk = desk.get();
    if (config.per_address.is_any()) {
      addresses = std::make_unique<AddressGate>(config.per_address, SystemRandom{}.next());
    }
    use_rights(config.auth);
  }

  // The store's thread tells workers: it ends before they do.
  ~State() override { close_store(); }

  // LiveServer, for the control socket.
  [[nodiscard]] std::shared_ptr<const AuthConfig> auth() override {
    const std::scoped_lock lock(auth_mutex);
    return auth_config;
  }
  [[nodiscard]] std::expected<std::shared_ptr<auth::AccessRules>, std::string> rules() override {
    if (&shared.authorizer != &own_rules) {
      return std::unexpected("the program that this server is a part of decides about rights");
    }
    return own_rules.now();
  }
  void rights_changed(const std::optional<std::string>& user) override;
  void disconnect(auth::BanKind kind, const std::string& name) override;
  [[nodiscard]] Explanation explain(const std::string& client_id) override;

  CurrentRules own_rules;
  NoLog no_log;
  FlightRecorder recorder;
  broker::RetainedTotals retained_totals;
  broker::Totals totals;
  UserSessionCounts user_sessions;
  std::unique_ptr<AddressGate> addresses;                   // null: no limit
  std::vector<std::unique_ptr<ListenerRuntime>> listeners;  // outlive connections still in the mail
  std::unique_ptr<DurableStore> store;                      // null: everything is in memory
  Accounts accounts;
  PostOffice office;
  Shared shared;
  std::vector<std::unique_ptr<WorkerThread>> workers;
  std::unique_ptr<auth::LoginDesk> desk;  // its threads tell workers
  std::mutex auth_mutex;                  // rights are changed by one at a time
  std::shared_ptr<const AuthConfig> auth_config;
  std::unique_ptr<ControlSocket> control;  // null: no store
  std::vector<Listening> listening;
  MemoryLimit memory_limit;
  std::unique_ptr<MemoryWatch> memory;  // while it runs; its thread tells workers
  PskKeys psk_keys;
  std::optional<net::CertificateAuthority> authority;  // of tls = "auto"
  std::unique_ptr<TlsWatch> tls_watch;  // null: no listener has TLS; its thread uses the listeners
  std::uint64_t retained_found = 0;
  std::uint64_t queued_found = 0;
  bool is_running = false;

  void on_all_workers(const std::function<void(WorkerThread&)>& action);
  void open_authority(const Config& config);
  void listen(const ListenerConfig& config);
  void watch_tls(const AuthConfig& config);
  [[nodiscard]] std::expected<void, std::string> reload_tls(ListenerRuntime& listener,
                                                            const AuthConfig& config);
  void open_control(const StoreConfig& config);
  void use_rights(const AuthConfig& config);
  void watch_memory();
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

/// Makes it when it is needed for the first time.
void Server::State::open_authority(const Config& config) {
  net::CertificateAuthority::Options options;
  const ListenerConfig* first = nullptr;
  for (const ListenerConfig& listener : config.listeners) {
    if (listener.tls && listener.tls->is_auto) {
      first = first == nullptr ? &listener : first;
      std::ranges::copy(listener.tls->names, std::back_inserter(options.server_names));
    }
  }
  if (first == nullptr) {
    return;
  }
  const std::string where = first->place + "listener \"" + first->name + "\": ";
  if (store == nullptr) {
    throw ConfigError(where +
                      "tls = \"auto\" keeps its certificates in the store's directory, and this "
                      "server keeps everything in memory. Name a directory (store.dir in the file, "
                      "or --data DIR), or certificates of your own ([listener.tls] cert, key).");
  }
  auto opened = net::CertificateAuthority::open_or_make(authority_directory(*config.store.dir),
                                                        std::move(options));
  const auto kept = opened ? opened->maintain() : std::unexpected(opened.error());
  if (!kept) {
    throw ConfigError(where + kept.error());
  }
  authority = std::move(*opened);
}

/// Has the files of every listener's TLS looked after, once the server runs.
void Server::State::watch_tls(const AuthConfig& config) {
  std::vector<TlsWatch::Watched> watched;
  for (const auto& listener : listeners) {
    if (listener->tls == nullptr) {
      continue;
    }
    const net::TlsContext* tls = listener->tls.get();
    TlsWatch::Watched& each = watched.emplace_back(
        listener->config.name, tls->files(),
        [this, &runtime = *listener, config] { return reload_tls(runtime, config); },
        [tls] { return tls->expiries(); });
    for (const AuthSourceConfig& source : config.sources) {
      if (listener->config.tls->psk && source.type == "psk") {
        each.files.push_back(source.path);
      }
    }
  }
  TlsWatch::Upkeep upkeep;
  if (authority) {
    upkeep = [own = *authority] { return own.maintain(); };
  }
  if (!watched.empty()) {
    tls_watch = std::make_unique<TlsWatch>(std::move(watched), std::move(upkeep), shared.log);
  }
}

/// On the watch's thread. Who is connected with a certificate that is revoked now is put out.
std::expected<void, std::string> Server::State::reload_tls(ListenerRuntime& listener,
                                                           const AuthConfig& config) {
  if (listener.config.tls->psk) {
    try {
      psk_keys.use(PskKeys::read(config));
    } catch (const ConfigError& problem) {
      return std::unexpected(problem.what());
    }
  }
  // With new keys, too: no session of one that was withdrawn is resumed.
  auto done = listener.tls->reload();
  if (done) {
    for (const auto& worker : workers) {
      worker->run_soon([&listener](WorkerThread& it) { it.end_revoked(listener); });
    }
  }
  return done;
}

/// Every worker has a socket of its own on the address, and the kernel spreads the connections; a
/// Unix socket cannot be shared and is accepted on by the first worker.
void Server::State::listen(const ListenerConfig& config) {
  ListenerRuntime& runtime = *listeners.emplace_back(std::make_unique<ListenerRuntime>(
      config, shared.settings,
      TlsSources{.authority = authority ? &*authority : nullptr,
                 .psk = [this](std::string_view identity) { return psk_keys.find(identity); }}));
  runtime.addresses = addresses.get();
  runtime.connection.http_connections = &shared.http_connections;
  const bool is_unix = config.bind.starts_with("unix:");
  net::ListenerSettings settings{.bind = config.bind,
                                 .share_port = !is_unix && workers.size() > 1,
                                 .unix_mode = config.unix_mode};
  for (std::size_t i = 0; i < (is_unix ? 1 : workers.size()); ++i) {
    auto socket = net::Listener::open(settings);
    if (!socket) {
      throw ConfigError(config.place + "listener \"" + config.name + "\": " + socket.error() +
                        advice_for(socket.error()));
    }
    if (i == 0) {
      runtime.bound_address = (*socket)->bound_address();
      settings.bind = is_unix ? settings.bind : runtime.bound_address;
      listening.push_back({config.name, runtime.bound_address, protocols_of(config)});
    }
    workers[i]->add_listener(std::move(*socket), runtime);
  }
}

/// All of it or, when something is wrong with it, nothing.
void Server::State::use_rights(const AuthConfig& config) {
  const std::scoped_lock lock(auth_mutex);
  auto sources = read_sources(
      config, {.passwords = desk->passwords(), .accounts = accounts, .log = shared.log});
  psk_keys.use(PskKeys::read(config));
  own_rules.use(config.has_rules() ? read_rules(config, &accounts) : nullptr);
  desk->use(std::move(sources));
  auth_config = std::make_shared<const AuthConfig>(config);
}

void Server::State::rights_changed(const std::optional<std::string>& user) {
  {
    const std::scoped_lock lock(auth_mutex);
    if (!user && auth_config->has_rules()) {
      own_rules.use(read_rules(*auth_config, &accounts));
    }
  }
  on_all_workers([user](WorkerThread& it) { it.broker().rights_changed(user); });
}

/// What a command changed counts when it is answered: waits until every worker is done with it, if
/// none of them is held up for long.
void Server::State::on_all_workers(const std::function<void(WorkerThread&)>& action) {
  std::vector<std::future<void>> done;
  for (const auto& worker : workers) {
    auto promise = std::make_shared<std::promise<void>>();
    done.push_back(promise->get_future());
    worker->run_soon([promise, action](WorkerThread& it) {
      action(it);
      promise->set_value();
    });
  }
  const auto until = std::chrono::steady_clock::now() + workers_patience;
  for (const std::future<void>& each : done) {
    (void)each.wait_until(until);
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
  on_all_workers([is_meant](WorkerThread& it) {
    it.broker().disconnect(is_meant, {mqtt::ReasonCode::administrative_action,
                                      "the operator ended it (peal user, peal ban)"});
  });
}

Explanation Server::State::explain(const std::string& client_id) {
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
  if (report.wait_for(workers_patience) == std::future_status::ready) {
    explanation.session = report.get();
  }
  return explanation;
}

void Server::State::watch_memory() {
  if (!memory_limit.is_any()) {
    return;
  }
  const std::size_t limit = memory_limit.percent == 0
                                ? memory_limit.bytes
                                : memory_of_machine() / 100 * memory_limit.percent;
  memory = std::make_unique<MemoryWatch>(
      limit,
      [this](broker::MemoryLevel level, std::size_t used, std::size_t of) {
        memory_changed(level, used, of);
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
  state_->open_authority(config);
  for (const ListenerConfig& listener : config.listeners) {
    state_->listen(listener);
  }
  state_->watch_tls(config.auth);
  state_->open_control(config.store);
}

/// Where there is a store; without one, what is made would be gone with the process.
void Server::State::open_control(const StoreConfig& config) {
  if (store == nullptr) {
    return;
  }
  control = std::make_unique<ControlSocket>(
      control_path(*config.dir),
      [this](std::string_view request) { return answer_command({accounts, this}, request); });
}

Server::~Server() { stop(); }

void Server::start() {
  for (const auto& worker : state_->workers) {
    worker->start();
  }
  state_->watch_memory();
  if (state_->tls_watch != nullptr) {
    state_->tls_watch->start();
  }
  state_->is_running = true;
}

void Server::stop(std::chrono::milliseconds patience) {
  if (!std::exchange(state_->is_running, false)) {
    return;
  }
  state_->control.reset();
  state_->memory.reset();
  if (state_->tls_watch != nullptr) {
    state_->tls_watch->stop();
  }
  for (const auto& worker : state_->workers) {
    worker->begin_stop(patience);
  }
  for (const auto& worker : state_->workers) {
    worker->join();
  }
  state_->close_store();
}

void Server::change_rights(const AuthConfig& config) {
  state_->use_rights(config);
  for (const auto& worker : state_->workers) {
    worker->run_soon([](WorkerThread& it) { it.broker().rights_changed(); });
  }
}

void Server::reload_certificates() {
  if (state_->tls_watch != nullptr) {
    state_->tls_watch->look(std::chrono::system_clock::now(), TlsWatch::Read::everything);
  }
}

std::optional<OwnAuthority> Server::authority() const {
  if (!state_->authority) {
    return std::nullopt;
  }
  const auto certificate = state_->authority->certificate();
  return OwnAuthority{.certificate_file = state_->authority->certificate_file(),
                      .fingerprint = certificate ? certificate->fingerprint : "",
                      .is_new = state_->authority->is_new()};
}

const std::vector<Listening>& Server::listening() const { return state_->listening; }

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
  if (state_->memory == nullptr) {
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
