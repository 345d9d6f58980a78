#include "peal/broker/session_table.hpp"

#include <gtest/gtest.h>
#include <set>

#include "peal/broker/absence.hpp"
#include "peal/broker/space.hpp"

namespace peal::broker {
namespace {

class SessionTableTest : public testing::Test {
 protected:
  Space one_{NamespaceId{1}, 7};
  Space two_{NamespaceId{2}, 7};
  SessionTable table_{7};
};

TEST_F(SessionTableTest, FindsSessionsByNameWithinTheirNamespace) {  // [MQTT-3.1.3-2]
  Session& in_one = table_.create(one_, "client");
  EXPECT_EQ(table_.find(one_, "client"), &in_one);
  EXPECT_EQ(table_.find(two_, "client"), nullptr);
  Session& in_two = table_.create(two_, "client");
  EXPECT_EQ(table_.find(two_, "client"), &in_two);
  EXPECT_NE(in_one.publisher(), in_two.publisher());
  EXPECT_EQ(table_.size(), 2);
}

TEST_F(SessionTableTest, DoesNotMistakeASuccessorForASessionThatEnded) {
  Session& first = table_.create(one_, "first");
  const SessionHandle handle = first.handle();
  EXPECT_EQ(table_.find(handle), &first);
  table_.erase(first);
  EXPECT_EQ(table_.find(handle), nullptr);
  Session& second = table_.create(one_, "second");
  EXPECT_EQ(second.handle().slot, handle.slot);
  EXPECT_EQ(table_.find(handle), nullptr);
  EXPECT_EQ(table_.find(SessionHandle{99, 0}), nullptr);
}

TEST_F(SessionTableTest, VisitsAllAndLetsThemBeErased) {
  for (int i = 0; i < 100; ++i) {
    table_.create(one_, std::to_string(i));
  }
  std::set<std::string> seen;
  table_.for_each([&](Session& session) {
    seen.insert(session.client_id());
    table_.erase(session);
  });
  EXPECT_EQ(seen.size(), 100);
  EXPECT_EQ(table_.size(), 0);
}

}  // namespace
}  // namespace peal::broker
