// A configured listener while the server runs: what its connections are begun with. Shared by all
// workers, never changed but for the count of its connections.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "peal/broker/settings.hpp"
#include "peal/net/certificate_authority.hpp"
#include "peal/net/connection.hpp"
#include "peal/net/network.hpp"
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

  /// Whether it may say where a connection comes from. Over a Unix socket: the socket's mode said
  /// so.
  [[nodiscard]] bool trusts_proxy(const net::Address& proxy) const {
    return proxy.family() == net::Address::Family::local || net::contains(proxies, proxy);
  }

  ListenerConfig config;
  std::string bound_address;  // once it listens
  net::ConnectionSettings connection;
  broker::ListenerSettings broker;
  std::unique_ptr<net::TlsContext> tls;
  std::vector<net::Network> proxies;  // whose PROXY headers are believed
  std::atomic<std::size_t> connections{0};
  AddressGate* addresses = nullptr;  // null: no limit on what one address may have
};

}  // namespace peal::server
