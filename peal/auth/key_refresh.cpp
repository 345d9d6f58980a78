#include "peal/auth/key_refresh.hpp"

#include <algorithm>
#include <future>
#include <stop_token>
#include <utility>

#include "peal/auth/http_url.hpp"

namespace peal::auth {

std::string problem_of(const KeyRefreshOptions& options) {
  std::string problem = http_url_problem(options.url, options.is_plain_allowed);
  if (!problem.empty()) {
    return "url: " + problem;
  }
  for (const std::string& header : options.headers) {
    problem = http_header_problem(header);
    if (!problem.empty()) {
      return "headers: " + problem;
    }
  }
  constexpr std::chrono::milliseconds none(0);
  return options.timeout <= none || options.interval <= none || options.pause <= none
             ? "its times are more than nothing"
             : "";
}

KeyRefresh::KeyRefresh(KeyRefreshOptions options, Take take, broker::Log& log)
    : options_(std::move(options)),
      take_(std::move(take)),
      log_(log),
      due_(Clock::now() + options_.interval),
      fetcher_({.waiting = 2, .at_once_per_host = 1}),
      timer_([this](const std::stop_token& stop) { run(stop); }) {}

std::expected<void, std::string> KeyRefresh::first(std::chrono::milliseconds limit) {
  std::promise<std::string> promise;
  auto told = promise.get_future();
  {
    const std::scoped_lock lock(mutex_);
    is_fetching_ = true;
    last_begun_ = Clock::now();
  }
  // Answered within the limit by the fetcher, whatever the service does.
  fetch(limit, [promise = std::move(promise)](const std::string& problem) mutable {
    promise.set_value(problem);
  });
  std::string problem = told.get();
  if (!problem.empty()) {
    return std::unexpected(std::move(problem));
  }
  return {};
}

void KeyRefresh::want() {
  {
    const std::scoped_lock lock(mutex_);
    if (is_fetching_) {
      return;
    }
    const auto now = Clock::now();
    due_ = std::min(due_, last_begun_ ? std::max(now, *last_begun_ + options_.pause) : now);
  }
  changed_.notify_one();
}

KeyRefresh::Counters KeyRefresh::counters() const {
  const std::scoped_lock lock(mutex_);
  return counters_;
}

void KeyRefresh::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const auto until = due_;
    const bool is_earlier_or_over =
        changed_.wait_until(lock, stop, until, [&] { return is_fetching_ || due_ != until; });
    if (is_fetching_) {
      changed_.wait(lock, stop, [&] { return !is_fetching_; });
    } else if (!is_earlier_or_over && !stop.stop_requested()) {
      is_fetching_ = true;
      last_begun_ = Clock::now();
      lock.unlock();
      fetch(options_.timeout, {});
      lock.lock();
    }
  }
}

void KeyRefresh::fetch(std::chrono::milliseconds timeout, Told told) {
  HttpRequest request;
  request.url = options_.url;
  request.headers = options_.headers;
  request.headers.emplace_back("Accept: application/json");
  request.ca_file = options_.ca_file;
  request.timeout = timeout;
  request.max_body_bytes = key_document_bytes_limit;
  auto shared = std::make_shared<Told>(std::move(told));
  const auto end = [this, shared](const std::string& problem, bool is_over) {
    settle(problem);
    if (*shared) {
      (*shared)(problem);
    } else if (!problem.empty() && !is_over) {
      warn(problem);
    }
  };
  const bool is_taken = fetcher_.fetch(std::move(request), [this, end](const HttpResult& result) {
    end(problem_with(result), !result && result.error().fault == HttpFault::stopped);
  });
  if (!is_taken) {
    end("too much is fetched already", false);
  }
}

std::string KeyRefresh::problem_with(const HttpResult& result) {
  if (!result) {
    return result.error().text;
  }
  if (result->status != 200) {
    return "the answer has status " + std::to_string(result->status);
  }
  return take_(result->body);
}

void KeyRefresh::settle(const std::string& problem) {
  {
    const std::scoped_lock lock(mutex_);
    is_fetching_ = false;
    const auto again =
        problem.empty() ? options_.interval : std::min(options_.interval, options_.pause);
    due_ = Clock::now() + again;
    ++(problem.empty() ? counters_.taken : counters_.failed);
  }
  changed_.notify_one();
}

void KeyRefresh::warn(const std::string& problem) {
  log_.write({.level = broker::LogLevel::warning,
              .what = "keys could not be fetched; those before stay",
              .client_id = {},
              .address = {},
              .reason = problem,
              .detail = options_.url});
}

}  // namespace peal::auth
