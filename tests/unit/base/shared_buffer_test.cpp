#include "peal/base/shared_buffer.hpp"

#include <gtest/gtest.h>
#include <thread>
#include <utility>
#include <vector>

namespace peal {
namespace {

struct Number : SharedBuffer {
  explicit Number(int number) : value(number) {}
  int value;
};

using NumberRef = SharedRef<Number>;

NumberRef make_number(int value) { return NumberRef::adopt(new Number(value)); }

TEST(SharedRef, IsAsBigAsAPointer) { EXPECT_EQ(sizeof(NumberRef), sizeof(void*)); }

TEST(SharedRef, CopiesHoldTheSame) {
  NumberRef first = make_number(7);
  const NumberRef second = first;
  EXPECT_EQ(first.get(), second.get());
  first = {};
  EXPECT_FALSE(first);
  EXPECT_EQ(second->value, 7);
  EXPECT_EQ((*second).value, 7);
}

TEST(SharedRef, MovesTheHold) {
  NumberRef first = make_number(7);
  const Number* const object = first.get();
  const NumberRef second = std::move(first);
  EXPECT_EQ(second.get(), object);
}

TEST(SharedRef, AssignsToItself) {
  NumberRef first = make_number(7);
  const NumberRef& same = first;
  first = same;
  EXPECT_EQ(first->value, 7);
}

TEST(SharedRef, LeaksAndAdoptsTheSameHold) {
  NumberRef first = make_number(7);
  const Number* const leaked = first.leak();
  EXPECT_FALSE(first);
  const NumberRef again = NumberRef::adopt(leaked);
  EXPECT_EQ(again->value, 7);
}

TEST(SharedRef, SharesAPlainPointer) {
  const NumberRef first = make_number(7);
  {
    const NumberRef second = NumberRef::share(first.get());
    EXPECT_EQ(second->value, 7);
  }
  EXPECT_EQ(first->value, 7);
  EXPECT_FALSE(NumberRef::share(nullptr));
}

TEST(SharedRef, IsHeldByManyThreads) {
  const NumberRef shared = make_number(7);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([held = shared] {
      for (int round = 0; round < 10'000; ++round) {
        const NumberRef copy = held;
        ASSERT_EQ(copy->value, 7);
      }
    });
  }
}

}  // namespace
}  // namespace peal
