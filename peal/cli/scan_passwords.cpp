#include "peal/cli/scan_passwords.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "peal/cli/scan_visit.hpp"

namespace peal::cli {
namespace {

using mqtt::ReasonCode;

struct KnownPassword {
  std::string_view user_name;
  std::string_view password;
};

// No name more than four times: a server that locks a name out does so after more guesses.
constexpr std::array known_passwords{
    KnownPassword{"admin", "admin"},    KnownPassword{"admin", "public"},
    KnownPassword{"admin", "password"}, KnownPassword{"guest", "guest"},
    KnownPassword{"mqtt", "mqtt"},      KnownPassword{"user", "password"},
    KnownPassword{"test", "test"},      KnownPassword{"root", "root"},
    KnownPassword{"admin", "hivemq"},   KnownPassword{"mosquitto", "mosquitto"},
};

constexpr std::array enough_reasons{ReasonCode::banned, ReasonCode::connection_rate_exceeded,
                                    ReasonCode::server_busy, ReasonCode::server_unavailable,
                                    ReasonCode::quota_exceeded};

bool asks_for_password(const PortSeen& port) {
  return port.way != Way::none && port.random_login.end == Login::End::refused;
}

/// Why it is enough; empty when it is not.
std::string enough(const Login& login, const ScanDialer& dialer, int& unanswered) {
  if (login.end == Login::End::unreached && dialer.is_exhausted()) {
    return "the limit of connections was reached";
  }
  if (login.end == Login::End::refused) {
    const bool is_enough = std::ranges::find(enough_reasons, login.reason) != enough_reasons.end();
    return is_enough ? "the server then said: " + std::string(mqtt::reason_name(login.reason)) : "";
  }
  return ++unanswered >= 2 ? "the server then did not answer any more" : "";
}

}  // namespace

PasswordsSeen try_known_passwords(ScanTools& tools, std::vector<PortSeen>& ports) {
  PasswordsSeen seen;
  seen.listed = known_passwords.size();
  const auto port = std::ranges::find_if(ports, asks_for_password);
  if (port == ports.end()) {
    return seen;
  }
  seen.port = port->port;
  int unanswered = 0;
  for (const KnownPassword& known : known_passwords) {
    LoginRequest request;
    request.version = port->best_version();
    request.user_name = known.user_name;
    request.password = known.password;
    const Login login = ScanVisit(tools, *port, port->way, request).login();
    if (login.is_accepted()) {
      ++seen.tried;
      seen.accepted = std::string(known.user_name).append("/").append(known.password);
      return seen;
    }
    seen.tried += login.is_answered() ? 1U : 0U;
    seen.stopped = enough(login, tools.dialer, unanswered);
    if (!seen.stopped.empty()) {
      return seen;
    }
  }
  return seen;
}

}  // namespace peal::cli
