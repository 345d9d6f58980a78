#include "peal/cli/scan_judge_transport.hpp"

#include <chrono>
#include <fmt/format.h>
#include <string>

#include "peal/cli/scan_http.hpp"
#include "peal/cli/scan_talk.hpp"

namespace peal::cli {
namespace {

using Facts = net::CertificateFacts;
using Outcome = net::TlsProbe::Outcome;

constexpr std::array<std::string_view, TlsSeen::versions.size()> version_names{"1.0", "1.1", "1.2",
                                                                               "1.3"};
constexpr std::size_t first_good_version = 2;
constexpr std::size_t newest_version = 3;
constexpr long soon_days = 14;
// Public authorities give about a year; ten years are long for a key that nobody renews.
constexpr long long_days = 5L * 366;

/// The versions from `begin` on, below `end`, that were agreed to: "1.0 and 1.1".
std::string agreed_versions(const TlsSeen& tls, std::size_t begin, std::size_t end) {
  std::string text;
  for (std::size_t i = begin; i < end; ++i) {
    if (tls.outcomes[i] == Outcome::agreed) {
      text.append(text.empty() ? "" : " and ").append(version_names[i]);
    }
  }
  return text;
}

long days_between(Facts::Time from, Facts::Time to) {
  return static_cast<long>(std::chrono::floor<std::chrono::days>(to - from).count());
}

std::string days_text(long days) { return fmt::format("{} day{}", days, days == 1 ? "" : "s"); }

const Facts* certificate_of(const PortSeen& port) {
  return port.tls.any.certificate.has_value() ? &*port.tls.any.certificate : nullptr;
}

/// The port serves something without TLS, which a scan that speaks nothing else does not ask.
bool is_plain_spoken(const PortSeen& port) {
  return port.plain.is_answered() || port.way == Way::ws || port.way == Way::tcp;
}

std::string joined_leaks(const PortSeen& port) {
  std::string text;
  for (const Leak& leak : port.leaks) {
    text += fmt::format("{}{}: \"{}\"", text.empty() ? "" : "; ", leak.where, leak.text);
  }
  return text;
}

}  // namespace

Judgement judge_plain_text(const HostSeen& host, const PortSeen& port) {
  if (port.way == Way::none) {
    return Judgement::none();
  }
  if (!is_plain_spoken(port)) {
    return is_encrypted(port.way) ? Judgement::good("MQTT is spoken inside TLS only")
                                  : Judgement::none();
  }
  const std::string also = port.tls.is_spoken() ? " (the same port speaks TLS, too)" : "";
  if (host.is_loopback) {
    return Judgement::bad(Severity::low,
                          "passwords and messages are taken without TLS" + also +
                              "; to this loopback address they do not leave the machine");
  }
  const bool asks_for_password = port.entry == Entry::none && port.random_login.is_answered();
  return asks_for_password ? Judgement::bad(Severity::high,
                                            "passwords are taken without TLS: whoever is on the "
                                            "way reads them" +
                                                also)
                           : Judgement::bad(Severity::medium,
                                            "messages are taken without TLS: whoever is on the "
                                            "way reads and changes them" +
                                                also);
}

Judgement judge_old_tls(const HostSeen& /*host*/, const PortSeen& port) {
  if (!port.tls.is_spoken()) {
    return Judgement::none();
  }
  const std::string old = agreed_versions(port.tls, 0, first_good_version);
  if (!old.empty()) {
    return Judgement::bad(Severity::medium, fmt::format("TLS {} is agreed to", old));
  }
  for (std::size_t i = 0; i < first_good_version; ++i) {
    if (port.tls.outcomes[i] == Outcome::untested || port.tls.outcomes[i] == Outcome::silent) {
      return Judgement::unknown(fmt::format("TLS {} could not be tried", version_names[i]));
    }
  }
  return Judgement::good("TLS 1.0 and 1.1 are refused");
}

Judgement judge_new_tls(const HostSeen& /*host*/, const PortSeen& port) {
  if (!port.tls.is_spoken()) {
    return Judgement::none();
  }
  const std::string agreed =
      agreed_versions(port.tls, first_good_version, TlsSeen::versions.size());
  if (port.tls.outcomes[newest_version] == Outcome::agreed) {
    return Judgement::good(fmt::format("TLS {}", agreed));
  }
  if (!agreed.empty()) {
    return Judgement::bad(Severity::low, fmt::format("only TLS {}; 1.3 is not agreed to", agreed));
  }
  return port.tls.any.outcome == Outcome::agreed
             ? Judgement::bad(Severity::high, "neither TLS 1.2 nor 1.3 is agreed to")
             : Judgement::unknown("no version of TLS was agreed to");
}

Judgement judge_certificate_time(const HostSeen& host, const PortSeen& port) {
  const Facts* facts = certificate_of(port);
  if (facts == nullptr) {
    return Judgement::none();
  }
  const long age = days_between(facts->valid_from, host.now);
  const long left = days_between(host.now, facts->valid_until);
  const long whole = days_between(facts->valid_from, facts->valid_until);
  if (left < 0) {
    return Judgement::bad(Severity::high, fmt::format("it expired {} ago", days_text(-left)));
  }
  if (age < 0) {
    return Judgement::bad(Severity::high, fmt::format("it is valid only in {}", days_text(-age)));
  }
  const std::string issued = age == 0 ? "today" : days_text(age) + " ago";
  const std::string seen = fmt::format("issued {}, valid for {} more", issued, days_text(left));
  // What lives shortly is renewed by a machine: half of its life is soon enough for it.
  if (left < soon_days && left < whole / 4) {
    return Judgement::bad(Severity::medium, "it expires soon: " + seen);
  }
  return whole > long_days ? Judgement::bad(Severity::low, "it lives for very long: " + seen)
                           : Judgement::good(seen);
}

Judgement judge_certificate_issuer(const HostSeen& /*host*/, const PortSeen& port) {
  const Facts* facts = certificate_of(port);
  if (facts == nullptr) {
    return Judgement::none();
  }
  const std::string issuer = printable(facts->issuer);
  if (facts->distrust.empty()) {
    return Judgement::good("believed here; issued by " + issuer);
  }
  if (facts->is_self_signed) {
    return Judgement::bad(Severity::medium, "it signs itself: " + printable(facts->subject));
  }
  return Judgement::bad(
      Severity::low, fmt::format("not believed here ({}); issued by {}", facts->distrust, issuer));
}

Judgement judge_certificate_name(const HostSeen& host, const PortSeen& port) {
  const Facts* facts = certificate_of(port);
  if (facts == nullptr) {
    return Judgement::none();
  }
  if (facts->is_for_server) {
    return Judgement::good("it is for " + host.host);
  }
  std::string names;
  for (const std::string& name : facts->names) {
    names.append(names.empty() ? "" : ", ").append(name);
  }
  const std::string whose = names.empty() ? printable(facts->subject) : printable(names);
  return Judgement::bad(Severity::medium,
                        fmt::format("it is not for {}, but for {}", host.host, whose));
}

Judgement judge_certificate_key(const HostSeen& /*host*/, const PortSeen& port) {
  const Facts* facts = certificate_of(port);
  if (facts == nullptr) {
    return Judgement::none();
  }
  const std::string seen = fmt::format("{}, signed with {}", facts->key, facts->signature);
  return facts->is_weak_key || facts->is_weak_signature
             ? Judgement::bad(Severity::high, "too weak: " + seen)
             : Judgement::good(seen);
}

Judgement judge_origin(const HostSeen& /*host*/, const PortSeen& port) {
  switch (port.http.foreign_origin) {
    case Answer::untried:
      return Judgement::none();
    case Answer::no:
      return Judgement::good("a page of another site gets no WebSocket");
    case Answer::yes:
      break;
  }
  const std::string seen = fmt::format("a page of {} gets a WebSocket", foreign_origin);
  return port.entry == Entry::none
             ? Judgement::bad(Severity::medium, seen)
             : Judgement::bad(Severity::high, seen + ", and needs no password to go on");
}

Judgement judge_version(const HostSeen& /*host*/, const PortSeen& port) {
  if (port.way == Way::none) {
    return Judgement::none();
  }
  const std::string leaks = joined_leaks(port);
  if (leaks.empty()) {
    return Judgement::good("nothing that was answered names a program or a version");
  }
  return Judgement::bad(Severity::low, leaks);
}

}  // namespace peal::cli
