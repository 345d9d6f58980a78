// A configured listener while the server runs: what its connections are begun with. Shared by all
// workers, never changed but for the counts of its connections. Another configuration of it is
// another runtime; the one before stays as long as connections that began with it.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "peal/broker/settings.hpp"
#include "peal/net/certificate_authority.hpp"
#include "peal/net/connection.hpp"
#include "peal/net/tls_context.hpp"
#include "peal/server/config.hpp"

namespace peal::server {

class AddressGate;
/// What a listener's TLS may need from its server.
struct TlsSources {
  const net::CertificateAuthority* authority = nullptr;  // for tls = "auto"
  net::PskLookup psk;                                    // for tls.psk; called by any thread
};

struct ListenerRuntime {
  /// errors   ConfigError: certificates that cannot be used.
  ListenerRuntime(const ListenerConfig& listener, const broker::Settings& settings,
                  const TlsSources& sources = {});

  ListenerConfig config;
  std::string bound_address;  // once it listens
  net::ConnectionSettings connection;
  broker::ListenerSettings broker;
  std::unique_ptr<net::TlsContext> tls;
  /// Of the listener, also those that began when it was configured otherwise.
  std::shared_ptr<std::atomic<std::size_t>> connections =
      std::make_shared<std::atomic<std::size_t>>(0);
  std::atomic<std::size_t> users{0};  // who refers to this very runtime
  AddressGate* addresses = nullptr;   // null: no limit on what one address may have
};

/// What refers to a runtime: it stays until the last of these is gone.
class ListenerHold {
 public:
  explicit ListenerHold(ListenerRuntime& runtime) : runtime_(runtime) {
    runtime_.users.fetch_add(1, std::memory_order_relaxed);
    runtime_.connections->fetch_add(1, std::memory_order_relaxed);
  }
  ~ListenerHold() {
    runtime_.connections->fetch_sub(1, std::memory_order_relaxed);
    // Whoever sees it go frees the runtime: nothing of it is touched after this.
    runtime_.users.fetch_sub(1, std::memory_order_release);
  }
  ListenerHold(const ListenerHold&) = delete;
  ListenerHold& operator=(const ListenerHold&) = delete;
  [[nodiscard]] ListenerRuntime& runtime() const { return runtime_; }

 private:
  ListenerRuntime& runtime_;
};

}  // namespace peal::server
