#include "peal/cli/scan_checks.hpp"

#include <algorithm>
#include <array>

#include "peal/cli/scan_judge_access.hpp"
#include "peal/cli/scan_judge_transport.hpp"

namespace peal::cli {
namespace {

using Standing = Judgement::Standing;

constexpr std::array checks{
    ScanCheck{
        "anonymous", "clients without a name", "Clients get in without a password", judge_anonymous,
        "anonymous = \"no\" in the [[listener]], users with `peal passwd`, and an [[auth.source]]",
        "Turn anonymous access off (mosquitto: allow_anonymous false and a password_file) or ask "
        "for client certificates."},
    ScanCheck{"any-password", "made-up passwords", "Passwords are not checked", judge_any_password,
              "an [[auth.source]] with a file of `peal passwd`, and anonymous = \"no\"",
              "Configure where users come from; without that many brokers let in any name."},
    ScanCheck{"known-password", "well-known passwords", "A well-known password is accepted",
              judge_known_passwords,
              "`peal passwd FILE USER` sets another one; `kill -HUP` makes the server read it",
              "Change it now, and look in the log who used it. A password per device, made by a "
              "machine."},
    ScanCheck{
        "read-everything", "reading everything", "Anyone can read every message", judge_reading,
        "users, and a [[role]] that allows each the topics it needs: with a role nothing else "
        "is allowed",
        "Ask for a password, and give rights by topic (mosquitto: acl_file); # for "
        "administrators only."},
    ScanCheck{"publish", "publishing", "Anyone can publish", judge_publishing,
              "anonymous = \"no\"; a [[role]] with allow = [{ publish = \"devices/%u/#\" }]",
              "Ask for a password, and let each client write below its own topic only."},
    ScanCheck{"will", "Will Messages", "Anyone can leave a Will Message", judge_will,
              "anonymous = \"no\"; a will is held to the same rules as PUBLISH",
              "Hold wills to the rules of publishing; brokers check them at CONNECT."},
    ScanCheck{"system-topics", "$SYS", "Anyone can read $SYS", judge_system,
              "a [[role]] that allows $SYS/# to administrators only",
              "Deny $SYS/# to all but administrators (mosquitto: no `topic read $SYS/#` for all)."},
    ScanCheck{"plain-text", "MQTT without TLS", "Nothing is encrypted", judge_plain_text,
              "[listener.tls] with cert and key; bind listeners without it to 127.0.0.1",
              "Serve TLS on 8883, move the clients over, then close the port without it."},
    ScanCheck{
        "foreign-origin", "pages of other sites", "Any web page can open a WebSocket", judge_origin,
        "leave allowed_origins empty, or name the sites that are yours: other pages are refused",
        "Check the Origin of every upgrade, in the broker or in a proxy in front of it."},
    ScanCheck{"old-tls", "old TLS", "Old versions of TLS are offered", judge_old_tls,
              "nothing to do: 1.2 is the oldest that it speaks",
              "Set the oldest version to 1.2 (mosquitto: tls_version tlsv1.2)."},
    ScanCheck{"new-tls", "new TLS", "New versions of TLS are missing", judge_new_tls,
              "nothing to do: it speaks 1.2 and 1.3 unless tls.min says otherwise",
              "Allow 1.3 besides 1.2; update the library when it has none."},
    ScanCheck{"certificate-time", "certificate, time", "The certificate's time is wrong",
              judge_certificate_time,
              "replace the files of tls.cert and tls.key, then `kill -HUP`: no client is dropped",
              "Renew by a machine, well before the end, for not much more than a year."},
    ScanCheck{
        "certificate-issuer", "certificate, issuer", "Nobody known vouches for the certificate",
        judge_certificate_issuer,
        "a certificate of an authority that your clients know, in tls.cert with its chain; if "
        "it is your own authority, scan with --cafile",
        "Clients must be given the authority and check it; one that checks nothing can be "
        "listened in on."},
    ScanCheck{"certificate-name", "certificate, name", "The certificate is for another name",
              judge_certificate_name,
              "a certificate whose subjectAltName has the host's name, in tls.cert",
              "Clients that check names cannot connect, so somebody will turn the check off."},
    ScanCheck{"certificate-key", "certificate, key", "The certificate is weak",
              judge_certificate_key, "a new key in tls.key: EC P-256, or RSA from 2048 bits on",
              "Make a new key: EC P-256, or RSA from 2048 bits on, signed with SHA-256."},
    ScanCheck{"version", "what it says of itself", "The server says what it is", judge_version,
              "nothing to do: it says nothing before a client is let in",
              "Hide the version from strangers; keep the server up to date all the same."},
};

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
      verdict.findings.push_back(std::move(result));
      return;
  }
}

}  // namespace

std::span<const ScanCheck> scan_checks() { return checks; }

bool is_judgeable(const HostSeen& host) {
  return std::ranges::any_of(host.ports, [](const PortSeen& port) {
    return port.way != Way::none || port.tls.is_spoken();
  });
}

ScanVerdict judge(const HostSeen& host) {
  ScanVerdict verdict;
  for (const ScanCheck& check : checks) {
    for (const PortSeen& port : host.ports) {
      sort_in(verdict, {&check, port.port, check.judge(host, port)});
    }
  }
  std::ranges::stable_sort(verdict.findings, std::ranges::greater{},
                           [](const ScanResult& result) { return result.judgement.severity; });
  return verdict;
}

}  // namespace peal::cli
