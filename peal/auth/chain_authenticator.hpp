// The authenticator of a server: asks the sources of identity one after the other until one
// decides.
//
//     CONNECT -> banned? -> source 1 -> source 2 -> ... -> anonymous, where the listener allows it
//
// A client that asks for SCRAM-SHA-256 (MQTT 5 §4.12) is looked for in the lists of users instead.
// Nothing opens because a source fails: what cannot be answered is refused. One for each worker, on
// its thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "peal/auth/login_desk.hpp"
#include "peal/auth/scram_exchange.hpp"
#include "peal/broker/ports/authenticator.hpp"

namespace peal::auth {

class ChainAuthenticator final : public broker::Authenticator {
 public:
  /// Calls it on the worker's thread, soon.    threads   any.
  using RunOnWorker = std::function<void(std::move_only_function<void()>)>;
  /// For `Worker::authenticated`; called on the worker's thread.
  using Answer = std::function<void(broker::AuthTicket, const broker::AuthAnswer&)>;

  /// `desk` outlives it, and it outlives what `run_on_worker` was given.
  ChainAuthenticator(LoginDesk& desk, RunOnWorker run_on_worker, Answer answer)
      : desk_(desk), run_on_worker_(std::move(run_on_worker)), answer_(std::move(answer)) {}

  /// pending where a source takes its time.    errors   bad_user_name_or_password; not_authorized:
  /// it may not be anonymous; server_busy: too many wait; banned; whatever a source says.
  [[nodiscard]] broker::AuthAnswer authenticate(const broker::AuthRequest& request,
                                                broker::AuthTicket ticket) override;
  [[nodiscard]] broker::AuthAnswer proceed(const broker::AuthRequest& request,
                                           broker::AuthTicket ticket) override;
  [[nodiscard]] bool knows_method(std::string_view method) const override;
  void forget(broker::AuthTicket ticket) override;

 private:
  /// How far it has come with one client.
  struct Attempt {
    std::shared_ptr<const Credentials> who;
    std::shared_ptr<const Sources> sources;
    std::size_t next = 0;  // source to ask
    bool anonymous_allowed = false;
    std::shared_ptr<std::atomic<bool>> is_given_up;
  };
  using Attempts = std::unordered_map<std::uint64_t, Attempt>;

  /// SCRAM with one client, between its two messages.
  struct Exchange {
    std::shared_ptr<const Credentials> who;
    std::shared_ptr<const Sources> sources;
    std::string user;  // that it says to be
    ScramExchange scram;
  };

  [[nodiscard]] broker::AuthAnswer begin_exchange(const broker::AuthRequest& request,
                                                  broker::AuthTicket ticket);
  [[nodiscard]] IdentitySource::Done done_for(broker::AuthTicket ticket);
  [[nodiscard]] std::optional<Finding> ask_next(Attempt& attempt, broker::AuthTicket ticket);
  [[nodiscard]] std::optional<Finding> nobody_knows(Attempt& attempt, broker::AuthTicket ticket);
  [[nodiscard]] broker::AuthAnswer go_on(Attempts::iterator attempt, broker::AuthTicket ticket);
  [[nodiscard]] broker::AuthAnswer conclude(Attempts::iterator attempt, Finding finding);
  void resume(broker::AuthTicket ticket, Finding finding);

  LoginDesk& desk_;
  RunOnWorker run_on_worker_;
  Answer answer_;
  Attempts attempts_;
  std::unordered_map<std::uint64_t, Exchange> exchanges_;
};

}  // namespace peal::auth
