// What the commands of the control socket do, whether a server runs or only its store is there.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "peal/server/accounts.hpp"
#include "peal/server/config.hpp"
#include "peal/server/explain.hpp"
#include "peal/server/live_config.hpp"

namespace peal::server {

/// A running server, as far as a change of accounts concerns it.    threads   any.
class LiveServer {
 public:
  LiveServer() = default;
  LiveServer(const LiveServer&) = delete;
  LiveServer& operator=(const LiveServer&) = delete;
  virtual ~LiveServer() = default;

  [[nodiscard]] virtual std::shared_ptr<const AuthConfig> auth() = 0;
  /// The roles are others, or those of one user are: rights are asked for anew.
  virtual void rights_changed(const std::optional<std::string>& user) = 0;
  /// Ends the connections of a user, a Client Identifier or an address.
  virtual void disconnect(auth::BanKind kind, const std::string& name) = 0;
  [[nodiscard]] virtual Explanation explain(const std::string& client_id) = 0;
};

struct ControlContext {
  Accounts& accounts;
  LiveServer* live = nullptr;    // null: no server runs
  LiveConfig* config = nullptr;  // so is this
};

/// Does what a line of JSON asks for: {"command": "user.add", ...}.
/// returns   a line of JSON: {"ok": true, ...} or {"error": "a clause for a person"}.
[[nodiscard]] std::string answer_command(const ControlContext& context, std::string_view request);

}  // namespace peal::server
