#include "peal/auth/anonymous.hpp"

namespace peal::auth {

broker::AuthAnswer AnonymousAuthenticator::authenticate(const broker::AuthRequest& request,
                                                        broker::AuthTicket /*ticket*/) {
  broker::AuthAnswer answer;
  answer.state =
      request.anonymous_allowed ? broker::AuthState::accepted : broker::AuthState::refused;
  answer.reason = mqtt::ReasonCode::not_authorized;
  return answer;
}

broker::AuthAnswer AnonymousAuthenticator::proceed(const broker::AuthRequest& /*request*/,
                                                   broker::AuthTicket /*ticket*/) {
  return {};  // refused: it knows no exchange
}

}  // namespace peal::auth
