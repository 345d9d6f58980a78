#include "peal/cli/scan.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <ifaddrs.h>
#include <string>
#include <string_view>
#include <sys/ioctl.h>
#include <unistd.h>

#include "peal/cli/interrupt.hpp"
#include "peal/cli/scan_checks.hpp"
#include "peal/cli/scan_json.hpp"
#include "peal/cli/scan_options.hpp"
#include "peal/cli/scan_probes.hpp"
#include "peal/cli/scan_text.hpp"
#include "peal/net/address.hpp"

namespace peal::cli {
namespace {

constexpr int found_exit_code = 2;
constexpr int failed_exit_code = 1;
constexpr std::size_t fewest_columns = 72;
constexpr std::size_t most_columns = 100;

/// An address of this machine that others reach; empty when there is none.
std::string own_address() {
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) {
    return {};
  }
  std::string found;
  for (const ifaddrs* next = first; next != nullptr && found.empty(); next = next->ifa_next) {
    if (next->ifa_addr == nullptr) {
      continue;
    }
    const auto address = net::Address::from_system(*next->ifa_addr);
    if (address.family() == net::Address::Family::ipv4 && !address.is_loopback()) {
      found = address.text();
    }
  }
  freeifaddrs(first);
  return found;
}

ScanStyle style_for(const HostSeen& host, const ScanOptions& options) {
  ScanStyle style;
  const bool is_terminal = isatty(STDOUT_FILENO) == 1;
  const char* no_color = std::getenv("NO_COLOR");
  const std::string_view terminal = std::getenv("TERM") != nullptr ? std::getenv("TERM") : "";
  style.is_colored = is_terminal && (no_color == nullptr || *no_color == '\0') &&
                     !terminal.empty() && terminal != "dumb";
  winsize size{};
  if (is_terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    style.columns = std::clamp<std::size_t>(size.ws_col, fewest_columns, most_columns);
  }
  if (host.is_loopback) {
    style.other_address = own_address();
  }
  if (!style.other_address.empty() && options.ports.size() == 1) {
    style.other_address += ":" + std::to_string(options.ports.front());
  }
  return style;
}

int run(const ScanOptions& options) {
  const HostSeen host = scan_host(options);
  const ScanVerdict verdict = judge(host);
  const std::string text = options.json ? scan_json(host, verdict, options.fail_on)
                                        : scan_text(host, verdict, style_for(host, options));
  std::fputs(text.c_str(), stdout);
  if (!is_judgeable(host)) {
    std::fprintf(stderr, "peal scan: nothing at %s speaks MQTT or TLS on %s.\n",
                 options.host.c_str(),
                 options.ports.size() == 1 ? "that port" : "ports 1883 and 8883");
    return failed_exit_code;
  }
  return verdict.worst.has_value() && *verdict.worst >= options.fail_on ? found_exit_code : 0;
}

}  // namespace

int scan_main(int argc, char** argv) {
  ignore_broken_pipes();
  int exit_code = 0;
  try {
    const auto options = parse_scan_options(argc, argv, exit_code);
    return options.has_value() ? run(*options) : exit_code;
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "peal scan: %s\n", problem.what());
    return failed_exit_code;
  }
}

}  // namespace peal::cli
