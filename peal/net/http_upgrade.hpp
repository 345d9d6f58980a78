// The HTTP request that becomes a WebSocket (RFC 6455 §4), and who may send one: pure functions
// from request to answer.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "peal/net/http.hpp"

namespace peal::net {

/// Which web pages may reach a listener. Without it any page open in a local browser could use the
/// user's position in the network (cross-site WebSocket, DNS rebinding).
struct SiteRules {
  std::span<const std::string> allowed_origins;  // "https://example.com"
  std::span<const std::string> allowed_hosts;    // "broker.home", without a port
  bool is_loopback = false;  // the Host must be a loopback name or an allowed one
};

/// Whether a request with this Origin and Host may be served: no Origin (not a browser), the same
/// host, or an allowed one.
[[nodiscard]] bool is_allowed_site(const HttpRequest& request, const SiteRules& rules);

/// Whether the request asks to become a WebSocket, rightly or wrongly.
[[nodiscard]] bool wants_websocket(const HttpRequest& request);

/// What an upgrade is answered with.
struct Upgrade {
  int status = 101;
  std::string text;  // 101: the whole answer; else: what was wrong
};

/// `path`   where WebSockets are served, besides "/".
/// returns  101 with sub-protocol `mqtt` or `mqttv3.1` [MQTT-6.0.0-4] [MQTT3-6.0.0-4], or 400, 404,
/// 426 (another
///          version than 13).
[[nodiscard]] Upgrade check_upgrade(const HttpRequest& request, std::string_view path);

/// The value of Sec-WebSocket-Accept that answers `key`.
[[nodiscard]] std::string websocket_accept(std::string_view key);

/// A client's request.      `key`   16 random bytes in Base64.
[[nodiscard]] std::string upgrade_request(std::string_view host, std::string_view path,
                                          std::string_view key);
/// Whether the server's answer `header` (through the empty line) accepts it.
/// returns   an empty text, or a sentence that says what is wrong with it.
[[nodiscard]] std::string check_upgrade_answer(std::string_view header, std::string_view key);

/// Base64 (RFC 4648 §4) of `bytes`.
[[nodiscard]] std::string base64(Bytes bytes);

}  // namespace peal::net
