#include "peal/server/listener_set.hpp"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <latch>
#include <sys/stat.h>
#include <utility>

#include "peal/server/worker_thread.hpp"

namespace peal::server {

namespace {

constexpr std::string_view unix_prefix = "unix:";

bool is_unix(const ListenerConfig& config) { return config.bind.starts_with(unix_prefix); }

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

/// Whether connections to both are begun with the same.
bool is_same(const ListenerRuntime& now, const ListenerRuntime& then) {
  ListenerConfig config = then.config;
  config.place = now.config.place;
  return now.config == config && now.addresses == then.addresses &&
         now.connection.websocket_frame_bytes_limit == then.connection.websocket_frame_bytes_limit;
}

/// Makes it when it is needed for the first time; nothing: it is not.
std::optional<net::CertificateAuthority> open_authority(const Config& config) {
  net::CertificateAuthority::Options options;
  const ListenerConfig* first = nullptr;
  for (const ListenerConfig& listener : config.listeners) {
    if (listener.tls && listener.tls->is_auto) {
      first = first == nullptr ? &listener : first;
      std::ranges::copy(listener.tls->names, std::back_inserter(options.server_names));
    }
  }
  if (first == nullptr) {
    return std::nullopt;
  }
  const std::string where = first->place + "listener \"" + first->name + "\": ";
  if (config.store.dir.value_or("").empty()) {
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
  return std::move(*opened);
}

}  // namespace

ListenerSet::Plan::~Plan() {
  if (is_attached_) {
    remove();
  }
}

/// Closes what was opened.
void ListenerSet::Plan::remove() {
  set_.on_workers([this](WorkerThread& worker, std::size_t /*index*/) {
    for (const Step& step : steps_) {
      if (!step.from) {
        worker.remove_listener(*step.runtime);
      }
    }
  });
  for (Step& step : steps_) {
    if (step.runtime != nullptr) {
      set_.former_.push_back(std::move(step.runtime));
    }
  }
  set_.forget_unused();
}

ListenerSet::ListenerSet(const Parts& parts) : parts_(parts) {}
ListenerSet::~ListenerSet() = default;

TlsSources ListenerSet::tls_sources(const Plan& plan) const {
  return {
      .authority = plan.authority_ ? &*plan.authority_ : nullptr,
      .psk = [&keys = parts_.psk_keys](std::string_view identity) { return keys.find(identity); }};
}

std::unique_ptr<ListenerSet::Plan> ListenerSet::prepare(const Config& config,
                                                        AddressGate* addresses) {
  auto plan = std::make_unique<Plan>(*this);
  plan->authority_ = open_authority(config);
  plan->auth_ = config.auth;
  std::vector<bool> is_taken(entries_.size(), false);
  for (const ListenerConfig& listener : config.listeners) {
    Plan::Step& step = plan->steps_.emplace_back();
    step.runtime = std::make_unique<ListenerRuntime>(listener, config.settings, tls_sources(*plan));
    step.runtime->addresses = addresses;
    step.runtime->connection.http_connections = &parts_.http_connections;
    for (std::size_t i = 0; i < entries_.size() && !step.from; ++i) {
      if (!is_taken[i] && entries_[i].runtime->config.bind == listener.bind) {
        is_taken[i] = true;
        step.from = i;
      }
    }
  }
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (!is_taken[i]) {
      plan->gone_.push_back(i);
    }
  }
  for (std::size_t i = 0; i < plan->steps_.size(); ++i) {
    Plan::Step& step = plan->steps_[i];
    if (!step.from) {
      open(*plan, i);
    } else if (is_same(*entries_[*step.from].runtime, *step.runtime)) {
      step.runtime.reset();  // its certificates can be read: that was all to be seen
    } else {
      step.runtime->bound_address = entries_[*step.from].runtime->bound_address;
      step.runtime->connections = entries_[*step.from].runtime->connections;
    }
  }
  attach(*plan);
  return plan;
}

/// Every worker has a socket of its own on the address, and the kernel spreads the connections; a
/// Unix socket cannot be shared and is accepted on by the first worker.
void ListenerSet::open(Plan& plan, std::size_t which) const {
  Plan::Step& step = plan.steps_[which];
  const ListenerConfig& config = step.runtime->config;
  const std::size_t count = is_unix(config) ? 1 : parts_.workers.size();
  net::ListenerSettings settings{.bind = config.bind,
                                 .share_port = !is_unix(config) && parts_.workers.size() > 1,
                                 .unix_mode = config.unix_mode};
  for (std::size_t i = 0; i < count; ++i) {
    auto socket = net::Listener::open(settings);
    if (!socket && !settings.share_port && !is_unix(config) && !plan.gone_.empty()) {
      // One of our own that is to go may be there: for a moment both listen.
      for (const std::size_t gone : plan.gone_) {
        std::ranges::for_each(entries_[gone].sockets, &net::Listener::share_port);
      }
      settings.share_port = true;
      socket = net::Listener::open(settings);
    }
    if (!socket) {
      throw ConfigError(config.place + "listener \"" + config.name + "\": " + socket.error() +
                        advice_for(socket.error()));
    }
    if (i == 0) {
      step.runtime->bound_address = (*socket)->bound_address();
      settings.bind = is_unix(config) ? settings.bind : step.runtime->bound_address;
    }
    step.attached.push_back(socket->get());
    step.sockets.push_back(std::move(*socket));
  }
}

/// The last of what may fail.
void ListenerSet::attach(Plan& plan) {
  std::atomic<bool> is_refused{false};
  plan.is_attached_ = true;
  on_workers([&](WorkerThread& worker, std::size_t index) {
    for (Plan::Step& step : plan.steps_) {
      if (index < step.sockets.size() &&
          !worker.add_listener(std::move(step.sockets[index]), *step.runtime)) {
        is_refused.store(true);
      }
    }
  });
  if (is_refused.load()) {
    throw ConfigError("listeners: the system refused an event loop; it has no memory left");
  }
}

void ListenerSet::use(std::unique_ptr<Plan> plan) {
  plan->is_attached_ = false;
  tls_watch_.reset();  // uses what goes
  on_workers([&](WorkerThread& worker, std::size_t /*index*/) {
    for (const Plan::Step& step : plan->steps_) {
      if (step.from && step.runtime != nullptr) {
        worker.hand_listener_over(*entries_[*step.from].runtime, *step.runtime);
      }
    }
    for (const std::size_t gone : plan->gone_) {
      worker.remove_listener(*entries_[gone].runtime);
    }
  });
  std::vector<Entry> before = std::exchange(entries_, {});
  std::vector<Listening> listening;
  for (Plan::Step& step : plan->steps_) {
    Entry& entry = entries_.emplace_back();
    entry.sockets = step.from ? before[*step.from].sockets : std::move(step.attached);
    entry.runtime =
        step.runtime != nullptr ? std::move(step.runtime) : std::move(before[*step.from].runtime);
    const ListenerConfig& config = entry.runtime->config;
    if (is_unix(config)) {
      (void)::chmod(config.bind.substr(unix_prefix.size()).c_str(), config.unix_mode);
    }
    listening.push_back({config.name, entry.runtime->bound_address, protocols_of(config)});
  }
  for (Entry& entry : before) {
    if (entry.runtime != nullptr) {
      former_.push_back(std::move(entry.runtime));
    }
  }
  forget_unused();
  authority_ = std::move(plan->authority_);
  {
    const std::scoped_lock lock(mutex_);
    listening_ = std::move(listening);
  }
  watch_tls(plan->auth_);
  if (is_running_) {
    reload_certificates();
    start();
  }
}

void ListenerSet::on_workers(const Action& action) const {
  if (!is_running_) {
    for (std::size_t i = 0; i < parts_.workers.size(); ++i) {
      action(*parts_.workers[i], i);
    }
    return;
  }
  std::latch done(static_cast<std::ptrdiff_t>(parts_.workers.size()));
  for (std::size_t i = 0; i < parts_.workers.size(); ++i) {
    parts_.workers[i]->run_soon([&, i](WorkerThread& worker) {
      action(worker, i);
      done.count_down();
    });
  }
  done.wait();
}

/// No worker accepts for them any more, so those that nobody refers to now are never referred to
/// again.
void ListenerSet::forget_unused() {
  std::erase_if(former_, [](const auto& runtime) {
    return runtime->users.load(std::memory_order_acquire) == 0;
  });
}

/// Has the files of every listener's TLS looked after, once the server runs.
void ListenerSet::watch_tls(const AuthConfig& auth) {
  std::vector<TlsWatch::Watched> watched;
  for (const Entry& entry : entries_) {
    if (entry.runtime->tls == nullptr) {
      continue;
    }
    net::TlsContext* tls = entry.runtime->tls.get();
    TlsWatch::Watched& each = watched.emplace_back(
        entry.runtime->config.name, tls->files(), [tls] { return tls->reload(); },
        [tls] { return tls->expiries(); });
    if (entry.runtime->config.tls->psk) {
      for (const AuthSourceConfig& source : auth.sources) {
        if (source.type == "psk") {
          each.files.push_back(source.path);
        }
      }
      // The context, too: no session of a key that was withdrawn is resumed.
      each.reload = [this, tls, auth]() -> std::expected<void, std::string> {
        try {
          parts_.psk_keys.use(PskKeys::read(auth));
        } catch (const ConfigError& problem) {
          return std::unexpected(problem.what());
        }
        return tls->reload();
      };
    }
  }
  TlsWatch::Upkeep upkeep;
  if (authority_) {
    upkeep = [own = *authority_] { return own.maintain(); };
  }
  if (!watched.empty()) {
    tls_watch_ = std::make_unique<TlsWatch>(std::move(watched), std::move(upkeep), parts_.log);
  }
}

void ListenerSet::start() {
  is_running_ = true;
  if (tls_watch_ != nullptr) {
    tls_watch_->start();
  }
}

void ListenerSet::stop() {
  if (tls_watch_ != nullptr) {
    tls_watch_->stop();
  }
  is_running_ = false;
}

void ListenerSet::reload_certificates() {
  if (tls_watch_ != nullptr) {
    tls_watch_->look(std::chrono::system_clock::now(), TlsWatch::Read::everything);
  }
}

std::vector<Listening> ListenerSet::listening() const {
  const std::scoped_lock lock(mutex_);
  return listening_;
}

}  // namespace peal::server
