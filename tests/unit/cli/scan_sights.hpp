// Hosts as a scan may have seen them, to be judged and printed by tests.
#pragma once

#include <chrono>

#include "peal/cli/scan_seen.hpp"

namespace peal::cli {

inline constexpr std::chrono::days year{365};

[[nodiscard]] inline Login accepted() { return {.end = Login::End::accepted, .reason = {}}; }
[[nodiscard]] inline Login refused(
    mqtt::ReasonCode reason = mqtt::ReasonCode::bad_user_name_or_password) {
  return {.end = Login::End::refused, .reason = reason};
}

/// A port without TLS where a stranger may do everything.
[[nodiscard]] inline PortSeen open_port() {
  PortSeen port;
  port.port = 1883;
  port.is_open = true;
  port.is_heard = true;
  port.way = Way::tcp;
  port.plain = port.login_5 = port.login_3 = port.random_login = port.will_login = accepted();
  port.entry = Entry::anonymous;
  port.everything.grant = Reading::Grant::granted;
  port.everything.messages = 12;
  port.everything.topics = 3;
  port.everything.window = std::chrono::seconds(2);
  port.system = port.everything;
  port.publishing.end = Publishing::End::accepted;
  return port;
}

[[nodiscard]] inline net::CertificateFacts good_certificate(
    std::chrono::system_clock::time_point now) {
  net::CertificateFacts facts;
  facts.subject = "CN=broker.home";
  facts.issuer = "CN=Some authority";
  facts.names = {"broker.home"};
  facts.valid_from = now - std::chrono::days(10);
  facts.valid_until = now + year;
  facts.key = "EC, 256 bits";
  facts.signature = "SHA256";
  facts.is_for_server = true;
  return facts;
}

/// A port inside TLS that lets in nobody.
[[nodiscard]] inline PortSeen closed_port(std::chrono::system_clock::time_point now) {
  using Outcome = net::TlsProbe::Outcome;
  PortSeen port;
  port.port = 8883;
  port.is_open = true;
  port.is_heard = true;
  port.way = Way::tls;
  port.plain.end = Login::End::closed;
  port.login_5 = port.login_3 = port.random_login = refused();
  port.tls.any.outcome = Outcome::agreed;
  port.tls.any.version = "TLSv1.3";
  port.tls.any.certificate = good_certificate(now);
  port.tls.outcomes = {Outcome::refused, Outcome::refused, Outcome::agreed, Outcome::agreed};
  return port;
}

[[nodiscard]] inline HostSeen host_with(std::vector<PortSeen> ports) {
  HostSeen host;
  host.host = "broker.home";
  host.address = "192.0.2.7";
  host.ports = std::move(ports);
  host.connections = 14;
  host.duration = std::chrono::milliseconds(2500);
  host.now = std::chrono::system_clock::time_point(std::chrono::seconds(1'800'000'000));
  return host;
}

[[nodiscard]] inline HostSeen open_host() { return host_with({open_port()}); }

[[nodiscard]] inline HostSeen closed_host() {
  HostSeen host = host_with({});
  host.ports = {closed_port(host.now)};
  return host;
}

}  // namespace peal::cli
