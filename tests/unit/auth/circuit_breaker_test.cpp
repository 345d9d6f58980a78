// When a service that did not answer is asked again.
#include "peal/auth/circuit_breaker.hpp"

#include <gtest/gtest.h>

namespace peal::auth {
namespace {

using namespace std::chrono_literals;
using Leave = CircuitBreaker::Leave;
using Change = CircuitBreaker::Change;

class CircuitBreakerTest : public testing::Test {
 protected:
  /// Opens at `now_`.
  void open() {
    EXPECT_EQ(breaker_.failed(Leave::question, now_), Change::none);
    EXPECT_EQ(breaker_.failed(Leave::question, now_), Change::none);
    EXPECT_EQ(breaker_.failed(Leave::question, now_), Change::opened);
    EXPECT_FALSE(breaker_.is_closed());
  }

  CircuitBreaker breaker_{{.failures = 3, .open_for = 10s}};
  CircuitBreaker::Clock::time_point now_{1h};
};

TEST_F(CircuitBreakerTest, OpensAfterFailuresInARow) {
  EXPECT_EQ(breaker_.ask(now_), Leave::question);
  EXPECT_EQ(breaker_.failed(Leave::question, now_), Change::none);
  EXPECT_EQ(breaker_.failed(Leave::question, now_), Change::none);
  EXPECT_EQ(breaker_.succeeded(Leave::question), Change::none) << "they begin anew";
  open();
  EXPECT_EQ(breaker_.ask(now_), Leave::refused);
  EXPECT_EQ(breaker_.ask(now_ + 9'999ms), Leave::refused);
}

TEST_F(CircuitBreakerTest, SendsOneProbeAndClosesWithIt) {
  open();
  EXPECT_EQ(breaker_.ask(now_ + 10s), Leave::probe);
  EXPECT_EQ(breaker_.ask(now_ + 10s), Leave::refused);
  EXPECT_EQ(breaker_.ask(now_ + 1h), Leave::refused) << "the probe is on its way";
  EXPECT_EQ(breaker_.succeeded(Leave::probe), Change::closed);
  EXPECT_TRUE(breaker_.is_closed());
  EXPECT_EQ(breaker_.ask(now_ + 11s), Leave::question);
  open();
}

TEST_F(CircuitBreakerTest, OpensAgainWithAFailedProbe) {
  open();
  EXPECT_EQ(breaker_.ask(now_ + 10s), Leave::probe);
  EXPECT_EQ(breaker_.failed(Leave::probe, now_ + 12s), Change::none);
  EXPECT_EQ(breaker_.ask(now_ + 21s), Leave::refused);
  EXPECT_EQ(breaker_.ask(now_ + 22s), Leave::probe);
}

TEST_F(CircuitBreakerTest, SendsAnotherProbeForOneThatSaidNothing) {
  open();
  EXPECT_EQ(breaker_.ask(now_ + 10s), Leave::probe);
  breaker_.unsaid(Leave::probe);
  EXPECT_EQ(breaker_.ask(now_ + 10s), Leave::probe);
  breaker_.unsaid(Leave::question);
  EXPECT_EQ(breaker_.ask(now_ + 10s), Leave::refused);
}

TEST_F(CircuitBreakerTest, IsNotMovedByWhatWasAskedBefore) {
  open();
  EXPECT_EQ(breaker_.succeeded(Leave::question), Change::none);
  EXPECT_EQ(breaker_.failed(Leave::question, now_ + 9s), Change::none);
  EXPECT_EQ(breaker_.ask(now_ + 9s), Leave::refused);
  EXPECT_EQ(breaker_.ask(now_ + 10s), Leave::probe) << "no later for the failure in between";
}

}  // namespace
}  // namespace peal::auth
