#include "peal/auth/ban_list.hpp"

#include <gtest/gtest.h>

namespace peal::auth {
namespace {

using namespace std::chrono_literals;

const auto now = std::chrono::system_clock::now();

Ban ban(BanKind kind, std::string name, std::optional<Ban::Time> until = {}) {
  return {.kind = kind, .name = std::move(name), .until = until, .reason = "why"};
}

TEST(BanList, KnowsAddressesByTheirNetwork) {
  BanList bans;
  EXPECT_TRUE(bans.is_empty());
  EXPECT_TRUE(bans.add(ban(BanKind::address, "192.0.2.7")));
  EXPECT_TRUE(bans.add(ban(BanKind::address, "198.51.100.99/24")));
  EXPECT_TRUE(bans.add(ban(BanKind::address, "2001:DB8::/32")));
  for (const char* inside : {"192.0.2.7:40312", "192.0.2.7", "198.51.100.1:1", "[2001:db8:1::5]:80",
                             "[::ffff:192.0.2.7]:1"}) {
    EXPECT_TRUE(bans.find_address(inside, now)) << inside;
  }
  for (const char* outside : {"192.0.2.8:1", "198.51.101.1:1", "[2001:db9::1]:80", "unix", ""}) {
    EXPECT_FALSE(bans.find_address(outside, now)) << outside;
  }
  EXPECT_TRUE(bans.remove(BanKind::address, "198.51.100.0/24")) << "the same network";
  EXPECT_FALSE(bans.find_address("198.51.100.1:1", now));
  EXPECT_FALSE(bans.remove(BanKind::address, "198.51.100.0/24"));
}

TEST(BanList, RefusesWhatIsNoAddress) {
  BanList bans;
  for (const char* wrong : {"", "x", "192.0.2", "192.0.2.1/33", "192.0.2.1/", "192.0.2.1/-1",
                            "2001:db8::/129", "192.0.2.1/8x", "256.1.1.1"}) {
    EXPECT_FALSE(bans.add(ban(BanKind::address, wrong))) << wrong;
  }
  EXPECT_EQ(normal_network("10.1.2.3/8"), "10.0.0.0/8");
  EXPECT_EQ(normal_network("2001:db8::1/128"), "2001:db8::1");
}

TEST(BanList, EndsInTime) {
  BanList bans;
  EXPECT_TRUE(bans.add(ban(BanKind::client, "a", now + 10s)));
  EXPECT_TRUE(bans.find(BanKind::client, "a", now + 9s));
  EXPECT_FALSE(bans.find(BanKind::user, "a", now));
  EXPECT_FALSE(bans.find(BanKind::client, "a", now + 10s));
  EXPECT_EQ(bans.list(now).size(), 1U);
  EXPECT_TRUE(bans.list(now + 10s).empty());
}

}  // namespace
}  // namespace peal::auth
