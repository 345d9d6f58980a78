#include "peal/auth/jwt_source.hpp"

#include <gtest/gtest.h>
#include <thread>
#include <vector>

#include "support/token_cases.hpp"

namespace peal::auth {
namespace {

using namespace std::chrono_literals;
using mqtt::ReasonCode;

class LastEvent final : public broker::Log {
 public:
  [[nodiscard]] bool wants(broker::LogLevel /*level*/) const override { return true; }
  void write(const broker::LogEvent& event) override {
    const std::scoped_lock lock(mutex_);
    detail_ = event.detail;
  }
  std::string take() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(detail_, {});
  }

 private:
  std::mutex mutex_;
  std::string detail_;
};

std::chrono::system_clock::time_point fixed_now() {
  return std::chrono::system_clock::time_point(1'800'000'000s);
}

std::shared_ptr<const JsonWebKeys> keys_of(std::string_view key) {
  return std::make_shared<const JsonWebKeys>(*JsonWebKeys::parse(test::key_set({key})));
}

class JwtSourceTest : public testing::Test {
 protected:
  static Finding ask(JwtSource& source, std::optional<std::string> user,
                     std::optional<std::string> password) {
    auto who = std::make_shared<Credentials>();
    who->user_name = std::move(user);
    who->password = std::move(password);
    bool is_called = false;
    auto finding = source.identify(who, std::make_shared<std::atomic<bool>>(false),
                                   [&is_called](const Finding&) { is_called = true; });
    EXPECT_FALSE(is_called);
    EXPECT_TRUE(finding.has_value());
    return finding ? std::move(*finding) : Finding{};
  }

  LastEvent log_;
  JwtSource source_{{}, log_, &fixed_now};
  std::string token_ = test::token_with(R"({"sub":"me","exp":1800000010,"acl":{"all":["x"]}})");
};

TEST_F(JwtSourceTest, TakesATokenForAPassword) {
  source_.use(keys_of(test::shared_key));
  for (const std::optional<std::string>& user :
       {std::optional<std::string>(), std::optional<std::string>("somebody")}) {
    const Finding finding = ask(source_, user, token_);
    EXPECT_EQ(finding.verdict, Verdict::accepted);
    EXPECT_EQ(finding.identity.user, "me");
    EXPECT_EQ(finding.identity.grants, "allow all x\n");
    EXPECT_EQ(finding.identity.expires, fixed_now() + 40s);
  }
  EXPECT_EQ(log_.take(), "");
}

TEST_F(JwtSourceTest, LeavesPasswordsToOthers) {
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(ask(source_, "me", "secret").verdict, Verdict::not_mine);
    EXPECT_EQ(ask(source_, "me", "").verdict, Verdict::not_mine);
    EXPECT_EQ(ask(source_, "me", std::nullopt).verdict, Verdict::not_mine);
    EXPECT_EQ(ask(source_, token_, std::nullopt).verdict, Verdict::not_mine);
    source_.use(keys_of(test::shared_key));
  }
  EXPECT_EQ(log_.take(), "");
}

TEST_F(JwtSourceTest, RefusesAndSaysWhyToTheLog) {
  source_.use(keys_of(test::shared_key));
  const Finding finding = ask(source_, "me", test::token_with(R"({"sub":"me","exp":1})"));
  EXPECT_EQ(finding.verdict, Verdict::refused);
  EXPECT_EQ(finding.reason, ReasonCode::bad_user_name_or_password);
  EXPECT_EQ(log_.take(), "it has expired");
}

TEST_F(JwtSourceTest, WithoutKeysNobodyIsLetIn) {
  Finding finding = ask(source_, "me", token_);
  EXPECT_EQ(finding.verdict, Verdict::refused);
  EXPECT_EQ(finding.reason, ReasonCode::server_unavailable);
  EXPECT_EQ(log_.take(), "there are no keys yet");
}

TEST_F(JwtSourceTest, UsesOtherKeysFromThenOn) {
  source_.use(keys_of(test::shared_key));
  EXPECT_EQ(ask(source_, "me", token_).verdict, Verdict::accepted);
  source_.use(keys_of(test::hs256_token.key));
  EXPECT_EQ(ask(source_, "me", token_).verdict, Verdict::refused);
  EXPECT_EQ(log_.take(), "its signature is wrong");
  source_.use(keys_of(test::es256_token.key));
  EXPECT_EQ(ask(source_, "me", token_).verdict, Verdict::refused);
  EXPECT_EQ(log_.take(), "there is no key for its alg and kid");
}

TEST_F(JwtSourceTest, TheUserNameMayHaveToBeTheSame) {
  JwtSource source({.token = {}, .must_match_user_name = true}, log_, &fixed_now);
  source.use(keys_of(test::shared_key));
  EXPECT_EQ(ask(source, "me", token_).verdict, Verdict::accepted);
  for (const std::optional<std::string>& other :
       {std::optional<std::string>(), std::optional<std::string>(""),
        std::optional<std::string>("Me"), std::optional<std::string>(std::string("me\0", 3))}) {
    EXPECT_EQ(ask(source, other, token_).verdict, Verdict::refused);
    EXPECT_EQ(log_.take(), "the user name of CONNECT is not the token's");
  }
}

TEST_F(JwtSourceTest, AsksTheRealClock) {
  JwtSource source({}, log_);
  source.use(keys_of(test::shared_key));
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(
                           std::chrono::system_clock::now().time_since_epoch())
                           .count();
  const auto token_until = [](std::int64_t end) {
    return test::token_with(R"({"sub":"me","exp":)" + std::to_string(end) + "}");
  };
  EXPECT_EQ(ask(source, {}, token_until(seconds + 3600)).verdict, Verdict::accepted);
  EXPECT_EQ(ask(source, {}, token_until(seconds - 3600)).verdict, Verdict::refused);
}

TEST_F(JwtSourceTest, AnswersThreadsWhileKeysChange) {
  source_.use(keys_of(test::shared_key));
  std::atomic<int> accepted = 0;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 2; ++thread) {
      threads.emplace_back([this, &accepted] {
        for (int count = 0; count < 200; ++count) {
          accepted += ask(source_, {}, token_).verdict == Verdict::accepted ? 1 : 0;
        }
      });
    }
    for (int count = 0; count < 50; ++count) {
      source_.use(keys_of(test::shared_key));
    }
  }
  EXPECT_EQ(accepted, 400);
}

}  // namespace
}  // namespace peal::auth
