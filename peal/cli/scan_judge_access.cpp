#include "peal/cli/scan_judge_access.hpp"

#include <fmt/format.h>
#include <string>

namespace peal::cli {
namespace {

std::string reason_text(mqtt::ReasonCode reason) { return std::string(mqtt::reason_name(reason)); }

std::string_view how_it_ended(const Login& login) {
  switch (login.end) {
    case Login::End::closed:
      return "the server closed the connection without a word";
    case Login::End::silent:
      return "the server did not answer in time";
    case Login::End::no_mqtt:
      return "what came is no MQTT";
    case Login::End::unreached:
      return "no connection for it";
    default:
      return "was not tried";
  }
}

/// How a stranger got in, as part of a sentence.
std::string_view entry_text(const PortSeen& port) {
  return port.entry == Entry::any_password ? "with a made-up password" : "without a password";
}

bool is_let_in(const PortSeen& port) { return port.entry != Entry::none; }

/// Nothing that a stranger tried was allowed.
bool is_harmless(const PortSeen& port) {
  return port.everything.grant == Reading::Grant::refused &&
         port.publishing.end == Publishing::End::refused && !port.will_login.is_accepted();
}

std::string seconds_text(const Reading& reading) {
  return fmt::format("{:g} s", std::chrono::duration<double>(reading.window).count());
}

std::string counted(const Reading& reading) {
  return fmt::format("{}{} message{} on {} topic{}", reading.is_cut ? "at least " : "",
                     reading.messages, reading.messages == 1 ? "" : "s", reading.topics,
                     reading.topics == 1 ? "" : "s");
}

}  // namespace

Judgement judge_anonymous(const HostSeen& /*host*/, const PortSeen& port) {
  const bool by_5 = port.login_5.is_accepted();
  const bool by_3 = port.login_3.is_accepted();
  if (port.way == Way::none) {
    return Judgement::none();
  }
  if (!by_5 && !by_3) {
    const Login& login = port.login_5.is_understood() ? port.login_5 : port.login_3;
    return login.end == Login::End::refused
               ? Judgement::good("refused: " + reason_text(login.reason))
               : Judgement::unknown(std::string(how_it_ended(login)));
  }
  const std::string_view who = by_5 && by_3 ? "MQTT 5 and 3.1.1 let"
                               : by_5       ? "MQTT 5 lets"
                                            : "MQTT 3.1.1 lets";
  std::string seen = fmt::format("{} in a client that gives no user name", who);
  if (by_3 != by_5 && port.login_3.is_understood() && port.login_5.is_understood()) {
    seen += by_3 ? "; MQTT 5 does not" : "; MQTT 3.1.1 does not";
  }
  if (is_harmless(port)) {
    return Judgement::bad(Severity::low, seen + ", but nothing that was tried was allowed");
  }
  return Judgement::bad(Severity::high, seen);
}

Judgement judge_any_password(const HostSeen& /*host*/, const PortSeen& port) {
  if (port.way == Way::none) {
    return Judgement::none();
  }
  switch (port.random_login.end) {
    case Login::End::accepted:
      return port.entry == Entry::anonymous
                 ? Judgement::bad(Severity::medium,
                                  "a made-up name and password are let in like no name at all")
                 : Judgement::bad(Severity::high, "a made-up name and password are let in");
    case Login::End::refused:
      return Judgement::good("a made-up name and password are refused: " +
                             reason_text(port.random_login.reason));
    default:
      return Judgement::unknown(std::string(how_it_ended(port.random_login)));
  }
}

Judgement judge_known_passwords(const HostSeen& host, const PortSeen& port) {
  const PasswordsSeen& seen = host.passwords;
  if (seen.port != port.port) {
    return Judgement::none();
  }
  if (!seen.accepted.empty()) {
    return Judgement::bad(Severity::critical, fmt::format("{} is let in", seen.accepted));
  }
  if (seen.stopped.empty()) {
    return Judgement::good(fmt::format("none of {} well-known ones is let in", seen.tried));
  }
  return Judgement::unknown(fmt::format("{} of {} well-known ones were refused; {}", seen.tried,
                                        seen.listed, seen.stopped));
}

Judgement judge_reading(const HostSeen& /*host*/, const PortSeen& port) {
  const Reading& reading = port.everything;
  if (!is_let_in(port)) {
    return Judgement::none();
  }
  switch (reading.grant) {
    case Reading::Grant::refused:
      return Judgement::good("subscribing to # is refused: " + reason_text(reading.reason));
    case Reading::Grant::granted:
      break;
    default:
      return Judgement::unknown("subscribing to # was not answered");
  }
  const std::string granted = fmt::format("# was granted {}", entry_text(port));
  if (reading.messages > 0) {
    return Judgement::bad(Severity::critical, fmt::format("{}: {} within {}", granted,
                                                          counted(reading), seconds_text(reading)));
  }
  if (reading.is_echoed) {
    return Judgement::bad(Severity::critical,
                          granted + ", and a message that the scan published came back");
  }
  return Judgement::bad(Severity::medium,
                        fmt::format("{}, but nothing came within {}: either nothing was published, "
                                    "or rules keep it back",
                                    granted, seconds_text(reading)));
}

Judgement judge_system(const HostSeen& /*host*/, const PortSeen& port) {
  const Reading& reading = port.system;
  if (!is_let_in(port)) {
    return Judgement::none();
  }
  switch (reading.grant) {
    case Reading::Grant::refused:
      return Judgement::good("subscribing to $SYS/# is refused: " + reason_text(reading.reason));
    case Reading::Grant::granted:
      return reading.messages == 0
                 ? Judgement::good("$SYS/# was granted, but there is nothing in it")
                 : Judgement::bad(Severity::medium,
                                  fmt::format("$SYS/# was granted {}: {}", entry_text(port),
                                              counted(reading)));
    default:
      return Judgement::unknown("subscribing to $SYS/# was not answered");
  }
}

Judgement judge_publishing(const HostSeen& /*host*/, const PortSeen& port) {
  if (!is_let_in(port)) {
    return Judgement::none();
  }
  switch (port.publishing.end) {
    case Publishing::End::refused:
      return port.publishing.reason == mqtt::ReasonCode::qos_not_supported
                 ? Judgement::unknown("QoS 1 is not supported there")
                 : Judgement::good("a message was refused: " + reason_text(port.publishing.reason));
    case Publishing::End::accepted:
      break;
    default:
      return Judgement::unknown("a message was not acknowledged");
  }
  const std::string seen =
      fmt::format("a message to peal-scan/... was acknowledged {}", entry_text(port));
  if (port.best_version() == mqtt::ProtocolVersion::v5 || port.everything.is_echoed) {
    return Judgement::bad(Severity::high, seen);
  }
  return Judgement::bad(Severity::medium, seen + "; MQTT 3.1.1 cannot say whether it was dropped");
}

Judgement judge_will(const HostSeen& /*host*/, const PortSeen& port) {
  if (!is_let_in(port)) {
    return Judgement::none();
  }
  if (port.will_login.end == Login::End::refused) {
    return Judgement::good("a Will Message is refused: " + reason_text(port.will_login.reason));
  }
  if (!port.will_login.is_accepted()) {
    return Judgement::unknown(std::string(how_it_ended(port.will_login)));
  }
  return port.publishing.end == Publishing::End::refused
             ? Judgement::bad(
                   Severity::medium,
                   "CONNECT with a Will Message is accepted, though publishing there is refused")
             : Judgement::bad(Severity::low,
                              "CONNECT with a Will Message is accepted, as publishing is");
}

}  // namespace peal::cli
