#include "peal/cli/scan_http.hpp"

#include <array>
#include <optional>
#include <vector>

#include "peal/base/trim.hpp"
#include "peal/cli/scan_talk.hpp"
#include "peal/net/http.hpp"
#include "peal/net/http_upgrade.hpp"
#include "peal/net/stream.hpp"

namespace peal::cli {
namespace {

using Clock = std::chrono::steady_clock;

// 16 bytes in Base64; what they are does not matter to a server.
constexpr std::string_view websocket_key = "cGVhbCBzY2FuIHBlYWwgIQ==";
constexpr std::string_view header_end = "\r\n\r\n";

std::string request_text(const ScanTools& tools, std::uint16_t port, bool is_foreign) {
  const std::string& host = tools.options.host;
  const std::string named = host.find(':') == std::string::npos ? host : "[" + host + "]";
  std::string text = net::upgrade_request(named + ":" + std::to_string(port),
                                          tools.options.websocket_path, websocket_key);
  if (is_foreign) {
    const std::string line = "Origin: " + std::string(foreign_origin) + "\r\n";
    text.insert(text.size() - 2, line);
  }
  return text;
}

/// Everything through the empty line; what came when there is none.
std::string read_header(net::Stream& stream, Clock::time_point deadline) {
  std::string text;
  std::array<std::uint8_t, 2048> buffer{};
  while (text.find(header_end) == std::string::npos && text.size() < net::http_header_bytes_limit) {
    const auto now = Clock::now();
    if (now >= deadline) {
      break;
    }
    const auto size =
        stream.read(buffer, std::chrono::ceil<std::chrono::milliseconds>(deadline - now));
    if (!size.has_value()) {
      break;
    }
    text += as_text(Bytes(buffer).first(*size));
  }
  const std::size_t end = text.find(header_end);
  return end == std::string::npos ? text : text.substr(0, end + header_end.size());
}

/// The header of the answer; empty when it is no HTTP.
std::string ask(ScanTools& tools, PortSeen& seen, bool is_foreign) {
  const Way way = is_encrypted(seen.way) ? Way::tls : Way::tcp;
  const auto connection = tools.dialer.dial(seen.port, way);
  if (!connection.has_value()) {
    return {};
  }
  net::Stream& stream = (*connection)->stream();
  const std::string request = request_text(tools, seen.port, is_foreign);
  if (!stream.write_all(as_bytes(request), tools.options.timeout).has_value()) {
    return {};
  }
  std::string answer = read_header(stream, Clock::now() + tools.options.timeout);
  return answer.starts_with("HTTP/1.") ? answer : "";
}

void note_server(std::string_view answer, PortSeen& seen) {
  const std::string_view server = header_of_answer(answer, "Server");
  if (!server.empty() && tells_version(server)) {
    seen.leaks.push_back({.where = "HTTP, Server", .text = printable(server)});
  }
}

}  // namespace

std::string_view header_of_answer(std::string_view answer, std::string_view name) {
  while (!answer.empty()) {
    const std::size_t end = answer.find("\r\n");
    const std::string_view line = answer.substr(0, end);
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos && net::equal_ignoring_case(line.substr(0, colon), name)) {
      return trimmed(line.substr(colon + 1));
    }
    answer = end == std::string_view::npos ? "" : answer.substr(end + 2);
  }
  return {};
}

HttpSeen probe_port_http(ScanTools& tools, PortSeen& seen) {
  HttpSeen http;
  std::string answer = ask(tools, seen, true);
  http.answers = answer.empty() ? Answer::no : Answer::yes;
  if (answer.empty()) {
    return http;
  }
  note_server(answer, seen);
  const auto is_upgrade = [](std::string_view text) {
    return net::check_upgrade_answer(text, websocket_key).empty();
  };
  if (is_upgrade(answer)) {
    http.foreign_origin = http.websocket = Answer::yes;
    return http;
  }
  answer = ask(tools, seen, false);
  http.websocket = is_upgrade(answer) ? Answer::yes : Answer::no;
  http.foreign_origin = http.websocket == Answer::yes ? Answer::no : Answer::untried;
  return http;
}

}  // namespace peal::cli
