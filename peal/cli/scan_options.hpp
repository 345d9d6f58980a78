// What `peal scan` was asked to look at.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "peal/cli/scan_severity.hpp"

namespace peal::cli {

// The bounds of one scan, whatever the server does.
inline constexpr std::size_t scan_connections_limit = 40;
inline constexpr std::size_t scan_messages_limit = 1000;                   // of one subscription
inline constexpr std::size_t scan_bytes_limit = std::size_t{1024} * 1024;  // of one connection

struct ScanOptions {
  std::string host;
  std::vector<std::uint16_t> ports;
  bool only_tls = false;
  bool only_websocket = false;
  std::string websocket_path = "/mqtt";
  std::string ca_file;
  bool tries_passwords = true;
  std::chrono::milliseconds timeout{3000};  // of each step
  Severity fail_on = Severity::high;
  bool json = false;
};

/// A host and what its text says about the way.
struct ScanTarget {
  std::string host;
  std::optional<std::uint16_t> port;
  bool tls = false;
  bool websocket = false;
};

/// Reads HOST, HOST:PORT, [IPV6]:PORT, IPV6, or any of them behind mqtt://, mqtts://, ws://,
/// wss://. errors   throws std::runtime_error with a sentence.
[[nodiscard]] ScanTarget parse_scan_target(std::string_view text);

/// The ports that are looked at when none is named.
[[nodiscard]] std::vector<std::uint16_t> default_scan_ports(bool tls, bool websocket);

/// Reads the command line.    returns   the options, or nothing when all is done: `exit_code`.
[[nodiscard]] std::optional<ScanOptions> parse_scan_options(int argc, char** argv, int& exit_code);

}  // namespace peal::cli
