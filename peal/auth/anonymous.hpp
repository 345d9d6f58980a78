// The authenticator of a server without users: whoever the listener lets in unnamed may come in,
// nobody else.
#pragma once

#include "peal/broker/ports/authenticator.hpp"

namespace peal::auth {

/// Stateless; one per worker or one for all.    threads   any.
class AnonymousAuthenticator final : public broker::Authenticator {
 public:
  /// accepted as anonymous where the listener allows it for this peer. A user name is not believed,
  /// because nothing checks it. errors   not_authorized.
  [[nodiscard]] broker::AuthAnswer authenticate(const broker::AuthRequest& request,
                                                broker::AuthTicket ticket) override;
  [[nodiscard]] broker::AuthAnswer proceed(const broker::AuthRequest& request,
                                           broker::AuthTicket ticket) override;
  [[nodiscard]] bool knows_method(std::string_view /*method*/) const override { return false; }
  void forget(broker::AuthTicket /*ticket*/) override {}
};

}  // namespace peal::auth
