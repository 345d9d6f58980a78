#include "peal/base/timer_wheel.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <memory>
#include <random>
#include <vector>

namespace peal {
namespace {

using namespace std::chrono_literals;

constexpr Time start{std::chrono::hours(50)};

struct Alarm final : TimerTarget {
  explicit Alarm(std::vector<Alarm*>& fired_list) : fired(fired_list), timer(*this) {}
  void on_timer(Timer&) override { fired.push_back(this); }
  std::vector<Alarm*>& fired;
  Timer timer;
};

TEST(TimerWheelTest, FiresWhenDueAndNotBefore) {
  std::vector<Alarm*> fired;
  TimerWheel wheel(start);
  Alarm alarm(fired);
  for (const Duration wait : {1ms, 63ms, 64ms, 4096ms, 4097ms, 262'144ms, 100'000'000ms}) {
    const Time now = wheel.next_due().value_or(start);
    (void)now;
    TimerWheel other(start);
    other.arm(alarm.timer, start + wait);
    other.advance(start + wait - 1ms);
    EXPECT_TRUE(fired.empty()) << wait.count();
    EXPECT_TRUE(alarm.timer.is_armed());
    other.advance(start + wait);
    EXPECT_EQ(fired.size(), 1) << wait.count();
    EXPECT_FALSE(alarm.timer.is_armed());
    fired.clear();
  }
}

TEST(TimerWheelTest, FiresThePastAtTheNextAdvance) {
  std::vector<Alarm*> fired;
  TimerWheel wheel(start);
  Alarm alarm(fired);
  wheel.arm(alarm.timer, start - 5s);
  wheel.advance(start);
  EXPECT_TRUE(fired.empty());
  wheel.advance(start + 1ms);
  EXPECT_EQ(fired.size(), 1);
}

TEST(TimerWheelTest, ForgetsTimersThatGo) {
  std::vector<Alarm*> fired;
  TimerWheel wheel(start);
  {
    Alarm alarm(fired);
    wheel.arm(alarm.timer, start + 10ms);
  }
  Alarm cancelled(fired);
  wheel.arm(cancelled.timer, start + 10ms);
  cancelled.timer.cancel();
  wheel.advance(start + 1s);
  EXPECT_TRUE(fired.empty());
}

struct Periodic final : TimerTarget {
  explicit Periodic(TimerWheel& its_wheel) : wheel(its_wheel), timer(*this) {}
  void on_timer(Timer& its) override {
    ++count;
    wheel.arm(its, its.due() + 10ms);
  }
  TimerWheel& wheel;
  Timer timer;
  int count = 0;
};

TEST(TimerWheelTest, MayBeArmedAgainWhileFiring) {
  TimerWheel wheel(start);
  Periodic periodic(wheel);
  wheel.arm(periodic.timer, start + 10ms);
  wheel.advance(start + 1s);
  EXPECT_EQ(periodic.count, 100);
}

/// What one step of the model says: everything due at `now`, and nothing else, in order of time.
void advance_and_compare(TimerWheel& wheel, std::vector<std::unique_ptr<Alarm>>& alarms,
                         std::vector<Time>& due, std::vector<Alarm*>& fired, Time now) {
  wheel.advance(now);
  Time last = Time::min();
  for (Alarm* alarm : fired) {
    const auto index = static_cast<std::size_t>(
        std::ranges::find(alarms, alarm, &std::unique_ptr<Alarm>::get) - alarms.begin());
    ASSERT_LE(due[index], now);
    ASSERT_GE(due[index], last);
    last = due[index];
    due[index] = Time::max();
  }
  fired.clear();
  for (std::size_t i = 0; i < alarms.size(); ++i) {
    ASSERT_GT(due[i], now) << "not fired";
    ASSERT_EQ(alarms[i]->timer.is_armed(), due[i] != Time::max());
  }
  const auto earliest = *std::ranges::min_element(due);
  if (earliest != Time::max()) {
    ASSERT_TRUE(wheel.next_due());
    ASSERT_LE(*wheel.next_due(), earliest);
    ASSERT_GT(*wheel.next_due(), now);
  }
}

class TimerWheelModelTest : public testing::TestWithParam<unsigned> {};
INSTANTIATE_TEST_SUITE_P(Seeds, TimerWheelModelTest, testing::Range(1U, 13U));

TEST_P(TimerWheelModelTest, FiresWhatItsModelFires) {
  std::mt19937_64 random(GetParam());
  // From just before a turn of the last level, too.
  Time now = GetParam() % 2 == 0 ? start : Time(Duration((1LL << 30) - 5000));
  TimerWheel wheel(now);
  std::vector<Alarm*> fired;
  std::vector<std::unique_ptr<Alarm>> alarms;
  for (int i = 0; i < 40; ++i) {
    alarms.push_back(std::make_unique<Alarm>(fired));
  }
  std::vector<Time> due(alarms.size(), Time::max());
  const std::int64_t reaches[] = {10, 100, 5000, 300'000, 20'000'000, 2'000'000'000};
  auto wait = [&] {
    return Duration(1 + static_cast<std::int64_t>(random()) % reaches[random() % 6]);
  };
  for (int step = 0; step < 4000; ++step) {
    const std::size_t index = random() % alarms.size();
    if (random() % 4 == 0) {
      alarms[index]->timer.cancel();
      due[index] = Time::max();
    } else {
      due[index] = now + Duration(1 + std::abs(wait().count()));
      wheel.arm(alarms[index]->timer, due[index]);
    }
    if (random() % 3 == 0) {
      const auto next = wheel.next_due();
      now =
          random() % 2 == 0 && next ? *next : now + Duration(std::abs(wait().count()) % 3'000'000);
      advance_and_compare(wheel, alarms, due, fired, now);
      if (HasFatalFailure()) {
        return;
      }
    }
  }
}

TEST(TimerWheelTest, IsNotLateAtTheTurnOfItsLastLevel) {
  const Time before(Duration((1LL << 30) - 1000));
  TimerWheel wheel(before);
  std::vector<Alarm*> fired;
  Alarm alarm(fired);
  wheel.arm(alarm.timer, before + 5s);
  for (Time now = before; fired.empty(); wheel.advance(now)) {
    ASSERT_TRUE(wheel.next_due());
    now = *wheel.next_due();
    ASSERT_LE(now, before + 5s);
  }
}

}  // namespace
}  // namespace peal
