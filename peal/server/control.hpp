// The control socket: how commands of the same machine (`peal user`, `peal ban`, `peal explain`)
// reach a running server. A Unix socket (0600) in the store's directory; one line of JSON asks, one
// line answers, and the connection ends.
//
//     {"command": "user.add", "name": "bell", "password": "$argon2id$..."}
//     {"ok": true}
//     {"error": "there is a user \"bell\" already"}
//
// Has a thread of its own and serves one caller after the other, each in bounded time.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "peal/broker/ports/log.hpp"

namespace peal::server {

/// The socket's place for a store in that directory.
[[nodiscard]] std::string control_path(std::string_view store_directory);

class ControlSocket {
 public:
  /// Called on the socket's thread with one line; gives one line.
  using Answer = std::function<std::string(std::string_view request)>;

  /// Serves from now on.    errors   ConfigError: the socket cannot be made.
  ControlSocket(const std::string& path, Answer answer);
  /// Stops serving, when the caller it serves has its answer.
  ~ControlSocket();
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
  std::jthread thread_;
};

/// Asks the server whose store is in that directory.
/// returns   its line; nothing: no server runs there.
/// errors    std::runtime_error: it does not answer within `patience`; no permission.
[[nodiscard]] std::optional<std::string> ask_server(
    std::string_view store_directory, std::string_view request,
    std::chrono::seconds patience = std::chrono::seconds(10));

}  // namespace peal::server
