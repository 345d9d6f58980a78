#include "peal/auth/password_authenticator.hpp"

#include <string>
#include <utility>

namespace peal::auth {

namespace {

using broker::AuthAnswer;
using broker::AuthState;
using mqtt::ReasonCode;

AuthAnswer refused(ReasonCode reason) {
  AuthAnswer answer;
  answer.reason = reason;
  return answer;
}

AuthAnswer accepted(std::string user) {
  AuthAnswer answer;
  answer.state = AuthState::accepted;
  answer.user = std::move(user);
  return answer;
}

AuthAnswer answer_for(Login login, std::string user) {
  switch (login) {
    case Login::right:
      return accepted(std::move(user));
    case Login::busy:
      return refused(ReasonCode::server_busy);
    case Login::locked_out:
      return refused(ReasonCode::banned);
    case Login::wrong:
      break;
  }
  return refused(ReasonCode::bad_user_name_or_password);
}

}  // namespace

AuthAnswer PasswordAuthenticator::authenticate(const broker::AuthRequest& request,
                                               broker::AuthTicket ticket) {
  // An empty name would be taken for an anonymous client's.
  if (!request.user_name || request.user_name->empty()) {
    const bool is_anonymous = !request.user_name && !request.password && request.anonymous_allowed;
    return is_anonymous ? accepted({}) : refused(ReasonCode::not_authorized);
  }
  if (!request.password) {  // never the same as an empty one
    return refused(ReasonCode::bad_user_name_or_password);
  }
  std::string user(*request.user_name);
  const auto is_given_up = std::make_shared<std::atomic<bool>>(false);
  const auto known = passwords_.check(
      {.user = user, .password = *request.password, .address = request.peer.address}, is_given_up,
      [answer = answer_, ticket, user](Login login) { answer(ticket, answer_for(login, user)); });
  if (known) {
    return answer_for(*known, std::move(user));
  }
  pending_.emplace(std::to_underlying(ticket), is_given_up);
  AuthAnswer pending;
  pending.state = AuthState::pending;
  return pending;
}

void PasswordAuthenticator::forget(broker::AuthTicket ticket) {
  if (const auto found = pending_.find(std::to_underlying(ticket)); found != pending_.end()) {
    found->second->store(true, std::memory_order_relaxed);
    pending_.erase(found);
  }
}

AuthAnswer PasswordAuthenticator::proceed(const broker::AuthRequest& /*request*/,
                                          broker::AuthTicket /*ticket*/) {
  return refused(ReasonCode::not_authorized);  // it knows no exchange
}

}  // namespace peal::auth
