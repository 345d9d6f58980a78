// The authenticator of a server with users: a name has to come with its password; who has no name
// is anonymous where the listener allows it for this peer.
//
// One for each worker, on its thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <unordered_map>

#include "peal/auth/passwords.hpp"
#include "peal/broker/ports/authenticator.hpp"

namespace peal::auth {

class PasswordAuthenticator final : public broker::Authenticator {
 public:
  /// Brings an answer to `Worker::authenticated` on the worker's thread.    threads   any.
  using Answer = std::function<void(broker::AuthTicket, const broker::AuthAnswer&)>;

  PasswordAuthenticator(Passwords& passwords, Answer answer)
      : passwords_(passwords), answer_(std::move(answer)) {}

  /// pending where a password has to be hashed.    errors   bad_user_name_or_password;
  /// not_authorized: it may not be anonymous; server_busy: too many wait; banned: too many were
  /// wrong.
  [[nodiscard]] broker::AuthAnswer authenticate(const broker::AuthRequest& request,
                                                broker::AuthTicket ticket) override;
  [[nodiscard]] broker::AuthAnswer proceed(const broker::AuthRequest& request,
                                           broker::AuthTicket ticket) override;
  [[nodiscard]] bool knows_method(std::string_view /*method*/) const override { return false; }
  void forget(broker::AuthTicket ticket) override;

 private:
  Passwords& passwords_;
  Answer answer_;
  /// Of what is pending: to be set when nobody waits for it any more.
  std::unordered_map<std::uint64_t, std::shared_ptr<std::atomic<bool>>> pending_;
};

}  // namespace peal::auth
