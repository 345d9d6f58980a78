// A hook on a service that a test writes, and a clock that it moves.
#pragma once

#include <atomic>
#include <future>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <utility>

#include "support/auth_http_service.hpp"
#include "support/auth_log.hpp"

#include "peal/auth/http_hook.hpp"

namespace peal::auth {

using namespace std::chrono_literals;
using mqtt::ReasonCode;
using test::answer;
using test::HttpService;

inline constexpr const char* allow = R"({"result": "allow"})";
inline constexpr const char* deny = R"({"result": "deny"})";

inline HttpService::Reply cut_off() {
  return {.bytes = "", .drips = false, .hangs = false, .closes = true};
}
inline HttpService::Reply silence() {
  return {.bytes = "", .drips = false, .hangs = true, .closes = false};
}

inline std::shared_ptr<const Credentials> anna(std::string password = "secret") {
  Credentials who;
  who.client_id = "c";
  who.user_name = "anna";
  who.password = std::move(password);
  who.address = "192.0.2.1:1000";
  return std::make_shared<const Credentials>(std::move(who));
}

inline IdentitySource::GivenUp nobody_gave_up() {
  return std::make_shared<std::atomic<bool>>(false);
}

/// The answer to one client, whenever it comes.
class Asked {
 public:
  Asked(HttpHook& hook, const std::shared_ptr<const Credentials>& who,
        IdentitySource::GivenUp is_given_up = nobody_gave_up()) {
    auto promise = std::make_shared<std::promise<Finding>>();
    finding_ = promise->get_future();
    auto known = hook.identify(who, std::move(is_given_up), [promise](Finding finding) {
      promise->set_value(std::move(finding));
    });
    if (known) {
      at_once_ = true;
      promise->set_value(std::move(*known));
    }
  }
  /// Waits.
  const Finding& finding() {
    if (finding_.valid()) {
      got_ = finding_.get();
    }
    return got_;
  }
  [[nodiscard]] bool at_once() const { return at_once_; }
  [[nodiscard]] bool was_accepted() { return finding().verdict == Verdict::accepted; }
  [[nodiscard]] bool was_refused(ReasonCode reason) {
    return finding().verdict == Verdict::refused && finding().reason == reason;
  }

 private:
  std::future<Finding> finding_;
  Finding got_;
  bool at_once_ = false;
};

/// Whether somebody had to be asked about `who`. Waits for the answer.
inline bool was_asked(HttpHook& hook, const std::shared_ptr<const Credentials>& who) {
  Asked asked(hook, who);
  static_cast<void>(asked.finding());
  return !asked.at_once();
}

class HttpHookTest : public testing::Test {
 protected:
  static HttpHookOptions options(std::string url) {
    HttpHookOptions options;
    options.url = std::move(url);
    options.timeout = 10s;
    return options;
  }
  std::unique_ptr<HttpHook> make(const HttpHookOptions& options) {
    EXPECT_EQ(problem_of(options), "");
    return std::make_unique<HttpHook>(options, log_,
                                      [this] { return HttpHook::Clock::time_point(now_.load()); });
  }
  void pass(std::chrono::nanoseconds time) { now_ = now_.load() + time; }

  test::RecordingLog log_;
  std::atomic<std::chrono::nanoseconds> now_{1h};
};

}  // namespace peal::auth
