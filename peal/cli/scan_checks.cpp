#include "peal/cli/scan_checks.hpp"

#include <algorithm>
#include <array>
#include <functional>

#include "peal/cli/scan_judge_access.hpp"
#include "peal/cli/scan_judge_transport.hpp"

namespace peal::cli {
namespace {

using Standing = Judgement::Standing;

constexpr std::array checks{
    ScanCheck{.name = "anonymous",
              .topic = "clients without a name",
              .title = "Clients get in without a password",
              .judge = judge_anonymous,
              .peal = "anonymous = \"no\" in the [[listener]], and users: `peal passwd`, and an "
                      "[[auth.source]] that names its file.",
              .general = "Turn anonymous access off (mosquitto: allow_anonymous false and a "
                         "password_file), or ask for client certificates."},
    ScanCheck{.name = "any-password",
              .topic = "made-up passwords",
              .title = "Passwords are not checked",
              .judge = judge_any_password,
              .peal = "anonymous = \"no\", and an [[auth.source]] with a file of `peal passwd`.",
              .general = "Say where users come from; without that many brokers let in any name."},
    ScanCheck{.name = "known-password",
              .topic = "well-known passwords",
              .title = "A well-known password is accepted",
              .judge = judge_known_passwords,
              .peal = "`peal passwd FILE USER` sets another; `kill -HUP` makes the server read it.",
              .general = "Change it now, and read in the log who used it. Give each device a "
                         "password of its own, made by a machine."},
    ScanCheck{.name = "read-everything",
              .topic = "reading everything",
              .title = "Anyone can read every message",
              .judge = judge_reading,
              .peal =
                  "Users, and a [[role]] that gives each the topics it needs. Once there is one, "
                  "nothing else is allowed.",
              .general = "Ask for a password, and give rights by topic (mosquitto: acl_file). # is "
                         "for administrators."},
    ScanCheck{
        .name = "publish",
        .topic = "publishing",
        .title = "Anyone can publish",
        .judge = judge_publishing,
        .peal = "anonymous = \"no\", and a [[role]]: allow = [{ publish = \"devices/%u/#\" }].",
        .general = "Ask for a password, and let each client write below its own topic only."},
    ScanCheck{
        .name = "will",
        .topic = "Will Messages",
        .title = "Anyone can leave a Will Message",
        .judge = judge_will,
        .peal = "As for publishing: a will is held to the same rules.",
        .general = "Hold wills to the rules of publishing, at CONNECT and when they are sent."},
    ScanCheck{.name = "system-topics",
              .topic = "$SYS",
              .title = "Anyone can read $SYS",
              .judge = judge_system,
              .peal = "A [[role]] that allows $SYS/# to administrators, and to nobody else.",
              .general = "Deny $SYS/# to all but administrators: it counts clients and tells the "
                         "version."},
    ScanCheck{
        .name = "plain-text",
        .topic = "MQTT without TLS",
        .title = "Passwords and messages go unencrypted",
        .judge = judge_plain_text,
        .peal = "[listener.tls] with cert and key; bind listeners without it to 127.0.0.1.",
        .general = "Serve TLS on 8883, move the clients over, then close the port without it."},
    ScanCheck{
        .name = "foreign-origin",
        .topic = "pages of other sites",
        .title = "Any web page can open a WebSocket",
        .judge = judge_origin,
        .peal = "Leave allowed_origins empty, or name the sites that are yours.",
        .general = "Check the Origin of every upgrade, in the broker or in a proxy before it."},
    ScanCheck{.name = "old-tls",
              .topic = "old TLS",
              .title = "Old versions of TLS are offered",
              .judge = judge_old_tls,
              .peal = "Nothing to do: it speaks none that is older than 1.2.",
              .general = "Set the oldest version to 1.2 (mosquitto: tls_version tlsv1.2)."},
    ScanCheck{.name = "new-tls",
              .topic = "new TLS",
              .title = "New versions of TLS are missing",
              .judge = judge_new_tls,
              .peal = "Nothing to do: it speaks 1.2 and 1.3.",
              .general = "Allow 1.3 besides 1.2; update the library where it has none."},
    ScanCheck{.name = "certificate-time",
              .topic = "certificate, time",
              .title = "The certificate's time is wrong",
              .judge = judge_certificate_time,
              .peal = "Replace the files of tls.cert and tls.key, then `kill -HUP`: no client is "
                      "dropped.",
              .general = "Let a machine renew it, well before its end and about once a year."},
    ScanCheck{.name = "certificate-issuer",
              .topic = "certificate, issuer",
              .title = "Nobody known vouches for the certificate",
              .judge = judge_certificate_issuer,
              .peal = "tls.cert with a certificate of an authority that your clients know, and its "
                      "chain. If that is your own one, scan with --cafile.",
              .general = "Give clients the authority's certificate and let them check; who checks "
                         "nothing can be listened in on."},
    ScanCheck{.name = "certificate-name",
              .topic = "certificate, name",
              .title = "The certificate is for another name",
              .judge = judge_certificate_name,
              .peal = "tls.cert with a certificate that has the host's name as a subjectAltName.",
              .general = "The same. Clients that check names cannot connect, so somebody will turn "
                         "the check off."},
    ScanCheck{.name = "certificate-key",
              .topic = "certificate, key",
              .title = "The certificate is weak",
              .judge = judge_certificate_key,
              .peal = "tls.key with a new key: EC P-256, or RSA from 2048 bits on.",
              .general = "The same, signed with SHA-256."},
    ScanCheck{.name = "version",
              .topic = "what it says of itself",
              .title = "The server says what it is",
              .judge = judge_version,
              .peal = "Nothing to do: it does not say before a client is let in.",
              .general = "Hide it from strangers, and keep the server up to date all the same."},
};

/// The worst first; of the same, in the order of the table.
void insert_by_severity(std::vector<ScanResult>& findings, ScanResult result) {
  const auto place =
      std::ranges::upper_bound(findings, result.judgement.severity, std::ranges::greater{},
                               [](const ScanResult& each) { return each.judgement.severity; });
  findings.insert(place, std::move(result));
}

void sort_in(ScanVerdict& verdict, ScanResult result) {
  switch (result.judgement.standing) {
    case Standing::none:
      return;
    case Standing::good:
      verdict.good.push_back(std::move(result));
      return;
    case Standing::unknown:
      verdict.unknown.push_back(std::move(result));
      return;
    case Standing::bad:
      verdict.worst = std::max(verdict.worst.value_or(Severity::low), result.judgement.severity);
      insert_by_severity(verdict.findings, std::move(result));
      return;
  }
}

}  // namespace

std::span<const ScanCheck> scan_checks() { return checks; }

bool is_spoken_to(const PortSeen& port) { return port.way != Way::none || port.tls.is_spoken(); }

bool is_judgeable(const HostSeen& host) { return std::ranges::any_of(host.ports, is_spoken_to); }

ScanVerdict judge(const HostSeen& host) {
  ScanVerdict verdict;
  for (const ScanCheck& check : checks) {
    for (const PortSeen& port : host.ports) {
      sort_in(verdict, {&check, port.port, check.judge(host, port)});
    }
  }
  return verdict;
}

}  // namespace peal::cli
