#include "peal/base/nearest.hpp"

#include <array>
#include <gtest/gtest.h>

namespace peal {
namespace {

TEST(EditDistance, CountsChanges) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("sub", "sub"), 0u);
  EXPECT_EQ(edit_distance("sub", "pub"), 1u);
  EXPECT_EQ(edit_distance("sub", "subs"), 1u);
  EXPECT_EQ(edit_distance("sbu", "sub"), 1u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

TEST(Nearest, FindsWhatWasMeant) {
  constexpr std::array<std::string_view, 4> words{"serve", "pub", "sub", "bench"};
  EXPECT_EQ(nearest("serv", words), "serve");
  EXPECT_EQ(nearest("srever", words), "serve");
  EXPECT_EQ(nearest("subb", words), "sub");
  EXPECT_EQ(nearest("be", words), "bench");
  EXPECT_EQ(nearest("frobnicate", words), "");
  EXPECT_EQ(nearest("", words), "");
}

}  // namespace
}  // namespace peal
