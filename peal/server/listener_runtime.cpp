#include "peal/server/listener_runtime.hpp"

#include "peal/net/websocket.hpp"

namespace peal::server {

namespace {

net::ClientCertificate client_certificate(const TlsConfig& tls) {
  const bool is_asked_for = tls.is_auto && tls.client_cert.empty();
  return tls.client_cert == "require"                    ? net::ClientCertificate::require
         : tls.client_cert == "optional" || is_asked_for ? net::ClientCertificate::optional
                                                         : net::ClientCertificate::off;
}

net::TlsServerOptions tls_options(const TlsConfig& tls, const TlsSources& sources) {
  net::TlsServerOptions options;
  options.certificate = tls.cert;
  options.key = tls.key;
  options.min_version = tls.min == "1.3" ? net::TlsVersion::tls_1_3 : net::TlsVersion::tls_1_2;
  options.client_certificate = client_certificate(tls);
  options.client_ca = tls.client_ca;
  options.client_revocation_list = tls.crl;
  if (tls.is_auto && sources.authority != nullptr) {
    options.certificate = sources.authority->server_certificate_file();
    options.key = sources.authority->server_key_file();
    options.client_ca = sources.authority->certificate_file();
    options.client_revocation_list = sources.authority->revocation_list_file();
  }
  if (tls.psk) {
    options.psk = sources.psk;
  }
  return options;
}

}  // namespace

ListenerRuntime::ListenerRuntime(const ListenerConfig& listener, const broker::Settings& settings,
                                 const TlsSources& sources)
    : config(listener) {
  if (config.tls) {
    auto context = net::TlsContext::server(tls_options(*config.tls, sources));
    if (!context) {
      throw ConfigError(config.place + "listener \"" + config.name + "\": " + context.error());
    }
    tls = std::move(*context);
  }
  connection.accept_plain = config.mqtt;
  connection.accept_http = config.ws || config.http;
  connection.accept_websocket = config.ws;
  // One packet and the frame's header around it.
  connection.websocket_frame_bytes_limit =
      settings.limits.packet_bytes + net::frame_header_bytes_max;
  connection.require_proxy_header = config.proxy_protocol;
  connection.tls = tls.get();
  connection.require_tls = tls != nullptr;
  connection.websocket_path = config.ws_path;
  connection.allowed_origins = config.allowed_origins;
  connection.allowed_hosts = config.allowed_hosts;
  broker.allow_v3_1 = config.v3_1;
  broker.allow_v3_1_1 = config.v3_1_1;
  broker.allow_v5 = config.v5;
  broker.anonymous_from_loopback = config.anonymous != AnonymousAccess::no;
  broker.anonymous_from_anywhere = config.anonymous == AnonymousAccess::yes;
}

}  // namespace peal::server
