#include "peal/auth/chain_authenticator.hpp"

#include <string>
#include <utility>

#include "peal/auth/password_source.hpp"

namespace peal::auth {

namespace {

using broker::AuthAnswer;
using broker::AuthTicket;
using mqtt::ReasonCode;
using SystemClock = std::chrono::system_clock;

constexpr std::string_view scram_method = "SCRAM-SHA-256";

std::shared_ptr<const Credentials> credentials_of(const broker::AuthRequest& request) {
  auto who = std::make_shared<Credentials>();
  who->client_id = request.client_id;
  who->user_name = request.user_name;
  if (request.password) {
    who->password = as_text(*request.password);
  }
  who->address = request.peer.address;
  who->is_encrypted = request.peer.is_encrypted;
  who->certificate_common_name = request.peer.certificate_common_name;
  who->certificate_subject = request.peer.certificate_subject;
  who->certificate_alternative_name = request.peer.certificate_alternative_name;
  who->psk_identity = request.peer.psk_identity;
  return who;
}

/// An empty name is no name: it would be taken for that of an anonymous client.
bool is_anonymous(const Credentials& who) { return !who.user_name && !who.password; }

}  // namespace

AuthAnswer ChainAuthenticator::authenticate(const broker::AuthRequest& request, AuthTicket ticket) {
  if (!request.method.empty()) {
    return begin_exchange(request, ticket);
  }
  Attempt attempt{.who = credentials_of(request),
                  .sources = desk_.sources(),
                  .next = 0,
                  .anonymous_allowed = request.anonymous_allowed,
                  .is_given_up = std::make_shared<std::atomic<bool>>(false)};
  if (desk_.is_banned(*attempt.who)) {
    return AuthAnswer::refuse(ReasonCode::banned);
  }
  return go_on(attempts_.emplace(std::to_underlying(ticket), std::move(attempt)).first, ticket);
}

IdentitySource::Done ChainAuthenticator::done_for(AuthTicket ticket) {
  return [this, run = run_on_worker_, ticket](Finding finding) {
    run([this, ticket, finding = std::move(finding)]() mutable {
      resume(ticket, std::move(finding));
    });
  };
}

/// Nothing: the answer comes later.
std::optional<Finding> ChainAuthenticator::ask_next(Attempt& attempt, AuthTicket ticket) {
  const Sources::Link& link = attempt.sources->links[attempt.next++];
  const Credentials& who = *attempt.who;
  if (link.is_guarded && who.password &&
      desk_.passwords().is_locked_out(who.address, who.user_name.value_or(""))) {
    return Finding::refuse(ReasonCode::banned);
  }
  return link.source->identify(attempt.who, attempt.is_given_up, done_for(ticket));
}

/// The end of the chain. A password is hashed all the same, so that a name that nobody has takes as
/// long as a wrong password.
std::optional<Finding> ChainAuthenticator::nobody_knows(Attempt& attempt, AuthTicket ticket) {
  const Credentials& who = *attempt.who;
  if (is_anonymous(who) || attempt.sources->is_open) {
    return attempt.anonymous_allowed ? Finding::accept({})
                                     : Finding::refuse(ReasonCode::not_authorized);
  }
  if (!who.user_name || who.user_name->empty()) {
    return Finding::refuse(ReasonCode::not_authorized);
  }
  if (!who.password) {
    return Finding::refuse(ReasonCode::bad_user_name_or_password);
  }
  const auto login = desk_.passwords().check(
      {.user = *who.user_name, .password = as_bytes(*who.password), .address = who.address},
      nullptr, attempt.is_given_up, [done = done_for(ticket)](Login answer) mutable {
        done(finding_of(answer, {}));  // never right
      });
  return login ? std::optional(finding_of(*login, {})) : std::nullopt;
}

AuthAnswer ChainAuthenticator::go_on(Attempts::iterator place, AuthTicket ticket) {
  Attempt& attempt = place->second;
  const std::size_t count = attempt.sources->links.size();
  while (attempt.next < count) {
    auto finding = ask_next(attempt, ticket);
    if (!finding) {
      return AuthAnswer::pend();
    }
    if (finding->verdict != Verdict::not_mine) {
      return conclude(place, std::move(*finding));
    }
  }
  ++attempt.next;  // behind every source: nobody's finding
  auto finding = nobody_knows(attempt, ticket);
  return finding ? conclude(place, std::move(*finding)) : AuthAnswer::pend();
}

/// A source has decided, or the end of the chain.
AuthAnswer ChainAuthenticator::conclude(Attempts::iterator place, Finding finding) {
  const Attempt attempt = std::move(place->second);
  attempts_.erase(place);
  const Credentials& who = *attempt.who;
  const bool by_source = attempt.next <= attempt.sources->links.size();
  if (finding.verdict != Verdict::accepted) {
    if (by_source && attempt.sources->links[attempt.next - 1].is_guarded && who.password &&
        finding.reason == ReasonCode::bad_user_name_or_password) {
      desk_.passwords().note_wrong(who.address, who.user_name.value_or(""));
    }
    return AuthAnswer::refuse(finding.reason);
  }
  Identity& identity = finding.identity;
  if (by_source && identity.user.empty()) {
    return AuthAnswer::refuse(ReasonCode::not_authorized);  // it would be anonymous
  }
  if (!desk_.may_enter(who, identity.user)) {
    return AuthAnswer::refuse(ReasonCode::banned);
  }
  AuthAnswer answer = AuthAnswer::accept(std::move(identity.user));
  answer.grants = std::move(identity.grants);
  if (identity.expires) {
    answer.valid_for = std::chrono::duration_cast<std::chrono::milliseconds>(*identity.expires -
                                                                             SystemClock::now());
    if (answer.valid_for->count() <= 0) {
      return AuthAnswer::refuse(ReasonCode::not_authorized);
    }
  }
  return answer;
}

void ChainAuthenticator::resume(AuthTicket ticket, Finding finding) {
  const auto place = attempts_.find(std::to_underlying(ticket));
  if (place == attempts_.end()) {
    return;
  }
  const AuthAnswer answer = finding.verdict == Verdict::not_mine
                                ? go_on(place, ticket)
                                : conclude(place, std::move(finding));
  if (answer.state != broker::AuthState::pending) {
    answer_(ticket, answer);
  }
}

void ChainAuthenticator::forget(AuthTicket ticket) {
  if (const auto found = attempts_.find(std::to_underlying(ticket)); found != attempts_.end()) {
    found->second.is_given_up->store(true, std::memory_order_relaxed);
    attempts_.erase(found);
  }
  exchanges_.erase(std::to_underlying(ticket));
}

bool ChainAuthenticator::knows_method(std::string_view method) const {
  return method == scram_method && !desk_.sources()->lists.empty();
}

AuthAnswer ChainAuthenticator::begin_exchange(const broker::AuthRequest& request,
                                              AuthTicket ticket) {
  Exchange exchange{.who = credentials_of(request),
                    .sources = desk_.sources(),
                    .user = {},
                    .scram = ScramExchange()};
  if (desk_.is_banned(*exchange.who)) {
    return AuthAnswer::refuse(ReasonCode::banned);
  }
  const auto first = exchange.scram.first(
      as_text(request.data),
      [&exchange](std::string_view user) {
        exchange.user = user;
        return exchange.sources->scram_verifier(user);
      },
      desk_.scram_decoys());
  if (!first) {
    return AuthAnswer::refuse(ReasonCode::not_authorized);
  }
  if (desk_.passwords().is_locked_out(exchange.who->address, exchange.user)) {
    return AuthAnswer::refuse(ReasonCode::banned);
  }
  exchanges_.insert_or_assign(std::to_underlying(ticket), std::move(exchange));
  return AuthAnswer::ask(*first);
}

AuthAnswer ChainAuthenticator::proceed(const broker::AuthRequest& request, AuthTicket ticket) {
  const auto found = exchanges_.find(std::to_underlying(ticket));
  if (found == exchanges_.end()) {
    return AuthAnswer::refuse(ReasonCode::not_authorized);
  }
  Exchange exchange = std::move(found->second);
  exchanges_.erase(found);
  const auto success = exchange.scram.final(as_text(request.data));
  if (!success) {
    desk_.passwords().note_wrong(exchange.who->address, exchange.user);
    return AuthAnswer::refuse(ReasonCode::bad_user_name_or_password);
  }
  // One that proves itself anew has been let in before.
  if (!request.is_re_authentication && !desk_.may_enter(*exchange.who, success->user)) {
    return AuthAnswer::refuse(ReasonCode::banned);
  }
  AuthAnswer answer = AuthAnswer::accept(success->user);
  answer.data = success->server_final;
  return answer;
}

}  // namespace peal::auth
