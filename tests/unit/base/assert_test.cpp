#include "peal/base/assert.hpp"

#include <gtest/gtest.h>

namespace peal {
namespace {

TEST(Assert, SaysTheBrokenClaimAndEnds) {
  PEAL_ASSERT(1 + 1 == 2);
  EXPECT_DEATH(PEAL_ASSERT(1 + 1 == 3), "internal error: 1 \\+ 1 == 3 .*assert_test\\.cpp");
}

}  // namespace
}  // namespace peal
