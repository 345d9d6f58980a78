#include "peal/cli/scan_options.hpp"

#include <CLI/CLI.hpp>
#include <array>
#include <charconv>
#include <fmt/format.h>
#include <map>
#include <stdexcept>

namespace peal::cli {
namespace {

struct Scheme {
  std::string_view prefix;
  bool tls;
  bool websocket;
};
constexpr std::array schemes{
    Scheme{"mqtt://", false, false},
    Scheme{"mqtts://", true, false},
    Scheme{"ws://", false, true},
    Scheme{"wss://", true, true},
};

std::uint16_t parse_port(std::string_view text) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number == 0 || number > 65'535) {
    throw std::runtime_error(fmt::format("'{}' is no port: 1 to 65535", text));
  }
  return static_cast<std::uint16_t>(number);
}

/// "[::1]:1883" or "[::1]".
void parse_bracketed(std::string_view text, ScanTarget& target) {
  const std::size_t end = text.find(']');
  const std::string_view rest = end == std::string_view::npos ? "" : text.substr(end + 1);
  if (end == std::string_view::npos || (!rest.empty() && rest.front() != ':')) {
    throw std::runtime_error(fmt::format("'{}' is no address: [ADDRESS]:PORT", text));
  }
  target.host = text.substr(1, end - 1);
  if (!rest.empty()) {
    target.port = parse_port(rest.substr(1));
  }
}

const std::map<std::string, Severity> severities{{"low", Severity::low},
                                                 {"medium", Severity::medium},
                                                 {"high", Severity::high},
                                                 {"critical", Severity::critical}};

std::string footer() {
  return fmt::format(
      "Without a port it looks at 1883 and 8883 (--tls: 8883, --ws: 8083, both: 8084).\n\n"
      "It connects only to HOST, one connection at a time and {} in all. It publishes one or two\n"
      "messages to peal-scan/RANDOM (QoS 1, never retained), subscribes to # for two seconds and\n"
      "counts what comes, up to {} messages or {} MiB, and tries ten well-known passwords on one\n"
      "port. It shows how much it could read, never what. Scan what is yours, or what you were\n"
      "asked to.\n\n"
      "Exit codes: 0 nothing at or above --fail-on, 2 something, 1 nothing to look at there.\n\n"
      "Examples: peal scan broker.home\n"
      "          peal scan broker.home:1884 --fail-on medium --json",
      scan_connections_limit, scan_messages_limit, scan_bytes_limit >> 20U);
}

struct Typed {
  std::string target;
  double timeout_seconds = 3;
  bool no_passwords = false;
};

void declare(CLI::App& app, ScanOptions& options, Typed& typed) {
  app.footer(footer());
  app.add_option("HOST", typed.target, "HOST, HOST:PORT, or mqtt://, mqtts://, ws:// or wss://HOST")
      ->option_text(" ")
      ->required();
  app.add_flag("--tls", options.only_tls, "speak only inside TLS");
  app.add_flag("--ws", options.only_websocket, "speak only through a WebSocket");
  app.add_option("--ws-path", options.websocket_path, "path of the WebSocket (default: /mqtt)")
      ->option_text("PATH");
  app.add_option("--cafile", options.ca_file,
                 "believe certificates of these authorities (PEM), not of the system's")
      ->option_text("FILE")
      ->check(CLI::ExistingFile);
  app.add_flag("--no-passwords", typed.no_passwords, "do not try well-known passwords");
  app.add_option("--timeout", typed.timeout_seconds, "how long to wait in each step (default: 3)")
      ->option_text("SECONDS")
      ->check(CLI::Range(0.1, 60.0));
  app.add_option("--fail-on", options.fail_on,
                 "exit with 2 from there on: low, medium, high (default), critical")
      ->option_text("SEVERITY")
      ->transform(CLI::Transformer(severities));
  app.add_flag("--json", options.json, "print one JSON object");
}

void finish(ScanOptions& options, const Typed& typed) {
  ScanTarget target = parse_scan_target(typed.target);
  options.host = std::move(target.host);
  options.only_tls = options.only_tls || target.tls;
  options.only_websocket = options.only_websocket || target.websocket;
  options.ports = target.port.has_value()
                      ? std::vector{*target.port}
                      : default_scan_ports(options.only_tls, options.only_websocket);
  options.tries_passwords = !typed.no_passwords;
  options.timeout = std::chrono::milliseconds(static_cast<long>(typed.timeout_seconds * 1000));
}

}  // namespace

ScanTarget parse_scan_target(std::string_view text) {
  ScanTarget target;
  std::string_view rest = text;
  for (const Scheme& scheme : schemes) {
    if (text.starts_with(scheme.prefix)) {
      rest = text.substr(scheme.prefix.size());
      target.tls = scheme.tls;
      target.websocket = scheme.websocket;
    }
  }
  if (rest.find('/') != std::string_view::npos) {
    throw std::runtime_error(fmt::format("'{}' is no host: HOST or HOST:PORT", text));
  }
  const std::size_t colon = rest.find(':');
  if (rest.starts_with('[')) {
    parse_bracketed(rest, target);
  } else if (colon == std::string_view::npos ||
             rest.find(':', colon + 1) != std::string_view::npos) {
    target.host = rest;  // with several colons it is an IPv6 address
  } else {
    target.host = rest.substr(0, colon);
    target.port = parse_port(rest.substr(colon + 1));
  }
  if (target.host.empty()) {
    throw std::runtime_error(fmt::format("'{}' names no host", text));
  }
  return target;
}

std::vector<std::uint16_t> default_scan_ports(bool tls, bool websocket) {
  if (websocket) {
    return {static_cast<std::uint16_t>(tls ? 8084 : 8083)};
  }
  return tls ? std::vector<std::uint16_t>{8883} : std::vector<std::uint16_t>{1883, 8883};
}

std::optional<ScanOptions> parse_scan_options(int argc, char** argv, int& exit_code) {
  CLI::App app("Tell what a stranger learns of an MQTT broker, and what to do about it.",
               "peal scan");
  ScanOptions options;
  Typed typed;
  declare(app, options, typed);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    exit_code = app.exit(problem) == 0 ? 0 : 1;
    return std::nullopt;
  }
  finish(options, typed);
  return options;
}

}  // namespace peal::cli
