#include "peal/mqtt/packet_type.hpp"

#include <gtest/gtest.h>
#include <set>

namespace peal::mqtt {
namespace {

TEST(PacketType, EveryTypeHasAName) {
  std::set<std::string_view> names;
  for (unsigned type = 1; type <= 15; ++type) {
    names.insert(packet_name(static_cast<PacketType>(type)));
  }
  EXPECT_EQ(names.size(), 15U);
  EXPECT_EQ(packet_name(PacketType::publish), "PUBLISH");
  EXPECT_EQ(packet_name(PacketType::unsuback), "UNSUBACK");
  EXPECT_EQ(packet_name(PacketType::auth), "AUTH");
}

}  // namespace
}  // namespace peal::mqtt
