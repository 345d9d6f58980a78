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
};

/// One socket that is listened on.
struct Listening {
  std::string name;
  std::string address;    // "127.0.0.1:1883", with the port that was chosen for 0
  std::string protocols;  // "mqtt,ws,http,tls"
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

  /// From now on the users and rules of `config`, for who is connected, too: its rights are asked
  /// for anew. Nothing else of `config` counts.
  /// errors   ConfigError: a file that cannot be read, ...: everything stays as it was.
  void change_rights(const AuthConfig& config);

  /// Reads the files of every listener's TLS again, also when they look unchanged; what is wrong
  /// with them is logged, and they stay as they were. (What changes is seen without it, too, within
  /// a second or two.)
  void reload_certificates();

  [[nodiscard]] const std::vector<Listening>& listening() const;
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
