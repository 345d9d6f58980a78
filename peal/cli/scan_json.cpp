#include "peal/cli/scan_json.hpp"

#include <ctime>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include "peal/cli/json_writer.hpp"
#include "peal/cli/scan_options.hpp"
#include "peal/cli/scan_talk.hpp"
#include "peal/cli/scan_text.hpp"

namespace peal::cli {
namespace {

using Facts = net::CertificateFacts;
using Outcome = net::TlsProbe::Outcome;

constexpr std::array<std::string_view, 5> way_names{"", "mqtt", "mqtts", "ws", "wss"};
constexpr std::array<std::string_view, TlsSeen::versions.size()> tls_names{"1.0", "1.1", "1.2",
                                                                           "1.3"};

void add_text(JsonWriter& json, std::string_view key, std::string_view value) {
  json.key(key);
  json.string(value);
}

void add_number(JsonWriter& json, std::string_view key, double value) {
  json.key(key);
  json.number(value);
}

void add_bool(JsonWriter& json, std::string_view key, bool value) {
  json.key(key);
  json.word(value ? "true" : "false");
}

std::string time_text(Facts::Time time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

void add_certificate(JsonWriter& json, const Facts& facts) {
  json.key("certificate");
  json.begin_object();
  add_text(json, "subject", printable(facts.subject));
  add_text(json, "issuer", printable(facts.issuer));
  json.key("names");
  json.begin_array();
  for (const std::string& name : facts.names) {
    json.string(printable(name));
  }
  json.end_array();
  add_text(json, "valid_from", time_text(facts.valid_from));
  add_text(json, "valid_until", time_text(facts.valid_until));
  add_text(json, "key", facts.key);
  add_text(json, "signature", facts.signature);
  add_bool(json, "self_signed", facts.is_self_signed);
  add_bool(json, "believed", facts.distrust.empty());
  json.end_object();
}

void add_tls(JsonWriter& json, const TlsSeen& tls) {
  json.key("tls");
  json.begin_object();
  json.key("versions");
  json.begin_array();
  for (std::size_t i = 0; i < tls_names.size(); ++i) {
    if (tls.outcomes[i] == Outcome::agreed) {
      json.string(tls_names[i]);
    }
  }
  json.end_array();
  add_bool(json, "asks_for_certificate", tls.any.asks_for_certificate);
  if (tls.any.certificate.has_value()) {
    add_certificate(json, *tls.any.certificate);
  }
  json.end_object();
}

void add_port(JsonWriter& json, const PortSeen& port) {
  json.begin_object();
  add_number(json, "port", port.port);
  add_bool(json, "open", port.is_open);
  add_text(json, "text", port_text(port));
  if (port.way != Way::none) {
    add_text(json, "way", way_names[std::to_underlying(port.way)]);
    json.key("versions");
    json.begin_array();
    if (port.login_3.is_understood()) {
      json.string("3.1.1");
    }
    if (port.login_5.is_understood()) {
      json.string("5");
    }
    json.end_array();
  }
  if (port.tls.is_spoken()) {
    add_tls(json, port.tls);
  }
  json.end_object();
}

void add_result(JsonWriter& json, const ScanResult& result, bool is_finding) {
  json.begin_object();
  add_text(json, "check", result.check->name);
  add_number(json, "port", result.port);
  if (is_finding) {
    add_text(json, "severity", severity_row(result.judgement.severity).name);
    add_text(json, "title", result.check->title);
  }
  add_text(json, "seen", result.judgement.seen);
  if (is_finding) {
    add_text(json, "peal", result.check->peal);
    add_text(json, "general", result.check->general);
  }
  json.end_object();
}

void add_results(JsonWriter& json, std::string_view key, const std::vector<ScanResult>& results,
                 bool are_findings) {
  json.key(key);
  json.begin_array();
  for (const ScanResult& result : results) {
    add_result(json, result, are_findings);
  }
  json.end_array();
}

void add_verdict(JsonWriter& json, const ScanVerdict& verdict, Severity fail_on) {
  add_text(json, "grade", std::string(1, verdict.grade()));
  add_text(json, "fail_on", severity_row(fail_on).name);
  add_bool(json, "failed", verdict.worst.has_value() && *verdict.worst >= fail_on);
  add_results(json, "findings", verdict.findings, true);
  add_results(json, "good", verdict.good, false);
  add_results(json, "unknown", verdict.unknown, false);
}

}  // namespace

std::string scan_json(const HostSeen& host, const ScanVerdict& verdict, Severity fail_on) {
  JsonWriter json(false);
  json.begin_object();
  add_text(json, "host", host.host);
  add_text(json, "address", host.address);
  add_bool(json, "loopback", host.is_loopback);
  add_text(json, "time", time_text(host.now));
  json.key("ports");
  json.begin_array();
  for (const PortSeen& port : host.ports) {
    add_port(json, port);
  }
  json.end_array();
  if (is_judgeable(host)) {
    add_verdict(json, verdict, fail_on);
  } else {
    json.key("grade");
    json.word("null");
  }
  add_number(json, "connections", static_cast<double>(host.connections));
  add_number(json, "connections_limit", static_cast<double>(scan_connections_limit));
  add_number(json, "seconds", std::chrono::duration<double>(host.duration).count());
  json.end_object();
  return json.text() + "\n";
}

}  // namespace peal::cli
