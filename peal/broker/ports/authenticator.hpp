// Port: who is this client? Asked once per CONNECT, and again for every AUTH of an exchange. (MQTT
// 5 §4.12)
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "peal/broker/ports/connection.hpp"
#include "peal/mqtt/reason_code.hpp"

namespace peal::broker {

/// Names one exchange, to answer it later with `Worker::authenticated`.
enum class AuthTicket : std::uint64_t {};

/// What CONNECT says. Views that are valid during the call.
struct AuthRequest {
  std::string_view client_id;
  std::optional<std::string_view> user_name;
  std::optional<Bytes> password;
  PeerInfo peer;
  std::string_view method;  // Authentication Method, empty without one
  Bytes data;               // Authentication Data of this step
  bool is_re_authentication = false;
  bool anonymous_allowed = true;  // the listener's answer for this peer
};

enum class AuthState : std::uint8_t { accepted, refused, more, pending };

/// The answer to one step.
struct AuthAnswer {
  AuthState state = AuthState::refused;
  mqtt::ReasonCode reason = mqtt::ReasonCode::not_authorized;  // when refused
  std::string user;           // when accepted: who it is; empty for anonymous
  std::string data;           // Authentication Data for the client
  std::string reason_string;  // for the client, may be empty
  /// Rights that came with who it is, for `Authorizer::rights_of`; kept with the session.
  std::string grants;
  /// The connection ends then; nothing: only as others do.
  std::optional<std::chrono::milliseconds> valid_for;

  [[nodiscard]] static AuthAnswer accept(std::string user) {
    AuthAnswer answer;
    answer.state = AuthState::accepted;
    answer.user = std::move(user);
    return answer;
  }
  [[nodiscard]] static AuthAnswer refuse(mqtt::ReasonCode reason) {
    AuthAnswer answer;
    answer.reason = reason;
    return answer;
  }
  /// The answer comes later.
  [[nodiscard]] static AuthAnswer pend() {
    AuthAnswer answer;
    answer.state = AuthState::pending;
    return answer;
  }
  /// The client is to answer to `data`.
  [[nodiscard]] static AuthAnswer ask(std::string data) {
    AuthAnswer answer;
    answer.state = AuthState::more;
    answer.data = std::move(data);
    return answer;
  }
};

class Authenticator {
 public:
  virtual ~Authenticator() = default;
  /// The first step. `pending` promises a later `Worker::authenticated(ticket, ...)` on the
  /// worker's thread.
  [[nodiscard]] virtual AuthAnswer authenticate(const AuthRequest& request, AuthTicket ticket) = 0;
  /// The next step of an exchange that was answered with `more`.
  [[nodiscard]] virtual AuthAnswer proceed(const AuthRequest& request, AuthTicket ticket) = 0;
  /// Whether `method` is known at all; false is answered with Bad authentication method.
  [[nodiscard]] virtual bool knows_method(std::string_view method) const = 0;
  /// The exchange is over: it was answered, or the connection went.
  virtual void forget(AuthTicket ticket) = 0;
};

}  // namespace peal::broker
