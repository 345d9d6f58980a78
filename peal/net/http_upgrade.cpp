#include "peal/net/http_upgrade.hpp"

#include <algorithm>
#include <array>
#include <openssl/evp.h>

namespace peal::net {
namespace {

constexpr std::string_view accept_suffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
// 16 bytes in Base64.
constexpr std::size_t key_size = 24;

/// "example.com:8083" without its port; "[::1]:8083" gives "[::1]".
std::string_view without_port(std::string_view host) {
  const std::size_t bracket = host.rfind(']');
  const std::size_t colon = host.rfind(':');
  if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket)) {
    return host;
  }
  return host.substr(0, colon);
}

bool is_loopback_name(std::string_view name) {
  return equal_ignoring_case(name, "localhost") || name == "127.0.0.1" || name == "[::1]";
}

bool contains(std::span<const std::string> list, std::string_view text) {
  return std::any_of(list.begin(), list.end(),
                     [text](const std::string& entry) { return equal_ignoring_case(entry, text); });
}

/// The host and port of "https://host:port"; empty when it is no such text ("null").
std::string_view host_of_origin(std::string_view origin) {
  const std::size_t end = origin.find("://");
  return end == std::string_view::npos ? std::string_view{} : origin.substr(end + 3);
}

bool is_key(std::string_view key) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  return key.size() == key_size && key.ends_with("==") &&
         key.substr(0, key_size - 2).find_first_not_of(alphabet) == std::string_view::npos;
}

std::size_t count_header(const HttpRequest& request, std::string_view name) {
  return static_cast<std::size_t>(
      std::count_if(request.headers.begin(), request.headers.end(),
                    [name](const auto& field) { return equal_ignoring_case(field.first, name); }));
}

/// The sub-protocol to answer with, or empty.
std::string_view choose_protocol(const HttpRequest& request) {
  for (const std::string_view protocol : {"mqtt", "mqttv3.1"}) {
    if (request.header_has_token("Sec-WebSocket-Protocol", protocol)) {
      return protocol;
    }
  }
  return {};
}

}  // namespace

std::string base64(Bytes bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

std::string websocket_accept(std::string_view key) {
  const std::string text = std::string(key).append(accept_suffix);
  std::array<std::uint8_t, 20> digest{};
  EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha1(), nullptr);
  return base64(digest);
}

bool is_allowed_site(const HttpRequest& request, const SiteRules& rules) {
  if (count_header(request, "Host") > 1 || count_header(request, "Origin") > 1) {
    return false;
  }
  const std::string_view host = request.header("Host");
  const std::string_view name = without_port(host);
  if (rules.is_loopback && !is_loopback_name(name) && !contains(rules.allowed_hosts, name) &&
      !contains(rules.allowed_hosts, host)) {
    return false;
  }
  if (!request.has_header("Origin")) {
    return true;
  }
  const std::string_view origin = request.header("Origin");
  if (contains(rules.allowed_origins, origin)) {
    return true;
  }
  const std::string_view origin_host = host_of_origin(origin);
  return !origin_host.empty() && equal_ignoring_case(origin_host, host);
}

bool wants_websocket(const HttpRequest& request) {
  return request.header_has_token("Upgrade", "websocket") ||
         request.has_header("Sec-WebSocket-Key");
}

Upgrade check_upgrade(const HttpRequest& request, std::string_view path) {
  if (request.path() != path && request.path() != "/") {
    return {404, "There is no WebSocket at this path."};
  }
  if (request.method != "GET" || !request.body.empty() ||
      !request.header_has_token("Upgrade", "websocket") ||
      !request.header_has_token("Connection", "Upgrade") || !request.has_header("Host")) {
    return {400, "This is no WebSocket upgrade: it takes GET, Host, Upgrade and Connection."};
  }
  if (request.header("Sec-WebSocket-Version") != "13") {
    return {426, "The WebSocket version must be 13."};
  }
  const std::string_view key = request.header("Sec-WebSocket-Key");
  if (!is_key(key) || count_header(request, "Sec-WebSocket-Key") != 1) {
    return {400, "Sec-WebSocket-Key must be 16 bytes in Base64."};
  }
  const std::string_view protocol = choose_protocol(request);
  if (protocol.empty()) {
    return {400, "The WebSocket sub-protocol must be mqtt or mqttv3.1."};
  }
  std::string text =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
  text += "Sec-WebSocket-Accept: " + websocket_accept(key) + "\r\n";
  text += "Sec-WebSocket-Protocol: " + std::string(protocol) + "\r\n\r\n";
  return {101, std::move(text)};
}

std::string upgrade_request(std::string_view host, std::string_view path, std::string_view key) {
  std::string text = "GET ";
  text.append(path).append(" HTTP/1.1\r\nHost: ").append(host);
  text += "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n";
  text.append("Sec-WebSocket-Key: ").append(key);
  text += "\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n";  // [MQTT-6.0.0-3]
  return text;
}

std::string check_upgrade_answer(std::string_view header, std::string_view key) {
  const std::string_view status_line = header.substr(0, header.find("\r\n"));
  if (!status_line.starts_with("HTTP/1.1 101")) {
    return "The server refused the WebSocket: " + std::string(status_line.substr(0, 100)) + ".";
  }
  // The lines of an answer have the form of a request's: only the first line differs.
  HttpRequest fields;
  std::size_t begin = status_line.size() + 2;
  while (begin < header.size()) {
    const std::size_t end = std::min(header.find("\r\n", begin), header.size());
    const std::string_view line = header.substr(begin, end - begin);
    const std::size_t colon = std::min(line.find(':'), line.size());
    std::string_view value = line.substr(std::min(colon + 1, line.size()));
    value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
    fields.headers.emplace_back(line.substr(0, colon), value);
    begin = end + 2;
  }
  if (!fields.header_has_token("Upgrade", "websocket") ||
      fields.header("Sec-WebSocket-Accept") != websocket_accept(key)) {
    return "The server's answer to the WebSocket request is wrong.";
  }
  if (fields.header("Sec-WebSocket-Protocol") != "mqtt") {
    return "The server does not speak MQTT over WebSocket.";  // [MQTT-6.0.0-4]
  }
  return {};
}

}  // namespace peal::net
