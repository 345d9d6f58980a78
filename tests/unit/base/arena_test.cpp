#include "peal/base/arena.hpp"

#include <cstring>
#include <gtest/gtest.h>

namespace peal {
namespace {

TEST(Arena, TakesStandSideBySideInOneChunk) {
  Arena arena(64);
  const MutableBytes first = arena.take(10);
  const MutableBytes second = arena.take(20);
  EXPECT_EQ(first.data() + first.size(), second.data());
  EXPECT_EQ(arena.used(), 30U);
}

TEST(Arena, GrowsWhenTheChunkIsFull) {
  Arena arena(64);
  const MutableBytes first = arena.take(60);
  std::memset(first.data(), 1, first.size());
  const MutableBytes second = arena.take(60);
  std::memset(second.data(), 2, second.size());
  EXPECT_EQ(first[59], 1);
  EXPECT_EQ(second[0], 2);
  EXPECT_EQ(arena.used(), 120U);
}

TEST(Arena, GivesWhatIsLargerThanAChunk) {
  Arena arena(64);
  const MutableBytes small = arena.take(10);
  const MutableBytes large = arena.take(1000);
  std::memset(large.data(), 3, large.size());
  const MutableBytes next = arena.take(10);
  EXPECT_EQ(small.data() + small.size(), next.data());  // the chunk in use goes on being filled
  EXPECT_EQ(arena.used(), 1020U);
}

TEST(Arena, TakesBackTheTailOfTheLastTake) {
  Arena arena(64);
  const MutableBytes first = arena.take(40);
  arena.shrink_last(first, 5);
  EXPECT_EQ(arena.used(), 5U);
  EXPECT_EQ(arena.take(10).data(), first.data() + 5);
  arena.shrink_last(first, 1);  // no longer the last: left as it is
  EXPECT_EQ(arena.used(), 15U);
}

TEST(Arena, ResetBeginsAtTheSameBytesAgain) {
  Arena arena(64);
  const std::uint8_t* const begin = arena.take(10).data();
  static_cast<void>(arena.take(100));
  arena.reset();
  EXPECT_EQ(arena.used(), 0U);
  EXPECT_EQ(arena.take(64).data(), begin);
}

TEST(Arena, NothingIsTakenToo) {
  Arena arena(64);
  EXPECT_TRUE(arena.take(0).empty());
  EXPECT_EQ(arena.take(64).size(), 64U);
  EXPECT_TRUE(arena.take(0).empty());
}

}  // namespace
}  // namespace peal
