#include "peal/auth/http_hook.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "peal/auth/hook_answer.hpp"
#include "peal/auth/hook_question.hpp"
#include "peal/auth/http_url.hpp"

namespace peal::auth {

namespace {

using broker::LogLevel;
using mqtt::ReasonCode;
using Change = CircuitBreaker::Change;

constexpr std::chrono::seconds log_interval{10};

/// Said by what stands in front of a service that is not there.
bool is_away(int status) { return status >= 502 && status <= 504; }

Finding refused(ReasonCode reason) {
  return {.verdict = Verdict::refused, .reason = reason, .identity = {}};
}

}  // namespace

std::string problem_of(const HttpHookOptions& options) {
  std::string url_problem = http_url_problem(options.url, options.is_plain_allowed);
  if (!url_problem.empty()) {
    return "url: " + url_problem;
  }
  for (const std::string& header : options.headers) {
    std::string problem = http_header_problem(header);
    if (!problem.empty()) {
      return "headers: " + problem;
    }
  }
  if (options.timeout <= std::chrono::milliseconds(0)) {
    return "timeout: more than nothing";
  }
  const bool has_no_room = options.waiting_limit == 0 || options.at_once == 0;
  return has_no_room || options.breaker.failures == 0 ? "a limit is at least 1" : "";
}

/// What became of a question.
struct HttpHook::Outcome {
  enum class Kind : std::uint8_t { answer, unreadable, no_service, no_question };

  Finding finding;
  std::optional<std::chrono::milliseconds> cached_for;
  Kind kind{};
  std::string problem;  // of the first kind: empty
};

HttpHook::HttpHook(HttpHookOptions options, broker::Log& log,
                   std::function<Clock::time_point()> now)
    : options_(std::move(options)),
      log_(log),
      now_(std::move(now)),
      cache_(options_.cache_bytes),
      breaker_(options_.breaker),
      rare_log_(log_interval),
      fetcher_({.waiting = options_.waiting_limit, .at_once_per_host = options_.at_once}) {}

Finding HttpHook::failure() const {
  Finding finding = refused(ReasonCode::server_unavailable);
  finding.verdict = options_.on_failure == OnFailure::ignore ? Verdict::not_mine : Verdict::refused;
  return finding;
}

std::optional<Finding> HttpHook::identify(const std::shared_ptr<const Credentials>& who,
                                          GivenUp is_given_up, Done done) {
  auto body = hook_question(*who);
  if (!body) {
    return refused(ReasonCode::bad_user_name_or_password);
  }
  const auto digest = cache_.digest(*body);
  const auto now = now_();
  const std::scoped_lock lock(mutex_);
  if (auto known = cache_.find(digest, now)) {
    ++counters_.cached;
    return known;
  }
  if (waiting_ >= options_.waiting_limit) {
    ++counters_.refused_busy;
    return refused(ReasonCode::server_busy);
  }
  Waiter waiter{.is_given_up = std::move(is_given_up), .done = std::move(done)};
  if (const auto found = questions_.find(digest); found != questions_.end()) {
    ++counters_.joined;
    ++waiting_;
    found->second->waiters.push_back(std::move(waiter));
    return std::nullopt;
  }
  const auto leave = breaker_.ask(now);
  if (leave == CircuitBreaker::Leave::refused) {
    ++counters_.refused_open;
    return failure();
  }
  const auto question = std::make_shared<Question>();
  question->digest = digest;
  question->user = who->user_name.value_or("");
  question->leave = leave;
  question->began = now;
  question->waiters.push_back(std::move(waiter));
  if (!send(question, std::move(*body))) {
    ++counters_.refused_busy;
    breaker_.unsaid(leave);
    return refused(ReasonCode::server_busy);
  }
  ++waiting_;
  questions_.emplace(digest, question);
  return std::nullopt;
}

bool HttpHook::send(const QuestionRef& question, std::string body) {
  HttpRequest request;
  request.method = HttpMethod::post;
  request.url = options_.url;
  request.headers = options_.headers;
  request.headers.emplace_back("Content-Type: application/json");
  request.headers.emplace_back("Accept: application/json");
  request.body = std::move(body);
  request.ca_file = options_.ca_file;
  request.timeout = options_.timeout;
  request.max_body_bytes = hook_answer_bytes_limit;
  request.is_wanted = [this, question] { return is_wanted(*question); };
  return fetcher_.fetch(std::move(request), [this, question](const HttpResult& result) {
    answered(*question, result);
  });
}

bool HttpHook::is_wanted(Question& question) {
  const std::scoped_lock lock(mutex_);
  const bool has_waiter = std::ranges::any_of(question.waiters, [](const Waiter& waiter) {
    return waiter.is_given_up == nullptr || !waiter.is_given_up->load(std::memory_order_relaxed);
  });
  // It waited while others found out that nobody answers.
  question.came_too_late =
      question.leave == CircuitBreaker::Leave::question && !breaker_.is_closed();
  if (has_waiter && !question.came_too_late) {
    ++counters_.asked;
    return true;
  }
  forget(question);  // whoever comes now asks anew
  return false;
}

void HttpHook::forget(const Question& question) {
  const auto found = questions_.find(question.digest);
  if (found != questions_.end() && found->second.get() == &question) {
    questions_.erase(found);
  }
}

HttpHook::Outcome HttpHook::outcome_of(const Question& question, const HttpResult& result) const {
  using Kind = Outcome::Kind;
  if (!result) {
    const HttpFault fault = result.error().fault;
    const bool is_failure = fault == HttpFault::service || question.came_too_late;
    return {.finding = is_failure                 ? failure()
                       : fault == HttpFault::busy ? refused(ReasonCode::server_busy)
                                                  : refused(ReasonCode::server_unavailable),
            .cached_for = std::nullopt,
            .kind = fault == HttpFault::service ? Kind::no_service : Kind::no_question,
            .problem = result.error().text};
  }
  const auto wall_now = std::chrono::system_clock::now();
  auto answer = read_hook_answer(result->status, result->body, question.user, wall_now);
  if (!answer) {
    return {.finding = failure(),
            .cached_for = std::nullopt,
            .kind = is_away(result->status) ? Kind::no_service : Kind::unreadable,
            .problem = std::move(answer.error())};
  }
  const auto usual =
      answer->finding.verdict == Verdict::accepted ? options_.accepted_for : options_.refused_for;
  auto cached_for = answer->cache.value_or(usual);
  if (const auto& expires = answer->finding.identity.expires) {
    cached_for = std::min(
        cached_for, std::chrono::duration_cast<std::chrono::milliseconds>(*expires - wall_now));
  }
  return {.finding = std::move(answer->finding),
          .cached_for = cached_for,
          .kind = Kind::answer,
          .problem = {}};
}

void HttpHook::answered(Question& question, const HttpResult& result) {
  const Outcome outcome = outcome_of(question, result);
  settle(question, outcome);
  // Nobody joins it any more.
  for (Waiter& waiter : question.waiters) {
    waiter.done(outcome.finding);
  }
}

void HttpHook::settle(Question& question, const Outcome& outcome) {
  const auto now = now_();
  const std::scoped_lock lock(mutex_);
  forget(question);
  waiting_ -= question.waiters.size();
  count(question, outcome);
  Change change = Change::none;
  if (outcome.kind == Outcome::Kind::answer || outcome.kind == Outcome::Kind::unreadable) {
    change = breaker_.succeeded(question.leave);
  } else if (outcome.kind == Outcome::Kind::no_service) {
    change = breaker_.failed(question.leave, now);
  } else {
    breaker_.unsaid(question.leave);
  }
  if (outcome.cached_for && outcome.cached_for->count() > 0) {
    cache_.remember(question.digest, outcome.finding, now + *outcome.cached_for);
  }
  tell(outcome, change);
}

void HttpHook::count(const Question& question, const Outcome& outcome) {
  if (outcome.kind == Outcome::Kind::no_question) {
    ++(question.came_too_late ? counters_.refused_open : counters_.abandoned);
    return;
  }
  counters_.waited +=
      std::chrono::duration_cast<std::chrono::microseconds>(now_() - question.began);
  if (outcome.kind != Outcome::Kind::answer) {
    ++counters_.failed;
    return;
  }
  ++(outcome.finding.verdict == Verdict::accepted  ? counters_.accepted
     : outcome.finding.verdict == Verdict::refused ? counters_.refused
                                                   : counters_.ignored);
}

void HttpHook::tell(const Outcome& outcome, Change change) {
  const auto write = [&](LogLevel level, std::string_view what, std::string_view detail) {
    log_.write({.level = level,
                .what = what,
                .client_id = {},
                .address = {},
                .reason = outcome.problem,
                .detail = detail});
  };
  if (change == Change::opened) {
    write(LogLevel::warning, "the HTTP service for logins is left alone for a while", options_.url);
  } else if (change == Change::closed) {
    write(LogLevel::info, "the HTTP service for logins answers again", options_.url);
  } else if (outcome.kind == Outcome::Kind::unreadable ||
             outcome.kind == Outcome::Kind::no_service) {
    if (const auto kept_back = rare_log_.next(now_())) {
      write(LogLevel::warning, "the HTTP service for logins did not say who a client is",
            options_.url + (*kept_back > 0 ? ", " + std::to_string(*kept_back) + " more" : ""));
    }
  }
}

HttpHookCounters HttpHook::counters() const {
  const std::scoped_lock lock(mutex_);
  return counters_;
}

}  // namespace peal::auth
