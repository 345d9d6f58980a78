#include "peal/cli/scan_probes.hpp"

#include <array>
#include <chrono>
#include <utility>

#include "peal/cli/scan_http.hpp"
#include "peal/cli/scan_passwords.hpp"
#include "peal/cli/scan_tls.hpp"
#include "peal/cli/scan_visit.hpp"

namespace peal::cli {
namespace {

using mqtt::ProtocolVersion;
using std::chrono::milliseconds;

constexpr milliseconds reading_window{2000};
constexpr milliseconds system_window{1000};  // what is there is retained and comes at once

std::string test_topic() { return with_random_letters("peal-scan/"); }

/// CONNECT in both versions until one is answered; a server of one version may close on the other.
void greet(ScanTools& tools, PortSeen& seen, Way way) {
  for (const ProtocolVersion version : {ProtocolVersion::v5, ProtocolVersion::v3_1_1}) {
    LoginRequest request;
    request.version = version;
    const ScanVisit visit(tools, seen, way, request);
    seen.is_open = seen.is_open || visit.is_connected();
    seen.trouble = seen.is_open ? "" : visit.trouble();
    (version == ProtocolVersion::v5 ? seen.login_5 : seen.login_3) = visit.login();
    if (visit.login().is_answered()) {
      seen.way = way;
      return;
    }
    if (visit.login().end != Login::End::closed) {
      return;
    }
  }
}

void greet_plainly(ScanTools& tools, PortSeen& seen) {
  if (tools.options.only_tls || tools.options.only_websocket) {
    return;
  }
  greet(tools, seen, Way::tcp);
  seen.plain = seen.login_5.is_answered() ? seen.login_5 : seen.login_3;
}

void look_at_tls(ScanTools& tools, PortSeen& seen) {
  const bool was_asked = tools.options.only_tls || !tools.options.only_websocket;
  // A port that could not be connected to plainly is closed for TLS too.
  if (was_asked && (seen.is_open || tools.options.only_tls)) {
    seen.tls = probe_port_tls(tools, seen);
  }
}

void greet_otherwise(ScanTools& tools, PortSeen& seen) {
  const ScanOptions& options = tools.options;
  const auto is_asked = [&](Way way) {
    return (!options.only_tls || is_encrypted(way)) &&
           (!options.only_websocket || is_websocket(way));
  };
  for (const Way way : {Way::tls, Way::ws, Way::wss}) {
    const bool is_known_not =
        (is_encrypted(way) && !seen.tls.is_spoken() && !options.only_websocket);
    const bool was_tried = seen.is_open || options.only_websocket;
    if (seen.way == Way::none && was_tried && is_asked(way) && !is_known_not) {
      greet(tools, seen, way);
    }
  }
}

void greet_in_3_1_1(ScanTools& tools, PortSeen& seen) {
  if (seen.way == Way::none || seen.login_3.is_answered()) {
    return;
  }
  LoginRequest request;
  request.version = ProtocolVersion::v3_1_1;
  seen.login_3 = ScanVisit(tools, seen, seen.way, request).login();
}

void try_any_password(ScanTools& tools, PortSeen& seen) {
  if (seen.way == Way::none) {
    return;
  }
  const bool is_anonymous = seen.login_5.is_accepted() || seen.login_3.is_accepted();
  seen.entry = Entry::any_password;
  seen.random_login = ScanVisit(tools, seen, seen.way, stranger(seen)).login();
  if (is_anonymous) {
    seen.entry = Entry::anonymous;
  } else if (!seen.random_login.is_accepted()) {
    seen.entry = Entry::none;
  }
}

void try_publish(ScanTools& tools, PortSeen& seen) {
  if (seen.entry == Entry::none) {
    return;
  }
  ScanVisit visit(tools, seen, seen.way, stranger(seen));
  if (visit.login().is_accepted()) {
    seen.publishing = visit.talk().publish(test_topic());
  }
}

void read_everything(ScanTools& tools, PortSeen& seen) {
  if (seen.entry == Entry::none) {
    return;
  }
  ScanVisit visit(tools, seen, seen.way, stranger(seen));
  if (visit.login().is_accepted()) {
    const bool may_publish = seen.publishing.end == Publishing::End::accepted;
    seen.everything = visit.talk().read("#", std::min(reading_window, tools.options.timeout),
                                        may_publish ? test_topic() : "");
  }
}

void read_system(ScanTools& tools, PortSeen& seen) {
  if (seen.entry == Entry::none) {
    return;
  }
  ScanVisit visit(tools, seen, seen.way, stranger(seen));
  if (visit.login().is_accepted()) {
    seen.system = visit.talk().read("$SYS/#", std::min(system_window, tools.options.timeout), "");
  }
}

void leave_will(ScanTools& tools, PortSeen& seen) {
  if (seen.entry == Entry::none) {
    return;
  }
  LoginRequest request = stranger(seen);
  request.will_topic = test_topic();
  seen.will_login = ScanVisit(tools, seen, seen.way, request).login();
}

void look_at_http(ScanTools& tools, PortSeen& seen) {
  if (seen.is_open) {
    seen.http = probe_port_http(tools, seen);
  }
}

constexpr std::array probes{
    ScanProbe{"plain", "does it speak MQTT without TLS, and let in who has no name?",
              greet_plainly},
    ScanProbe{"tls", "does it speak TLS, which versions, with which certificate?", look_at_tls},
    ScanProbe{"ways", "does it speak MQTT inside TLS or a WebSocket?", greet_otherwise},
    ScanProbe{"older", "does it let in who speaks MQTT 3.1.1?", greet_in_3_1_1},
    ScanProbe{"http", "does it open a WebSocket for a page of another site?", look_at_http},
    ScanProbe{"any-password", "does it let in a made-up name and password?", try_any_password},
    ScanProbe{"publish", "may a stranger publish?", try_publish},
    ScanProbe{"read", "may a stranger read everything?", read_everything},
    ScanProbe{"system", "may a stranger read $SYS?", read_system},
    ScanProbe{"will", "may a stranger leave a Will Message?", leave_will},
};

}  // namespace

std::span<const ScanProbe> scan_probes() { return probes; }

HostSeen scan_host(const ScanOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  ScanDialer dialer(options);
  ScanTools tools{options, dialer};
  HostSeen host;
  host.host = options.host;
  host.now = std::chrono::system_clock::now();
  for (const std::uint16_t port : options.ports) {
    PortSeen& seen = host.ports.emplace_back();
    seen.port = port;
    for (const ScanProbe& probe : probes) {
      probe.look(tools, seen);
    }
  }
  if (options.tries_passwords) {
    host.passwords = try_known_passwords(tools, host.ports);
  }
  host.address = dialer.address();
  host.is_loopback = dialer.is_loopback();
  host.connections = dialer.connections();
  host.duration =
      std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin);
  return host;
}

}  // namespace peal::cli
