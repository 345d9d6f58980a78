// A running MQTT server: workers, listeners, and what they share. What `peal serve` starts, and
// what a program starts that embeds it.
//
//     peal::server::Config config = peal::server::load_config({});
//     peal::server::Server server(config);
//     server.start();
//     ...
//     server.stop();
//
// Every method may be called from any one thread at a time; callbacks run on the workers' threads.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "peal/broker/counters.hpp"
#include "peal/broker/memory_level.hpp"
#include "peal/broker/ports/authenticator.hpp"
#include "peal/broker/ports/authorizer.hpp"
#include "peal/broker/ports/log.hpp"
#include "peal/broker/ports/publish_hook.hpp"
#include "peal/server/config.hpp"
#include "peal/server/listener_set.hpp"
#include "peal/server/live_config.hpp"
#include "peal/store/counters.hpp"

namespace peal::server {

/// Who decides, when a program wants a say. All of them are called on the workers' threads, several
/// at once; null stands for the default: anonymous clients where the listener allows them,
/// everything allowed, no hook, no log.
struct Hooks {
  broker::Authenticator* authenticator = nullptr;
  broker::Authorizer* authorizer = nullptr;
  broker::PublishHook* publish = nullptr;
  broker::Log* log = nullptr;
  /// The configuration as it is said now, for `Server::reload` and `peal config reload`; null: it
  /// cannot be read again.    errors   ConfigError.
  std::function<Config()> read_config = nullptr;
  /// A reload is done; this configuration counts now. On the thread that asked for it.
  std::function<void(const Config&)> reconfigured = nullptr;
};

/// What the store did so far, when there is one.
struct StoreState {
  // What the start found.
  std::uint64_t sessions_found = 0;
  std::uint64_t retained_found = 0;
  std::uint64_t queued_found = 0;
  const store::StoreCounters& counters;  // go on counting
};

/// What the process has of its memory, when that is limited.
struct MemoryState {
  broker::MemoryLevel level{};
  std::size_t used_bytes = 0;
  std::size_t limit_bytes = 0;
};

/// The server's own certificate authority (tls = "auto").
struct OwnAuthority {
  std::string certificate_file;
  std::string fingerprint;  // SHA-256, "AB:CD:..."
  bool is_new = false;      // made by this start
};

class Server {
 public:
  /// Opens the store and every listener, so that nothing can fail later. `hooks` outlive the
  /// server.
  /// errors   ConfigError: an address in use, a certificate that cannot be read, ...
  ///          store::StoreError: in use, damaged, somebody else's, ...
  explicit Server(const Config& config, const Hooks& hooks = {});
  ~Server();  // stops
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  void start();
  /// Tells every client (0x8B in MQTT 5), waits for the last bytes to go, at most `patience`, and
  /// ends the workers.
  void stop(std::chrono::milliseconds patience = std::chrono::milliseconds(3000));

  /// From now on `config` counts, all of it but for what needs another start (`workers`, `store.*`,
  /// `service.sandbox`), which stays and is told of. Files of users, rules and certificates are
  /// read again, also when their names are the same. Nobody is disconnected: rights of who is
  /// connected are asked for anew, and clients of a listener that is gone stay until they end.
  /// Returns when it counts on every worker, but for the rights, which a worker looks through a
  /// slice at a time.
  ///
  /// errors   ConfigError, store::StoreError: everything stays as it was.
  /// cost     on the workers less than a millisecond in one go.
  ReloadReport reload(const Config& config);
  /// The same with what `Hooks::read_config` reads. The log tells what changed, or what is wrong,
  /// and that `how` asked for it.
  ReloadReport reload(std::string_view how);

  [[nodiscard]] std::vector<Listening> listening() const;
  /// Nothing: no listener has tls = "auto".
  [[nodiscard]] std::optional<OwnAuthority> authority() const;
  [[nodiscard]] unsigned workers() const;
  /// Nothing: everything is in memory.
  [[nodiscard]] std::optional<StoreState> store() const;

  /// As it was seen last, a tenth of a second ago or less.
  /// Nothing: it does not run, or limits.memory is "unlimited".
  [[nodiscard]] std::optional<MemoryState> memory() const;

  /// Publishes from inside, as the server itself: no rights are asked.
  /// errors   false when `topic` is no Topic Name.    cost   one message, handed to a worker.
  bool publish(std::string_view topic, std::string_view payload,
               mqtt::QoS qos = mqtt::QoS::at_most_once, bool retain = false);

  /// A counter summed over the workers: `server.count(&broker::Counters::connections)`.
  [[nodiscard]] std::uint64_t count(broker::Counter broker::Counters::* counter) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace peal::server
