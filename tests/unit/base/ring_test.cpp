#include "peal/base/ring.hpp"

#include <deque>
#include <gtest/gtest.h>
#include <random>

namespace peal {
namespace {

TEST(RingTest, HoldsWhatADequeHolds) {
  std::mt19937 random(1);
  Ring<std::uint64_t> ring;
  std::deque<std::uint64_t> model;
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    const bool is_growing = (i / 1000) % 2 == 0;
    if (random() % 10 < (is_growing ? 6U : 4U)) {
      ring.push_back(i);
      model.push_back(i);
    } else if (!model.empty()) {
      ASSERT_EQ(ring.pop_front(), model.front());
      model.pop_front();
    }
    ASSERT_EQ(ring.size(), model.size());
    if (!model.empty()) {
      const auto index = static_cast<std::uint32_t>(random() % model.size());
      ASSERT_EQ(ring[index], model[index]);
      ASSERT_EQ(ring.front(), model.front());
      ASSERT_EQ(ring.back(), model.back());
    }
  }
}

TEST(RingTest, MovesAsAWhole) {
  Ring<int> from;
  from.push_back(1);
  from.push_back(2);
  Ring<int> to = std::move(from);
  EXPECT_EQ(to.size(), 2);
  EXPECT_EQ(to.pop_front(), 1);
  Ring<int> other;
  other = std::move(to);
  EXPECT_EQ(other.pop_front(), 2);
  EXPECT_TRUE(other.empty());
}

TEST(RingTest, GivesItsBlockBackWhenEmpty) {
  Ring<int> ring;
  static_assert(sizeof(ring) == 16);
  for (int i = 0; i < 5; ++i) {
    ring.push_back(i);
  }
  ring.clear();
  EXPECT_TRUE(ring.empty());
  ring.push_back(7);
  EXPECT_EQ(ring.front(), 7);
}

}  // namespace
}  // namespace peal
