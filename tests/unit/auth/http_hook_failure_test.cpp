// A service that does not say who a client is, or is asked too much: nobody is let in, and nobody
// waits for long.
#include <gtest/gtest.h>
#include <latch>
#include <thread>
#include <vector>

#include "tests/unit/auth/http_hook_support.hpp"
#include "tests/unit/net/certificates.hpp"

namespace peal::auth {
namespace {

TEST_F(HttpHookTest, NothingButAnAnswerLetsIn) {
  HttpService elsewhere([](const HttpService::Request&) { return answer(200, allow); });
  const std::string hop = "Location: " + elsewhere.url() + "\r\n";
  const std::vector<std::pair<const char*, HttpService::Reply>> replies{
      {"silence", silence()},
      {"cut off", cut_off()},
      {"drips",
       {.bytes = answer(200, allow).bytes, .drips = true, .hangs = false, .closes = false}},
      {"garbage",
       {.bytes = "\x16\x03\x01 no HTTP\r\n\r\n", .drips = false, .hangs = false, .closes = true}},
      {"a huge body", answer(200, allow + std::string(70'000, ' '))},
      {"a redirect", answer(302, "", hop)},
      {"another redirect", answer(307, allow, hop)},
      {"nothing", answer(200, "")},
      {"no content",
       {.bytes = "HTTP/1.1 204 No\r\n\r\n", .drips = false, .hangs = false, .closes = false}},
      {"no JSON", answer(200, "allow")},
      {"a server's fault", answer(500, allow)},
      {"a gateway's", answer(502, allow)},
      {"a client's", answer(400, allow)},
      {"created", answer(201, allow)},
      {"an odd member", answer(200, R"({"result": "allow", "x": 1})")},
      {"a member twice", answer(200, R"({"result": "deny", "result": "allow"})")}};
  for (const auto on_failure : {OnFailure::deny, OnFailure::ignore}) {
    for (const auto& [name, reply] : replies) {
      HttpService service([&](const HttpService::Request&) { return reply; });
      HttpHookOptions some = options(service.url());
      some.timeout = 150ms;
      some.on_failure = on_failure;
      const auto hook = make(some);
      Asked asked(*hook, anna());
      if (on_failure == OnFailure::deny) {
        EXPECT_TRUE(asked.was_refused(ReasonCode::server_unavailable)) << name;
      } else {
        EXPECT_EQ(asked.finding().verdict, Verdict::not_mine) << name;
      }
      EXPECT_EQ(hook->counters().failed, 1U) << name;
      EXPECT_EQ(hook->counters().accepted, 0U) << name;
    }
  }
  EXPECT_EQ(elsewhere.connections(), 0);
  EXPECT_EQ(log_.count("did not say who a client is"), 32);
}

TEST_F(HttpHookTest, NobodyThereLetsNobodyIn) {
  const auto hook =
      make(options("http://127.0.0.1:" + std::to_string(test::closed_port()) + "/auth"));
  EXPECT_TRUE(Asked(*hook, anna()).was_refused(ReasonCode::server_unavailable));
}

TEST_F(HttpHookTest, AWrongAuthorityLetsNobodyIn) {
  net::Authority ours;
  const net::Authority another;
  const auto issued = ours.issue("localhost", "DNS:localhost");
  HttpService service([](const HttpService::Request&) { return answer(200, allow); },
                      {.certificate = issued.certificate, .key = issued.key});
  for (const std::string& ca_file : {another.ca, std::string()}) {
    HttpHookOptions some = options(service.url());
    some.ca_file = ca_file;
    EXPECT_TRUE(Asked(*make(some), anna()).was_refused(ReasonCode::server_unavailable));
  }
  EXPECT_EQ(service.requests(), 0) << "no password was sent";
  HttpHookOptions right = options(service.url());
  right.ca_file = ours.ca;
  EXPECT_TRUE(Asked(*make(right), anna()).was_accepted());
}

TEST_F(HttpHookTest, RemembersNoFailure) {
  std::atomic<bool> is_well = false;
  HttpService service(
      [&](const HttpService::Request&) { return is_well ? answer(200, allow) : answer(500, ""); });
  const auto hook = make(options(service.url()));
  EXPECT_FALSE(Asked(*hook, anna()).was_accepted());
  is_well = true;
  EXPECT_TRUE(Asked(*hook, anna()).was_accepted());
}

TEST_F(HttpHookTest, IsBoundedWhateverComes) {
  std::latch go(1);
  HttpService service([&](const HttpService::Request&) {
    go.wait();
    return answer(200, allow);
  });
  HttpHookOptions some = options(service.url());
  some.timeout = 60s;
  const auto hook = make(some);
  std::vector<std::unique_ptr<Asked>> all;
  for (int i = 0; i < 10'000; ++i) {
    // Every other one asks what somebody asked before.
    all.push_back(std::make_unique<Asked>(*hook, anna(std::to_string(i / 2))));
  }
  EXPECT_EQ(hook->counters().refused_busy, 9'000U);
  go.count_down();
  std::size_t accepted = 0;
  std::size_t busy = 0;
  for (const auto& asked : all) {
    accepted += asked->was_accepted() ? 1 : 0;
    busy += asked->at_once() && asked->was_refused(ReasonCode::server_busy) ? 1 : 0;
  }
  EXPECT_EQ(accepted, 1'000U);
  EXPECT_EQ(busy, 9'000U);
  EXPECT_EQ(service.requests(), 500);
  EXPECT_LE(service.most_at_once(), 64);
  EXPECT_TRUE(Asked(*hook, anna()).was_accepted()) << "there is room again";
}

TEST_F(HttpHookTest, SendsNoMoreAtOnceThanItMay) {
  HttpService service([](const HttpService::Request&) { return answer(200, allow); });
  HttpHookOptions some = options(service.url());
  some.at_once = 2;
  const auto hook = make(some);
  std::vector<std::unique_ptr<Asked>> all;
  for (int i = 0; i < 100; ++i) {
    all.push_back(std::make_unique<Asked>(*hook, anna(std::to_string(i))));
  }
  for (const auto& asked : all) {
    EXPECT_TRUE(asked->was_accepted());
  }
  EXPECT_LE(service.connections(), 2);
  EXPECT_EQ(service.requests(), 100);
}

TEST_F(HttpHookTest, SaysBusyToWhomItsTurnNeverCame) {
  HttpService service([](const HttpService::Request&) { return silence(); });
  HttpHookOptions some = options(service.url());
  some.timeout = 200ms;
  some.at_once = 1;
  some.breaker.failures = 1'000'000;
  const auto hook = make(some);
  std::vector<std::unique_ptr<Asked>> all;
  for (int i = 0; i < 200; ++i) {
    all.push_back(std::make_unique<Asked>(*hook, anna(std::to_string(i))));
  }
  std::size_t unavailable = 0;
  std::size_t busy = 0;
  for (const auto& asked : all) {
    unavailable += asked->was_refused(ReasonCode::server_unavailable) ? 1 : 0;
    busy += asked->was_refused(ReasonCode::server_busy) ? 1 : 0;
  }
  EXPECT_EQ(unavailable + busy, 200U);
  EXPECT_GE(busy, 1U);
  EXPECT_EQ(hook->counters().failed, unavailable);
  EXPECT_EQ(hook->counters().abandoned, busy);
}

TEST_F(HttpHookTest, LeavesAServiceAloneThatDoesNotAnswer) {
  std::atomic<bool> is_well = false;
  std::atomic<std::latch*> hold = nullptr;
  HttpService service([&](const HttpService::Request&) {
    if (std::latch* latch = hold) {
      latch->wait();
    }
    return is_well ? answer(200, allow) : cut_off();
  });
  const auto hook = make(options(service.url()));
  for (int i = 0; i < 5; ++i) {
    Asked asked(*hook, anna());
    EXPECT_FALSE(asked.at_once());
    EXPECT_TRUE(asked.was_refused(ReasonCode::server_unavailable));
  }
  EXPECT_EQ(log_.count("left alone"), 1);
  Asked open(*hook, anna());
  EXPECT_TRUE(open.at_once() && open.was_refused(ReasonCode::server_unavailable));
  pass(10s);
  EXPECT_FALSE(Asked(*hook, anna()).was_accepted()) << "the probe failed";
  EXPECT_TRUE(Asked(*hook, anna()).at_once());
  EXPECT_EQ(service.requests(), 6);
  EXPECT_EQ(log_.count("left alone"), 1) << "it still is";

  pass(10s);
  std::latch go(1);
  hold = &go;
  is_well = true;
  Asked probe(*hook, anna());
  Asked meanwhile(*hook, anna("other"));
  EXPECT_FALSE(probe.at_once());
  EXPECT_TRUE(meanwhile.at_once() && meanwhile.was_refused(ReasonCode::server_unavailable));
  go.count_down();
  EXPECT_TRUE(probe.was_accepted());
  EXPECT_EQ(log_.count("answers again"), 1);
  EXPECT_TRUE(Asked(*hook, anna("other")).was_accepted());
  EXPECT_EQ(hook->counters().refused_open, 3U);
}

TEST_F(HttpHookTest, AnswersWhoWaitedWhenItLeavesTheServiceAlone) {
  std::latch go(1);
  HttpService service([&](const HttpService::Request&) {
    go.wait();
    return cut_off();
  });
  HttpHookOptions some = options(service.url());
  some.on_failure = OnFailure::ignore;
  const auto hook = make(some);
  std::vector<std::unique_ptr<Asked>> all;
  for (int i = 0; i < 500; ++i) {
    all.push_back(std::make_unique<Asked>(*hook, anna(std::to_string(i))));
  }
  go.count_down();
  for (const auto& asked : all) {
    EXPECT_EQ(asked->finding().verdict, Verdict::not_mine);
  }
  EXPECT_LE(service.requests(), 64 + 5);
  const auto counters = hook->counters();
  EXPECT_EQ(counters.failed + counters.refused_open, 500U);
  EXPECT_GE(counters.refused_open, 431U);
}

TEST_F(HttpHookTest, CountsGatewaysButNoAnswerOfItsOwn) {
  std::atomic<int> status = 500;
  HttpService service([&](const HttpService::Request&) { return answer(status, "x"); });
  const auto hook = make(options(service.url()));
  for (const int unreadable : {500, 200, 404}) {
    status = unreadable;
    for (int i = 0; i < 10; ++i) {
      EXPECT_TRUE(was_asked(*hook, anna()));
    }
  }
  for (const int away : {502, 503, 504, 503, 502}) {
    status = away;
    EXPECT_TRUE(was_asked(*hook, anna()));
  }
  EXPECT_TRUE(Asked(*hook, anna()).at_once());
}

TEST_F(HttpHookTest, LogsFailuresNowAndThen) {
  HttpService service([](const HttpService::Request&) { return answer(500, "x"); });
  const auto hook = make(options(service.url()));
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(Asked(*hook, anna()).was_accepted());
  }
  ASSERT_EQ(log_.lines().size(), 1U);
  EXPECT_EQ(log_.lines()[0].reason, "the answer has status 500");
  EXPECT_EQ(log_.lines()[0].detail, service.url());
  pass(10s);
  EXPECT_FALSE(Asked(*hook, anna()).was_accepted());
  ASSERT_EQ(log_.lines().size(), 2U);
  EXPECT_EQ(log_.lines()[1].detail, service.url() + ", 9 more");
}

TEST_F(HttpHookTest, RefusesWhoWaitsWhenItGoes) {
  HttpService service([](const HttpService::Request&) { return silence(); });
  HttpHookOptions some = options(service.url());
  some.on_failure = OnFailure::ignore;
  auto hook = make(some);
  std::vector<std::unique_ptr<Asked>> all;
  for (int i = 0; i < 200; ++i) {
    all.push_back(std::make_unique<Asked>(*hook, anna(std::to_string(i))));
  }
  hook.reset();
  for (const auto& asked : all) {
    EXPECT_TRUE(asked->was_refused(ReasonCode::server_unavailable));
  }
}

TEST(RareLog, SaysHowManyWereKeptBack) {
  RareLog rare(10s);
  const RareLog::Clock::time_point now{1h};
  EXPECT_EQ(rare.next(now), 0U);
  EXPECT_EQ(rare.next(now + 1s), std::nullopt);
  EXPECT_EQ(rare.next(now + 9s), std::nullopt);
  EXPECT_EQ(rare.next(now + 10s), 2U);
  EXPECT_EQ(rare.next(now + 30s), 0U);
}

}  // namespace
}  // namespace peal::auth
