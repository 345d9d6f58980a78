// Keys at a URL: when they are fetched, and what becomes of documents that cannot be had or used.
#include "peal/auth/key_refresh.hpp"

#include <atomic>
#include <gtest/gtest.h>

#include "support/auth_http_service.hpp"
#include "support/auth_log.hpp"

namespace peal::auth {
namespace {

using namespace std::chrono_literals;
using test::answer;
using test::HttpService;
using Clock = std::chrono::steady_clock;

/// Waits until `condition` holds, but not for ever.
template <typename Condition>
bool eventually(Condition condition) {
  const auto until = Clock::now() + 20s;
  while (!condition() && Clock::now() < until) {
    std::this_thread::yield();
  }
  return condition();
}

class KeyRefreshTest : public testing::Test {
 protected:
  static KeyRefreshOptions options(std::string url) {
    KeyRefreshOptions options;
    options.url = std::move(url);
    options.interval = 1h;
    options.pause = 1h;
    return options;
  }
  std::unique_ptr<KeyRefresh> make(const KeyRefreshOptions& options) {
    EXPECT_EQ(problem_of(options), "");
    return std::make_unique<KeyRefresh>(
        options, [this](const std::string& document) { return take(document); }, log_);
  }
  std::string take(const std::string& document) {
    const std::scoped_lock lock(mutex_);
    if (document.starts_with("bad")) {
      return "these are no keys";
    }
    keys_ = document;
    return {};
  }
  std::string keys() {
    const std::scoped_lock lock(mutex_);
    return keys_;
  }

  test::RecordingLog log_;
  std::mutex mutex_;
  std::string keys_;
};

TEST_F(KeyRefreshTest, FetchesAtTheStart) {
  HttpService::Request seen;
  HttpService service([&](const HttpService::Request& request) {
    seen = request;
    return answer(200, "keys");
  });
  KeyRefreshOptions some = options(service.url("/jwks.json"));
  some.headers = {"X-Key: abc"};
  const auto refresh = make(some);
  EXPECT_TRUE(refresh->first(10s));
  EXPECT_EQ(keys(), "keys");
  EXPECT_EQ(seen.line, "GET /jwks.json HTTP/1.1");
  EXPECT_NE(seen.headers.find("X-Key: abc\r\n"), std::string::npos);
  EXPECT_EQ(refresh->counters().taken, 1U);
}

TEST_F(KeyRefreshTest, SaysWhyThereIsNoneAtTheStart) {
  HttpService service([](const HttpService::Request& request) {
    return request.line.starts_with("GET /bad ")    ? answer(200, "bad keys")
           : request.line.starts_with("GET /long ") ? answer(200, std::string((1U << 20U) + 1, 'x'))
                                                    : answer(404, "keys");
  });
  for (const auto& [path, part] :
       {std::pair{"/bad", "these are no keys"}, std::pair{"/long", "longer than allowed"},
        std::pair{"/none", "status 404"}}) {
    const auto refresh = make(options(service.url(path)));
    const auto first = refresh->first(10s);
    ASSERT_FALSE(first) << path;
    EXPECT_NE(first.error().find(part), std::string::npos) << first.error();
    EXPECT_EQ(refresh->counters().failed, 1U);
  }
  EXPECT_EQ(keys(), "");
  EXPECT_EQ(log_.lines().size(), 0U) << "whoever waits says it";
}

TEST_F(KeyRefreshTest, TakesADocumentOfTheLargestSize) {
  HttpService service(
      [](const HttpService::Request&) { return answer(200, std::string(1U << 20U, 'x')); });
  EXPECT_TRUE(make(options(service.url()))->first(10s));
  EXPECT_EQ(keys().size(), 1U << 20U);
}

TEST_F(KeyRefreshTest, WaitsNoLongerThanItMay) {
  HttpService service([](const HttpService::Request&) {
    return HttpService::Reply{.bytes = "", .drips = false, .hangs = true, .closes = false};
  });
  const auto refresh = make(options(service.url()));
  const auto begin = Clock::now();
  EXPECT_FALSE(refresh->first(100ms));
  EXPECT_LT(Clock::now() - begin, 5s);
}

TEST_F(KeyRefreshTest, FetchesInAnInterval) {
  std::atomic<int> count = 0;
  HttpService service(
      [&](const HttpService::Request&) { return answer(200, std::to_string(++count)); });
  KeyRefreshOptions some = options(service.url());
  some.interval = 20ms;
  const auto refresh = make(some);
  EXPECT_TRUE(refresh->first(10s));
  EXPECT_TRUE(eventually([&] { return refresh->counters().taken >= 4; }));
  EXPECT_GE(std::stoi(keys()), 4);
}

TEST_F(KeyRefreshTest, KeepsTheDocumentBefore) {
  std::atomic<int> kind = 0;
  HttpService service([&](const HttpService::Request&) {
    return kind == 0 ? answer(200, "keys") : kind == 1 ? answer(500, "x") : answer(200, "bad");
  });
  KeyRefreshOptions some = options(service.url());
  some.interval = 20ms;
  some.pause = 5ms;
  const auto refresh = make(some);
  EXPECT_TRUE(refresh->first(10s));
  kind = 1;
  EXPECT_TRUE(eventually([&] { return refresh->counters().failed >= 2; }));
  kind = 2;
  const auto is_refused = [&] {
    const auto lines = log_.lines();
    return !lines.empty() && lines.back().reason == "these are no keys";
  };
  EXPECT_TRUE(eventually(is_refused));
  EXPECT_EQ(keys(), "keys");
  EXPECT_EQ(log_.lines()[0].reason, "the answer has status 500");
  EXPECT_EQ(log_.lines()[0].level, broker::LogLevel::warning);
  EXPECT_EQ(log_.lines()[0].detail, service.url());
}

TEST_F(KeyRefreshTest, FetchesOnceForUnknownKeysInAWhile) {
  HttpService service([](const HttpService::Request&) { return answer(200, "keys"); });
  KeyRefreshOptions some = options(service.url());
  const auto refresh = make(some);
  refresh->want();
  EXPECT_TRUE(eventually([&] { return refresh->counters().taken == 1; })) << "none was before";
  some.pause = 500ms;
  const auto quicker = make(some);
  const auto begin = Clock::now();
  EXPECT_TRUE(quicker->first(10s));
  for (int i = 0; i < 1'000; ++i) {
    quicker->want();
    refresh->want();
  }
  EXPECT_TRUE(eventually([&] { return quicker->counters().taken == 2; }));
  EXPECT_GE(Clock::now() - begin, 500ms);
  EXPECT_EQ(refresh->counters().taken, 1U) << "its while is an hour";
  EXPECT_EQ(service.requests(), 3);
}

TEST_F(KeyRefreshTest, TriesAgainSoonWhenItFailed) {
  std::atomic<bool> is_well = false;
  HttpService service([&](const HttpService::Request&) {
    return is_well.exchange(true) ? answer(200, "keys") : answer(503, "");
  });
  KeyRefreshOptions some = options(service.url());
  some.pause = 10ms;
  const auto refresh = make(some);
  EXPECT_FALSE(refresh->first(10s));
  EXPECT_TRUE(eventually([&] { return keys() == "keys"; })) << "not after an interval";
}

TEST_F(KeyRefreshTest, GoesWhileItFetches) {
  HttpService service([](const HttpService::Request&) {
    return HttpService::Reply{.bytes = "", .drips = false, .hangs = true, .closes = false};
  });
  auto refresh = make(options(service.url()));
  refresh->want();
  EXPECT_TRUE(eventually([&] { return service.requests() == 1; }));
  const auto begin = Clock::now();
  refresh.reset();
  EXPECT_LT(Clock::now() - begin, 5s);
  EXPECT_EQ(log_.lines().size(), 0U);
}

TEST(KeyRefreshOptions, AreLookedAt) {
  const auto problem = [](auto change) {
    KeyRefreshOptions options;
    options.url = "https://auth.example/jwks";
    change(options);
    return problem_of(options);
  };
  EXPECT_EQ(problem([](KeyRefreshOptions&) {}), "");
  EXPECT_NE(problem([](KeyRefreshOptions& o) { o.url = "http://auth.example/jwks"; }), "");
  EXPECT_EQ(problem([](KeyRefreshOptions& o) { o.url = "http://localhost/jwks"; }), "");
  EXPECT_NE(problem([](KeyRefreshOptions& o) { o.url = "keys.json"; }), "");
  EXPECT_NE(problem([](KeyRefreshOptions& o) { o.headers = {"a: b\n"}; }), "");
  EXPECT_NE(problem([](KeyRefreshOptions& o) { o.timeout = 0ms; }), "");
  EXPECT_NE(problem([](KeyRefreshOptions& o) { o.interval = 0ms; }), "");
  EXPECT_NE(problem([](KeyRefreshOptions& o) { o.pause = 0ms; }), "");
}

}  // namespace
}  // namespace peal::auth
