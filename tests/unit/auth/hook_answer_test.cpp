// What a service may answer, and everything that is no answer.
#include "peal/auth/hook_answer.hpp"

#include <gtest/gtest.h>

namespace peal::auth {
namespace {

using namespace std::chrono_literals;
using mqtt::ReasonCode;

const auto now = std::chrono::system_clock::time_point(1'700'000'000s);

std::expected<HookAnswer, std::string> read(std::string_view body, int status = 200) {
  return read_hook_answer(status, body, "anna", now);
}

/// Why the body is no answer; empty when it is one.
std::string problem(std::string_view body) {
  const auto answer = read(body);
  return answer ? std::string() : answer.error();
}

TEST(HookAnswer, Allows) {
  const auto answer = read(R"({"result": "allow"})");
  ASSERT_TRUE(answer) << answer.error();
  EXPECT_EQ(answer->finding.verdict, Verdict::accepted);
  EXPECT_EQ(answer->finding.identity.user, "anna");
  EXPECT_EQ(answer->finding.identity.grants, "");
  EXPECT_FALSE(answer->finding.identity.expires);
  EXPECT_FALSE(answer->cache);
}

TEST(HookAnswer, AllowsWithEverything) {
  const auto answer = read(
      R"({"result": "allow", "user": "ben", "acl": {"pub": ["a/#"]}, "roles": ["device"],
          "is_superuser": true, "expires_in": 60.5, "cache": 1.5})");
  ASSERT_TRUE(answer) << answer.error();
  const Identity& identity = answer->finding.identity;
  EXPECT_EQ(identity.user, "ben");
  EXPECT_EQ(identity.grants, "allow all #\nallow publish a/#\nrole device\n");
  EXPECT_EQ(identity.expires, now + 60'500ms);
  EXPECT_EQ(answer->cache, 1'500ms);
  const auto other = read(R"({"result": "allow", "is_superuser": false, "expire_at": 1700000001,
      "acl": [{"permission": "deny", "action": "all", "topic": "b"}]})");
  ASSERT_TRUE(other) << other.error();
  EXPECT_EQ(other->finding.identity.grants, "deny all b\n");
  EXPECT_EQ(other->finding.identity.expires, now + 1s);
}

TEST(HookAnswer, DeniesAndIgnores) {
  const auto deny = read(R"({"result": "deny", "cache": 0})");
  ASSERT_TRUE(deny);
  EXPECT_EQ(deny->finding.verdict, Verdict::refused);
  EXPECT_EQ(deny->finding.reason, ReasonCode::bad_user_name_or_password);
  EXPECT_EQ(deny->cache, 0ms);
  const auto ignore = read(R"({"result": "ignore"})");
  ASSERT_TRUE(ignore);
  EXPECT_EQ(ignore->finding.verdict, Verdict::not_mine);
}

TEST(HookAnswer, DeniesByStatusWhateverTheBodySays) {
  for (const auto& [status, reason] : {std::pair{401, ReasonCode::bad_user_name_or_password},
                                       std::pair{403, ReasonCode::not_authorized}}) {
    const auto answer = read(R"({"result": "allow"})", status);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->finding.verdict, Verdict::refused);
    EXPECT_EQ(answer->finding.reason, reason);
  }
}

TEST(HookAnswer, TakesNoOtherStatus) {
  for (const int status :
       {0, 100, 201, 202, 204, 206, 301, 302, 304, 400, 404, 407, 429, 500, 503}) {
    const auto answer = read(R"({"result": "allow"})", status);
    EXPECT_FALSE(answer) << status;
  }
}

TEST(HookAnswer, RefusesWhoseTimeIsOver) {
  for (const auto* const body : {R"({"result": "allow", "expires_in": 0})",
                                 R"({"result": "allow", "expire_at": 1700000000})",
                                 R"({"result": "allow", "expire_at": 0})"}) {
    const auto answer = read(body);
    ASSERT_TRUE(answer) << answer.error();
    EXPECT_EQ(answer->finding.verdict, Verdict::refused) << body;
    EXPECT_EQ(answer->finding.reason, ReasonCode::not_authorized) << body;
  }
}

TEST(HookAnswer, NeedsAName) {
  EXPECT_NE(problem(R"({"result": "allow", "user": ""})"), "");
  EXPECT_FALSE(read_hook_answer(200, R"({"result": "allow"})", "", now));
  EXPECT_TRUE(read_hook_answer(200, R"({"result": "allow", "user": "bell"})", "", now));
  EXPECT_NE(problem(R"({"result": "allow", "user": "a\u0000b"})"), "");
  EXPECT_NE(problem(R"({"result": "allow", "user": "a\nb"})"), "");
  const std::string longest(256, 'x');
  EXPECT_EQ(problem(R"({"result": "allow", "user": ")" + longest + "\"}"), "");
  EXPECT_NE(problem(R"({"result": "allow", "user": ")" + longest + "x\"}"), "");
}

TEST(HookAnswer, NamesWhatIsWrong) {
  for (const auto& [body, part] : std::initializer_list<std::pair<const char*, const char*>>{
           {"", "cannot be read"},
           {"allow", "cannot be read"},
           {"<html>", "cannot be read"},
           {R"({"result": "allow"} x)", "cannot be read"},
           {R"({"result": "allow",})", "cannot be read"},
           {R"({"result": "allow", "result": "allow"})", "twice"},
           {R"({"result": "deny", "result": "allow"})", "twice"},
           {R"({"result": "allow", "acl": {"pub": [], "pub": ["#"]}})", "twice"},
           {"\"allow\"", "no JSON object"},
           {"[]", "no JSON object"},
           {"true", "no JSON object"},
           {"{}", "no \"result\""},
           {R"({"user": "anna"})", "no \"result\""},
           {R"({"result": "Allow"})", "\"result\""},
           {R"({"result": true})", "\"result\""},
           {R"({"result": null})", "\"result\""},
           {R"({"Result": "allow"})", "unknown member \"Result\""},
           {R"({"result": "allow", "expire_in": 60})", "unknown member \"expire_in\""},
           {R"({"result": "allow", "user": 1})", "\"user\""},
           {R"({"result": "allow", "user": null})", "\"user\""},
           {R"({"result": "allow", "is_superuser": "false"})", "\"is_superuser\""},
           {R"({"result": "allow", "is_superuser": 0})", "\"is_superuser\""},
           {R"({"result": "allow", "expires_in": "60"})", "\"expires_in\""},
           {R"({"result": "allow", "expires_in": -1})", "\"expires_in\""},
           {R"({"result": "allow", "expires_in": 1e300})", "\"expires_in\""},
           {R"({"result": "allow", "expires_in": 1e999})", "\"expires_in\""},
           {R"({"result": "allow", "expires_in": 315360001})", "\"expires_in\""},
           {R"({"result": "allow", "expires_in": null})", "\"expires_in\""},
           {R"({"result": "allow", "expire_at": 9000000001})", "\"expire_at\""},
           {R"({"result": "allow", "expire_at": 18446744073709551615})", "\"expire_at\""},
           {R"({"result": "allow", "expires_in": 1, "expire_at": 1800000000})", "one of them"},
           {R"({"result": "allow", "cache": 86401})", "\"cache\""},
           {R"({"result": "deny", "cache": true})", "\"cache\""},
           {R"({"result": "allow", "acl": "#"})", "acl"},
           {R"({"result": "allow", "acl": {"pub": "#"}})", "acl.pub"},
           {R"({"result": "allow", "acl": {"publish": ["#"]}})", "acl.publish"},
           {R"({"result": "allow", "roles": "device"})", "roles"},
           {R"({"result": "allow", "roles": ["a\nallow all #"]})", "roles[0]"},
           {R"({"result": "allow", "acl": [[[[[[[[]]]]]]]]})", "too deep"}}) {
    EXPECT_NE(problem(body).find(part), std::string::npos) << body << ": " << problem(body);
  }
}

TEST(HookAnswer, IsNotLongerThanItsLimit) {
  std::string body = R"({"result": "allow"})";
  body.resize(hook_answer_bytes_limit, ' ');
  EXPECT_EQ(problem(body), "");
  EXPECT_NE(problem(body + " "), "");
}

}  // namespace
}  // namespace peal::auth
