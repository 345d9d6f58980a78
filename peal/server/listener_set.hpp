// The listeners of a server: their sockets on every worker, their TLS, and how they become others
// while the server runs.
//
// A change has two halves. `prepare` opens what is new beside what is there, and may fail: then
// nothing has changed. `use` cannot fail: new connections come to the new listeners, listeners that
// are not configured any more are closed, and their clients stay until they end by themselves.
//
// A listener is known again by its `bind`: one that is otherwise configured keeps its sockets, and
// so the connections that wait there.
//
// Belongs to the thread that starts, reloads and stops the server, but for what says otherwise.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "peal/net/certificate_authority.hpp"
#include "peal/net/listener.hpp"
#include "peal/server/config.hpp"
#include "peal/server/listener_runtime.hpp"
#include "peal/server/psk_keys.hpp"
#include "peal/server/tls_watch.hpp"

namespace peal::server {

class WorkerThread;

/// One socket that is listened on.
struct Listening {
  std::string name;
  std::string address;    // "127.0.0.1:1883", with the port that was chosen for 0
  std::string protocols;  // "mqtt,ws,http,tls"
};

class ListenerSet {
 public:
  using Workers = std::vector<std::unique_ptr<WorkerThread>>;
  struct Parts {
    Workers& workers;
    PskKeys& psk_keys;
    broker::Log& log;
    std::atomic<std::size_t>& http_connections;
  };

  /// What `parts` refers to outlives it.
  explicit ListenerSet(const Parts& parts);
  ~ListenerSet();
  ListenerSet(const ListenerSet&) = delete;
  ListenerSet& operator=(const ListenerSet&) = delete;

  /// What `prepare` made; when it goes unused, what it opened is closed.
  class Plan {
   public:
    explicit Plan(ListenerSet& set) : set_(set) {}
    ~Plan();
    Plan(const Plan&) = delete;
    Plan& operator=(const Plan&) = delete;

   private:
    friend class ListenerSet;
    /// One listener, in the order of the configuration.
    struct Step {
      std::optional<std::size_t> from{};           // which entry it continues; nothing: a new one
      std::unique_ptr<ListenerRuntime> runtime{};  // null: that of the entry stays
      std::vector<std::unique_ptr<net::Listener>> sockets{};  // until workers have them
      std::vector<const net::Listener*> attached{};           // the same, for good
    };
    void remove();

    ListenerSet& set_;
    std::vector<Step> steps_;
    std::vector<std::size_t> gone_;  // entries that nothing continues
    std::optional<net::CertificateAuthority> authority_;
    AuthConfig auth_;
    bool is_attached_ = false;
  };
  /// `addresses`   null: addresses are not limited.
  /// errors   ConfigError: an address in use, a certificate that cannot be read, ...
  [[nodiscard]] std::unique_ptr<Plan> prepare(const Config& config, AddressGate* addresses);
  void use(std::unique_ptr<Plan> plan);

  /// The workers run from now on, and so does the watch over certificates.
  void start();
  /// They still run, and end now.
  void stop();

  /// Reads the files of every listener's TLS again, also when they look unchanged.
  void reload_certificates();

  [[nodiscard]] std::vector<Listening> listening() const;  // threads   any.
  /// Null: no listener has tls = "auto".
  [[nodiscard]] const net::CertificateAuthority* authority() const {
    return authority_ ? &*authority_ : nullptr;
  }

 private:
  /// A listener with its sockets, one for each worker that has one.
  struct Entry {
    std::unique_ptr<ListenerRuntime> runtime;
    std::vector<const net::Listener*> sockets;  // belong to the workers
  };
  using Action = std::function<void(WorkerThread& worker, std::size_t index)>;

  void open(Plan& plan, std::size_t which) const;
  void attach(Plan& plan);
  void on_workers(const Action& action) const;
  void forget_unused();
  void watch_tls(const AuthConfig& auth);
  [[nodiscard]] TlsSources tls_sources(const Plan& plan) const;

  Parts parts_;
  bool is_running_ = false;
  std::vector<Entry> entries_;
  std::vector<std::unique_ptr<ListenerRuntime>> former_;  // clients began with them
  std::optional<net::CertificateAuthority> authority_;    // of tls = "auto"
  std::unique_ptr<TlsWatch> tls_watch_;  // null: no listener has TLS; its thread uses the listeners
  mutable std::mutex mutex_;             // guards what follows
  std::vector<Listening> listening_;
};

}  // namespace peal::server
