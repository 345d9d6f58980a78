// Asking a service who a client is: what it says, and what is remembered of it.
#include "peal/auth/http_hook.hpp"

#include <gtest/gtest.h>
#include <latch>
#include <thread>
#include <vector>

#include "tests/unit/auth/http_hook_support.hpp"

namespace peal::auth {
namespace {

TEST_F(HttpHookTest, AsksAndBelieves) {
  HttpService::Request seen;
  HttpService service([&](const HttpService::Request& request) {
    seen = request;
    return answer(200, R"({"result": "allow", "user": "ben", "roles": ["people"]})");
  });
  HttpHookOptions with_key = options(service.url("/auth"));
  with_key.headers = {"Authorization: Bearer abc"};
  const auto hook = make(with_key);
  Asked asked(*hook, anna());
  EXPECT_TRUE(asked.was_accepted());
  EXPECT_FALSE(asked.at_once());
  EXPECT_EQ(asked.finding().identity.user, "ben");
  EXPECT_EQ(asked.finding().identity.grants, "role people\n");
  EXPECT_EQ(seen.line, "POST /auth HTTP/1.1");
  EXPECT_EQ(seen.body, R"({"client_id":"c","username":"anna","password":"secret",)"
                       R"("address":"192.0.2.1","encrypted":false})");
  EXPECT_NE(seen.headers.find("Content-Type: application/json\r\n"), std::string::npos);
  EXPECT_NE(seen.headers.find("Authorization: Bearer abc\r\n"), std::string::npos);
  const auto counters = hook->counters();
  EXPECT_EQ(counters.asked, 1U);
  EXPECT_EQ(counters.accepted, 1U);
  EXPECT_EQ(counters.failed, 0U);
}

TEST_F(HttpHookTest, RefusesAndPassesOn) {
  HttpService service([](const HttpService::Request& request) {
    const bool is_wrong = request.body.find("wrong") != std::string::npos;
    const bool is_banned = request.body.find("banned") != std::string::npos;
    return is_wrong    ? answer(200, deny)
           : is_banned ? answer(403, "")
                       : answer(200, R"({"result": "ignore"})");
  });
  const auto hook = make(options(service.url()));
  EXPECT_TRUE(Asked(*hook, anna("wrong")).was_refused(ReasonCode::bad_user_name_or_password));
  EXPECT_TRUE(Asked(*hook, anna("banned")).was_refused(ReasonCode::not_authorized));
  EXPECT_EQ(Asked(*hook, anna("other")).finding().verdict, Verdict::not_mine);
  const auto counters = hook->counters();
  EXPECT_EQ(counters.refused, 2U);
  EXPECT_EQ(counters.ignored, 1U);
}

TEST_F(HttpHookTest, RemembersWhatWasRefusedForAWhile) {
  HttpService service([](const HttpService::Request&) { return answer(200, deny); });
  const auto hook = make(options(service.url()));
  EXPECT_FALSE(Asked(*hook, anna()).was_accepted());
  pass(4'999ms);
  Asked again(*hook, anna());
  EXPECT_TRUE(again.at_once());
  EXPECT_TRUE(again.was_refused(ReasonCode::bad_user_name_or_password));
  EXPECT_EQ(service.requests(), 1);
  pass(1ms);
  EXPECT_TRUE(was_asked(*hook, anna()));
  EXPECT_TRUE(was_asked(*hook, anna("other"))) << "another password, another question";
  EXPECT_EQ(hook->counters().cached, 1U);
}

TEST_F(HttpHookTest, RemembersWhatWasAcceptedWhenToldTo) {
  std::string body = allow;
  HttpService service([&](const HttpService::Request&) { return answer(200, body); });
  const auto plain = make(options(service.url()));
  EXPECT_TRUE(Asked(*plain, anna()).was_accepted());
  EXPECT_TRUE(was_asked(*plain, anna())) << "not unless told to";
  HttpHookOptions some = options(service.url());
  some.accepted_for = 60s;
  const auto hook = make(some);
  EXPECT_TRUE(Asked(*hook, anna()).was_accepted());
  pass(59s);
  Asked again(*hook, anna());
  EXPECT_TRUE(again.at_once() && again.was_accepted());
  pass(1s);
  body = R"({"result": "allow", "cache": 0})";
  EXPECT_TRUE(was_asked(*hook, anna()));
  body = R"({"result": "allow", "cache": 600})";
  EXPECT_TRUE(was_asked(*hook, anna())) << "the service said so";
  pass(599s);
  EXPECT_TRUE(Asked(*hook, anna()).at_once());
  pass(1s);
  EXPECT_TRUE(was_asked(*hook, anna()));
}

TEST_F(HttpHookTest, RemembersNobodyLongerThanHeMayStay) {
  HttpService service([](const HttpService::Request&) {
    return answer(200, R"({"result": "allow", "cache": 3600, "expires_in": 60})");
  });
  const auto hook = make(options(service.url()));
  EXPECT_TRUE(Asked(*hook, anna()).was_accepted());
  pass(50s);
  EXPECT_TRUE(Asked(*hook, anna()).at_once());
  pass(11s);
  EXPECT_TRUE(was_asked(*hook, anna()));
}

TEST_F(HttpHookTest, AsksTheSameOnce) {
  std::latch go(1);
  HttpService service([&](const HttpService::Request&) {
    go.wait();
    return answer(200, allow);
  });
  const auto hook = make(options(service.url()));
  std::vector<std::unique_ptr<Asked>> same;
  for (int i = 0; i < 50; ++i) {
    same.push_back(std::make_unique<Asked>(*hook, anna()));
  }
  Asked other(*hook, anna("other"));
  go.count_down();
  for (const auto& asked : same) {
    EXPECT_TRUE(asked->was_accepted());
  }
  EXPECT_TRUE(other.was_accepted());
  EXPECT_EQ(service.requests(), 2);
  EXPECT_EQ(hook->counters().joined, 49U);
  EXPECT_EQ(hook->counters().accepted, 2U);
}

TEST_F(HttpHookTest, AsksNothingForWhoIsGone) {
  HttpService service([](const HttpService::Request&) { return answer(200, allow); });
  const auto hook = make(options(service.url()));
  Asked gone(*hook, anna(), std::make_shared<std::atomic<bool>>(true));
  EXPECT_EQ(gone.finding().verdict, Verdict::refused);
  EXPECT_EQ(service.requests(), 0);
  EXPECT_EQ(hook->counters().abandoned, 1U);
  EXPECT_TRUE(Asked(*hook, anna()).was_accepted()) << "another one with the same question";
}

TEST_F(HttpHookTest, AsksForWhoIsLeft) {
  std::latch go(1);
  HttpService service([&](const HttpService::Request&) {
    go.wait();
    return answer(200, allow);
  });
  const auto hook = make(options(service.url()));
  std::vector<std::unique_ptr<Asked>> before;
  for (int i = 0; i < 64; ++i) {
    before.push_back(std::make_unique<Asked>(*hook, anna(std::to_string(i))));
  }
  const auto is_given_up = std::make_shared<std::atomic<bool>>(false);
  Asked first(*hook, anna("both"), is_given_up);
  Asked second(*hook, anna("both"));
  Asked alone(*hook, anna("alone"), is_given_up);
  *is_given_up = true;
  go.count_down();
  EXPECT_TRUE(second.was_accepted());
  EXPECT_FALSE(alone.was_accepted());
  for (const auto& asked : before) {
    EXPECT_TRUE(asked->was_accepted());
  }
  EXPECT_EQ(service.requests(), 65);
}

TEST_F(HttpHookTest, RefusesBrokenTextWithoutAsking) {
  HttpService service([](const HttpService::Request&) { return answer(200, allow); });
  const auto hook = make(options(service.url()));
  Credentials who;
  who.client_id = "\xFF";
  Asked asked(*hook, std::make_shared<const Credentials>(who));
  EXPECT_TRUE(asked.at_once() && asked.was_refused(ReasonCode::bad_user_name_or_password));
  EXPECT_EQ(service.requests(), 0);
}

TEST_F(HttpHookTest, IsAskedByManyThreads) {
  HttpService service([](const HttpService::Request& request) {
    const bool is_odd = request.body.find("1\",\"address") != std::string::npos;
    return answer(200, is_odd ? allow : deny);
  });
  const auto hook = make(options(service.url()));
  std::atomic<int> accepted = 0;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&] {
        for (int i = 0; i < 200; ++i) {
          accepted += Asked(*hook, anna(std::to_string(i % 20))).was_accepted() ? 1 : 0;
        }
      });
    }
  }
  EXPECT_EQ(accepted, 4 * 20) << "1 and 11 of twenty";
  const auto counters = hook->counters();
  EXPECT_EQ(counters.asked + counters.joined + counters.cached, 800U);
  EXPECT_EQ(counters.asked, static_cast<std::uint64_t>(service.requests()));
}

TEST(HttpHookOptions, AreLookedAt) {
  const auto problem = [](auto change) {
    HttpHookOptions options;
    options.url = "https://auth.example/";
    change(options);
    return problem_of(options);
  };
  EXPECT_EQ(problem([](HttpHookOptions&) {}), "");
  EXPECT_NE(problem([](HttpHookOptions& o) { o.url = "http://auth.example/"; }), "");
  EXPECT_NE(problem([](HttpHookOptions& o) { o.url = "auth"; }), "");
  EXPECT_EQ(problem([](HttpHookOptions& o) { o.url = "http://127.0.0.1/"; }), "");
  EXPECT_EQ(problem([](HttpHookOptions& o) {
              o.url = "http://auth.example/";
              o.is_plain_allowed = true;
            }),
            "");
  EXPECT_NE(problem([](HttpHookOptions& o) { o.headers = {"a"}; }), "");
  EXPECT_NE(problem([](HttpHookOptions& o) { o.timeout = 0ms; }), "");
  EXPECT_NE(problem([](HttpHookOptions& o) { o.waiting_limit = 0; }), "");
  EXPECT_NE(problem([](HttpHookOptions& o) { o.at_once = 0; }), "");
  EXPECT_NE(problem([](HttpHookOptions& o) { o.breaker.failures = 0; }), "");
}

}  // namespace
}  // namespace peal::auth
