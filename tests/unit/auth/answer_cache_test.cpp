// Answers that hold for a while: how long, how many, and by what they are known.
#include "peal/auth/answer_cache.hpp"

#include <gtest/gtest.h>
#include <string>

namespace peal::auth {
namespace {

using namespace std::chrono_literals;

Finding accepted(std::string user, std::string grants = {}) {
  return {
      .verdict = Verdict::accepted,
      .reason = {},
      .identity = {.user = std::move(user), .grants = std::move(grants), .expires = std::nullopt}};
}

constexpr AnswerCache::Clock::time_point now{1h};

TEST(AnswerCache, KnowsUntilItsTimeIsOver) {
  AnswerCache cache(100'000);
  const auto anna = cache.digest("anna");
  EXPECT_FALSE(cache.find(anna, now));
  cache.remember(anna, accepted("anna", "allow all #\n"), now + 10s);
  const auto found = cache.find(anna, now + 9s);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->verdict, Verdict::accepted);
  EXPECT_EQ(found->identity.user, "anna");
  EXPECT_EQ(found->identity.grants, "allow all #\n");
  EXPECT_FALSE(cache.find(anna, now + 10s));
  EXPECT_FALSE(cache.find(cache.digest("ann"), now));
}

TEST(AnswerCache, TakesTheNewerAnswer) {
  AnswerCache cache(100'000);
  const auto anna = cache.digest("anna");
  cache.remember(anna, accepted("anna"), now + 10s);
  cache.remember(anna, {.verdict = Verdict::refused, .reason = {}, .identity = {}}, now + 20s);
  const auto found = cache.find(anna, now + 15s);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->verdict, Verdict::refused);
}

TEST(AnswerCache, HasAKeyOfItsOwn) {
  EXPECT_NE(AnswerCache(1).digest("anna"), AnswerCache(1).digest("anna"));
}

TEST(AnswerCache, IsBoundedInBytes) {
  AnswerCache cache(10'000);
  const std::string grants(500, 'x');
  for (int i = 0; i < 1'000; ++i) {
    cache.remember(cache.digest(std::to_string(i)), accepted("anna", grants), now + 1h);
  }
  int known = 0;
  for (int i = 0; i < 1'000; ++i) {
    known += cache.find(cache.digest(std::to_string(i)), now) ? 1 : 0;
  }
  EXPECT_GE(known, 6) << "half of what fits";
  EXPECT_LE(known, 13);
  EXPECT_TRUE(cache.find(cache.digest("999"), now));
  cache.remember(cache.digest("big"), accepted("anna", std::string(5'000, 'x')), now + 1h);
  EXPECT_FALSE(cache.find(cache.digest("big"), now));
  EXPECT_TRUE(cache.find(cache.digest("999"), now)) << "nothing went for it";
}

}  // namespace
}  // namespace peal::auth
