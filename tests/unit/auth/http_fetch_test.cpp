// Asking HTTP services that answer, and those that do it late, badly, at length or not at all.
#include "peal/auth/http_fetch.hpp"

#include <future>
#include <gtest/gtest.h>
#include <latch>
#include <mutex>

#include "support/auth_http_service.hpp"
#include "tests/unit/net/certificates.hpp"

namespace peal::auth {
namespace {

using namespace std::chrono_literals;
using test::HttpService;
using Clock = std::chrono::steady_clock;

HttpRequest get(std::string url) {
  HttpRequest request;
  request.url = std::move(url);
  request.timeout = 10s;
  return request;
}

HttpResult ask(HttpFetcher& fetcher, HttpRequest request) {
  std::promise<HttpResult> promise;
  auto result = promise.get_future();
  EXPECT_TRUE(fetcher.fetch(std::move(request),
                            [&](HttpResult got) { promise.set_value(std::move(got)); }));
  return result.get();
}

/// What went wrong; empty when nothing did.
std::string trouble(const HttpResult& result) {
  return result ? std::string() : result.error().text;
}

TEST(HttpFetcher, BringsTheAnswer) {
  HttpService::Request seen;
  HttpService service([&](const HttpService::Request& request) {
    seen = request;
    return test::answer(418, "short and stout");
  });
  HttpFetcher fetcher;
  HttpRequest request = get(service.url("/pot?x=1"));
  request.method = HttpMethod::post;
  request.headers = {"Content-Type: application/json", "X-Key: abc"};
  request.body = std::string("a\0b", 3);
  const HttpResult result = ask(fetcher, std::move(request));
  ASSERT_TRUE(result) << trouble(result);
  EXPECT_EQ(result->status, 418);
  EXPECT_EQ(result->body, "short and stout");
  EXPECT_EQ(seen.line, "POST /pot?x=1 HTTP/1.1");
  EXPECT_EQ(seen.body, std::string("a\0b", 3));
  EXPECT_NE(seen.headers.find("Content-Type: application/json\r\n"), std::string::npos);
  EXPECT_NE(seen.headers.find("X-Key: abc\r\n"), std::string::npos);
  EXPECT_NE(seen.headers.find("User-Agent: peal\r\n"), std::string::npos) << "and no version";
}

TEST(HttpFetcher, KeepsTheConnectionAndNoCookies) {
  std::string headers;
  HttpService service([&](const HttpService::Request& request) {
    headers = request.headers;
    return test::answer(200, "x", "Set-Cookie: a=b; Path=/\r\n");
  });
  HttpFetcher fetcher;
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(trouble(ask(fetcher, get(service.url()))), "");
  }
  EXPECT_EQ(service.requests(), 5);
  EXPECT_EQ(service.connections(), 1);
  EXPECT_EQ(headers.find("Cookie"), std::string::npos);
}

TEST(HttpFetcher, IsNotHeldUpByAServiceThatSaysNothing) {
  HttpService service([](const HttpService::Request&) {
    return HttpService::Reply{.bytes = "", .drips = false, .hangs = true, .closes = false};
  });
  HttpFetcher fetcher;
  HttpRequest request = get(service.url());
  request.timeout = 100ms;
  const auto begin = Clock::now();
  const HttpResult result = ask(fetcher, std::move(request));
  EXPECT_GE(Clock::now() - begin, 90ms);
  EXPECT_LT(Clock::now() - begin, 5s);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().fault, HttpFault::service);
  EXPECT_NE(result.error().text.find("timed out"), std::string::npos) << result.error().text;
}

TEST(HttpFetcher, IsNotHeldUpByAServiceThatDrips) {
  HttpService service([](const HttpService::Request&) {
    auto reply = test::answer(200, std::string(1'000, 'x'));
    reply.drips = true;
    return reply;
  });
  HttpFetcher fetcher;
  HttpRequest request = get(service.url());
  request.timeout = 200ms;
  const auto begin = Clock::now();
  const HttpResult result = ask(fetcher, std::move(request));
  EXPECT_LT(Clock::now() - begin, 5s);
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().text.find("timed out"), std::string::npos) << result.error().text;
}

TEST(HttpFetcher, ReadsNoFurtherThanItsLimit) {
  const std::string head = "HTTP/1.1 200 OK\r\n";
  HttpService service([&](const HttpService::Request& request) {
    if (request.line.starts_with("GET /said ")) {
      return test::answer(200, std::string(1'001, 'x'));
    }
    const std::string body(4UL << 20U, 'x');
    if (request.line.starts_with("GET /unsaid ")) {
      return HttpService::Reply{
          .bytes = head + "\r\n" + body, .drips = false, .hangs = false, .closes = true};
    }
    if (request.line.starts_with("GET /header ")) {
      return HttpService::Reply{.bytes = head + "X: " + std::string(90'000, 'x') + "\r\n\r\n",
                                .drips = false,
                                .hangs = false,
                                .closes = true};
    }
    return test::answer(200, std::string(1'000, 'x'));
  });
  HttpFetcher fetcher;
  for (const auto* const path : {"/said", "/unsaid", "/header"}) {
    HttpRequest request = get(service.url(path));
    request.max_body_bytes = 1'000;
    const HttpResult result = ask(fetcher, std::move(request));
    ASSERT_FALSE(result) << path;
    EXPECT_NE(result.error().text.find("longer than allowed"), std::string::npos)
        << path << ": " << result.error().text;
  }
  HttpRequest request = get(service.url("/fits"));
  request.max_body_bytes = 1'000;
  const HttpResult result = ask(fetcher, std::move(request));
  ASSERT_TRUE(result) << trouble(result);
  EXPECT_EQ(result->body.size(), 1'000U);
}

TEST(HttpFetcher, FollowsNobody) {
  HttpService elsewhere([](const HttpService::Request&) { return test::answer(200, "here"); });
  HttpService service([&](const HttpService::Request&) {
    return test::answer(302, "", "Location: " + elsewhere.url() + "\r\n");
  });
  HttpFetcher fetcher;
  const HttpResult result = ask(fetcher, get(service.url()));
  ASSERT_TRUE(result) << trouble(result);
  EXPECT_EQ(result->status, 302);
  EXPECT_EQ(elsewhere.connections(), 0);
}

TEST(HttpFetcher, TakesNoProxyFromTheEnvironment) {
  HttpService proxy([](const HttpService::Request&) { return test::answer(200, "proxy"); });
  HttpService service([](const HttpService::Request&) { return test::answer(200, "service"); });
  ASSERT_EQ(setenv("http_proxy", proxy.url("").c_str(), 1), 0);
  ASSERT_EQ(setenv("all_proxy", proxy.url("").c_str(), 1), 0);
  HttpFetcher fetcher;
  const HttpResult result = ask(fetcher, get(service.url()));
  unsetenv("http_proxy");
  unsetenv("all_proxy");
  ASSERT_TRUE(result) << trouble(result);
  EXPECT_EQ(result->body, "service");
}

TEST(HttpFetcher, TellsWhatIsNoAnswer) {
  HttpService service([](const HttpService::Request& request) {
    const bool is_empty = request.line.starts_with("GET /empty ");
    const bool is_cut = request.line.starts_with("GET /cut ");
    return HttpService::Reply{.bytes = is_empty ? ""
                                       : is_cut
                                           ? "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"
                                           : std::string("\x16\x03\x01\0\xFF garbage\r\n\r\n", 18),
                              .drips = false,
                              .hangs = false,
                              .closes = true};
  });
  HttpFetcher fetcher;
  for (const std::string& url :
       {service.url("/empty"), service.url("/cut"), service.url("/garbage"),
        "http://127.0.0.1:" + std::to_string(test::closed_port()) + "/",
        std::string("http://name.invalid/"), std::string("ftp://127.0.0.1/"), std::string("x"),
        "https" + service.url().substr(4)}) {
    HttpRequest request = get(url);
    request.timeout = 500ms;  // who waits for a line waits for ever for TLS
    const HttpResult result = ask(fetcher, std::move(request));
    ASSERT_FALSE(result) << url;
    EXPECT_EQ(result.error().fault, HttpFault::service) << url;
    EXPECT_NE(result.error().text, "") << url;
  }
  HttpRequest smuggled = get(service.url());
  smuggled.headers = {"A: b\r\nC: d"};
  EXPECT_EQ(trouble(ask(fetcher, std::move(smuggled))), "a header with a control character in it");
}

TEST(HttpFetcher, BelievesTheAuthorityThatWasNamed) {
  net::Authority ours;
  const net::Authority another;
  const auto right = ours.issue("localhost", "DNS:localhost");
  const auto wrong_name = ours.issue("elsewhere", "DNS:elsewhere.example");
  const auto greet = [](const HttpService::Request&) { return test::answer(200, "hello"); };
  HttpService service(greet, {.certificate = right.certificate, .key = right.key});
  HttpService misnamed(greet, {.certificate = wrong_name.certificate, .key = wrong_name.key});
  HttpFetcher fetcher;
  const auto ask_with = [&](const HttpService& whom, const std::string& ca_file) {
    HttpRequest request = get(whom.url());
    request.ca_file = ca_file;
    return ask(fetcher, std::move(request));
  };
  // In this order: a connection that was made with one authority is not used with another.
  EXPECT_EQ(trouble(ask_with(service, ours.ca)), "");
  for (const std::string& ca_file : {another.ca, std::string(), ours.path("missing.crt")}) {
    const HttpResult result = ask_with(service, ca_file);
    ASSERT_FALSE(result) << ca_file;
    EXPECT_EQ(result.error().fault, HttpFault::service);
  }
  EXPECT_FALSE(ask_with(misnamed, ours.ca));
  EXPECT_EQ(service.requests(), 1);
  EXPECT_EQ(misnamed.requests(), 0);
}

TEST(HttpFetcher, IsBoundedWhateverIsAsked) {
  std::latch go(1);
  HttpService service([&](const HttpService::Request&) {
    go.wait();
    return test::answer(200, "x");
  });
  std::atomic<int> answered = 0;
  int taken = 0;
  {
    HttpFetcher fetcher;
    for (int i = 0; i < 10'000; ++i) {
      taken += fetcher.fetch(get(service.url()),
                             [&](const HttpResult& result) {
                               EXPECT_TRUE(result) << trouble(result);
                               ++answered;
                             })
                   ? 1
                   : 0;
    }
    EXPECT_GE(taken, 1'000);
    EXPECT_LE(taken, 1'064);
    go.count_down();
    while (answered < taken) {
      std::this_thread::yield();
    }
    EXPECT_EQ(trouble(ask(fetcher, get(service.url()))), "") << "there is room again";
  }
  EXPECT_LE(service.most_at_once(), 64);
  EXPECT_EQ(answered, taken);
}

TEST(HttpFetcher, DropsWhatWaitsForTooLong) {
  HttpService service([](const HttpService::Request&) {
    return HttpService::Reply{.bytes = "", .drips = false, .hangs = true, .closes = false};
  });
  std::promise<HttpResult> first;
  HttpFetcher fetcher({.waiting = 10, .at_once_per_host = 1});
  ASSERT_TRUE(fetcher.fetch(get(service.url()),
                            [&](HttpResult result) { first.set_value(std::move(result)); }));
  while (service.requests() == 0) {
    std::this_thread::yield();
  }
  HttpRequest second = get(service.url());
  second.timeout = 50ms;
  const HttpResult result = ask(fetcher, std::move(second));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().fault, HttpFault::busy);
  EXPECT_EQ(service.requests(), 1);
  auto pending = first.get_future();
  EXPECT_EQ(pending.wait_for(0s), std::future_status::timeout);
}

TEST(HttpFetcher, OneHostDoesNotWaitForAnother) {
  HttpService slow([](const HttpService::Request&) {
    return HttpService::Reply{.bytes = "", .drips = false, .hangs = true, .closes = false};
  });
  HttpService quick([](const HttpService::Request&) { return test::answer(200, "x"); });
  std::atomic<int> ended = 0;
  HttpFetcher fetcher({.waiting = 10, .at_once_per_host = 1});
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(fetcher.fetch(get(slow.url()), [&](const HttpResult&) { ++ended; }));
  }
  EXPECT_EQ(trouble(ask(fetcher, get(quick.url()))), "");
  EXPECT_EQ(ended, 0);
}

TEST(HttpFetcher, SendsNothingForWhoIsGone) {
  HttpService service([](const HttpService::Request&) { return test::answer(200, "x"); });
  HttpFetcher fetcher;
  HttpRequest request = get(service.url());
  request.is_wanted = [] { return false; };
  const HttpResult result = ask(fetcher, std::move(request));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().fault, HttpFault::unwanted);
  request = get(service.url());
  request.is_wanted = [] { return true; };
  EXPECT_EQ(trouble(ask(fetcher, std::move(request))), "");
  EXPECT_EQ(service.requests(), 1);
}

TEST(HttpFetcher, EndsEverythingWithItself) {
  HttpService service([](const HttpService::Request&) {
    return HttpService::Reply{.bytes = "", .drips = false, .hangs = true, .closes = false};
  });
  std::atomic<int> stopped = 0;
  std::atomic<int> others = 0;
  auto fetcher = std::make_unique<HttpFetcher>(HttpLimits{.waiting = 100, .at_once_per_host = 3});
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(fetcher->fetch(get(service.url()), [&](const HttpResult& result) {
      ++(!result && result.error().fault == HttpFault::stopped ? stopped : others);
    }));
  }
  while (service.requests() < 3) {
    std::this_thread::yield();
  }
  const auto begin = Clock::now();
  fetcher.reset();
  EXPECT_LT(Clock::now() - begin, 2s);
  EXPECT_EQ(stopped, 20);
  EXPECT_EQ(others, 0);
}

TEST(HttpFetcher, TakesNothingMoreWhileItEnds) {
  HttpService service([](const HttpService::Request&) {
    return HttpService::Reply{.bytes = "", .drips = false, .hangs = true, .closes = false};
  });
  auto fetcher = std::make_unique<HttpFetcher>();
  HttpFetcher* const same = fetcher.get();
  bool was_taken = true;
  ASSERT_TRUE(fetcher->fetch(get(service.url()), [&](const HttpResult&) {
    was_taken = same->fetch(get(service.url()), [](const HttpResult&) {});
  }));
  while (service.requests() == 0) {
    std::this_thread::yield();
  }
  fetcher.reset();
  EXPECT_FALSE(was_taken);
}

}  // namespace
}  // namespace peal::auth
