// The sessions of each user, counted.
#include "peal/server/user_session_counts.hpp"

#include <gtest/gtest.h>

namespace peal::server {
namespace {

TEST(UserSessionCounts, LimitsEachUser) {
  UserSessionCounts counts(2);
  EXPECT_TRUE(counts.add("alice", true));
  EXPECT_TRUE(counts.add("alice", true));
  EXPECT_FALSE(counts.add("alice", true));
  EXPECT_TRUE(counts.add("bob", true));
  counts.remove("alice");
  EXPECT_TRUE(counts.add("alice", true));
  EXPECT_FALSE(counts.add("alice", true));
}

TEST(UserSessionCounts, CountsBeyondTheLimitWhatIsThereAnyway) {
  UserSessionCounts counts(1);
  EXPECT_TRUE(counts.add("alice", false));
  EXPECT_TRUE(counts.add("alice", false));
  counts.remove("alice");
  EXPECT_FALSE(counts.add("alice", true));
  counts.remove("alice");
  EXPECT_TRUE(counts.add("alice", true));
}

}  // namespace
}  // namespace peal::server
