// A source of identities that asks an HTTP service (`docs/guide/secure-http.md` is its contract).
//
// Only a whole, understood answer lets anybody in. Whatever else comes, or does not come, is a
// failure: the client is refused with Server unavailable, or, by `on_failure`, the next source is
// asked, which then has to find out who it is by itself. Clients that ask the same at the same time
// are one question, answers hold for a while (`AnswerCache`), and a service that does not answer is
// left alone for a while (`CircuitBreaker`). How many may wait is bounded; who comes beyond is told
// Server busy.
//
// What counts towards leaving it alone is that nothing comes, or 502, 503 or 504 from what stands
// in front of the service. An answer that cannot be read is a sign of life, and so is 500: a user
// name made to upset the service must not lock everybody out.
//
// One for a source of the file.    threads   any.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "peal/auth/answer_cache.hpp"
#include "peal/auth/circuit_breaker.hpp"
#include "peal/auth/http_fetch.hpp"
#include "peal/auth/identity_source.hpp"
#include "peal/auth/rare_log.hpp"
#include "peal/broker/ports/log.hpp"

namespace peal::auth {

enum class OnFailure : std::uint8_t { deny, ignore };

struct HttpHookOptions {
  std::string url;
  /// Passwords may go over the network in the clear. Over the loopback they always may.
  bool is_plain_allowed = false;
  std::vector<std::string> headers;  // "Authorization: Bearer ...": who we are to the service
  std::string ca_file;               // PEM; empty: the authorities of the system
  std::chrono::milliseconds timeout{2'000};
  OnFailure on_failure = OnFailure::deny;
  /// How long answers hold where they do not say it themselves.
  std::chrono::milliseconds accepted_for{0};
  std::chrono::milliseconds refused_for{5'000};  // `ignore`, too
  std::size_t cache_bytes = std::size_t{16} << 20;
  std::size_t waiting_limit = 1'000;  // clients that wait for an answer
  std::size_t at_once = 64;           // questions that are sent, and connections
  BreakerLimits breaker;
};

/// What speaks against `options`, a clause; empty when nothing does.
[[nodiscard]] std::string problem_of(const HttpHookOptions& options);

/// Since the start.
struct HttpHookCounters {
  std::uint64_t asked = 0;         // questions that were sent
  std::uint64_t joined = 0;        // clients that waited for another one's question
  std::uint64_t cached = 0;        // clients that got an answer that was there
  std::uint64_t accepted = 0;      // answers
  std::uint64_t refused = 0;       // answers
  std::uint64_t ignored = 0;       // answers
  std::uint64_t failed = 0;        // questions without an answer, or with none that can be read
  std::uint64_t refused_open = 0;  // clients that came while the service was left alone
  std::uint64_t refused_busy = 0;  // clients that came when too many waited
  std::uint64_t abandoned = 0;     // questions not sent: nobody waited, or not until their turn
  std::chrono::microseconds waited{0};  // for answers and failures, summed up
};

class HttpHook final : public IdentitySource {
 public:
  using Clock = std::chrono::steady_clock;

  /// `options`   ones that nothing speaks against.
  /// `log`       outlives it.
  /// `now`       what time it is: for tests.
  HttpHook(HttpHookOptions options, broker::Log& log,
           std::function<Clock::time_point()> now = &Clock::now);
  /// Whoever waits is refused with Server unavailable.
  ~HttpHook() override = default;
  HttpHook(const HttpHook&) = delete;
  HttpHook& operator=(const HttpHook&) = delete;

  [[nodiscard]] std::optional<Finding> identify(const std::shared_ptr<const Credentials>& who,
                                                GivenUp is_given_up, Done done) override;

  [[nodiscard]] HttpHookCounters counters() const;

 private:
  struct Waiter {
    GivenUp is_given_up;
    Done done;
  };
  /// One that was sent or waits to be; held by its request, too.
  struct Question {
    AnswerCache::Digest digest{};
    std::string user;
    CircuitBreaker::Leave leave = CircuitBreaker::Leave::refused;
    bool came_too_late = false;  // the service was left alone before its turn came
    Clock::time_point began;
    std::vector<Waiter> waiters;
  };
  using QuestionRef = std::shared_ptr<Question>;
  struct Outcome;

  [[nodiscard]] bool send(const QuestionRef& question, std::string body);
  [[nodiscard]] bool is_wanted(Question& question);
  void forget(const Question& question);
  void answered(Question& question, const HttpResult& result);
  [[nodiscard]] Outcome outcome_of(const Question& question, const HttpResult& result) const;
  void settle(Question& question, const Outcome& outcome);
  void count(const Question& question, const Outcome& outcome);
  void tell(const Outcome& outcome, CircuitBreaker::Change change);
  [[nodiscard]] Finding failure() const;

  const HttpHookOptions options_;
  broker::Log& log_;
  std::function<Clock::time_point()> now_;

  mutable std::mutex mutex_;
  AnswerCache cache_;
  CircuitBreaker breaker_;
  std::unordered_map<AnswerCache::Digest, QuestionRef, AnswerCache::First> questions_;
  std::size_t waiting_ = 0;
  HttpHookCounters counters_;
  RareLog rare_log_;
  HttpFetcher fetcher_;  // behind what its answers use: it goes first
};

}  // namespace peal::auth
