#include "peal/broker/session.hpp"

#include <array>
#include <gtest/gtest.h>

#include "peal/broker/absence.hpp"
#include "peal/broker/space.hpp"

namespace peal::broker {
namespace {

TEST(SessionTest, RemembersWhichQos2MessagesAreOpen) {  // [MQTT-4.3.3-10]
  Space space(NamespaceId{0}, 1);
  Session session({0, 0}, space, "client", PublisherId{1});
  EXPECT_FALSE(session.is_unreleased(mqtt::PacketId{3}));
  EXPECT_FALSE(session.release(mqtt::PacketId{3}));
  for (const auto id : std::to_array<std::uint16_t>({3, 1, 65535, 2})) {
    session.add_unreleased(mqtt::PacketId{id});
  }
  EXPECT_EQ(session.unreleased_count(), 4);
  EXPECT_TRUE(session.release(mqtt::PacketId{3}));
  EXPECT_FALSE(session.is_unreleased(mqtt::PacketId{3}));
  EXPECT_TRUE(session.is_unreleased(mqtt::PacketId{65535}));
}

}  // namespace
}  // namespace peal::broker
