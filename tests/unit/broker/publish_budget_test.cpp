#include "peal/broker/publish_budget.hpp"

#include <gtest/gtest.h>

namespace peal::broker {
namespace {

using namespace std::chrono_literals;

constexpr Time begin{1h};

TEST(PublishBudget, AllowsABurstAndThenTheRate) {
  PublishBudget budget(
      {.messages_per_second = 20, .messages_burst = 5, .bytes_per_second = 0, .bytes_burst = 0});
  for (int i = 0; i < 5; ++i) {
    EXPECT_LE(budget.spend(begin, 1000), begin) << i;
  }
  EXPECT_EQ(budget.spend(begin, 1000), begin + 50ms);
  EXPECT_EQ(budget.spend(begin + 50ms, 1000), begin + 100ms);
  EXPECT_LE(budget.spend(begin + 10s, 1000), begin + 10s) << "it was quiet meanwhile";
}

TEST(PublishBudget, CountsBytesByThemselves) {
  PublishBudget budget({.messages_per_second = 0,
                        .messages_burst = 0,
                        .bytes_per_second = 1000,
                        .bytes_burst = 2000});
  EXPECT_LE(budget.spend(begin, 2000), begin);
  EXPECT_EQ(budget.spend(begin, 500), begin + 500ms);
}

TEST(PublishBudget, TakesWhatNobodyMeant) {
  PublishBudget budget({.messages_per_second = 1'000'000'000'000,
                        .messages_burst = 1,
                        .bytes_per_second = 1,
                        .bytes_burst = 1'000'000'000'000});
  EXPECT_LE(budget.spend(begin, 1 << 20), begin);
  PublishBudget none(PublishRate{});
  EXPECT_LE(none.spend(begin, 1 << 20), begin);
}

}  // namespace
}  // namespace peal::broker
