// Networks, and which addresses are theirs.
#include "peal/net/network.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace peal::net {
namespace {

TEST(Network, table) {
  struct Case {
    std::string network;
    std::string address;
    bool is_inside;
  };
  for (const Case& c : std::vector<Case>{{"10.0.0.0/8", "10.255.0.1", true},
                                         {"10.0.0.0/8", "11.0.0.1", false},
                                         {"10.1.2.3/8", "10.9.9.9", true},
                                         {"192.0.2.64/26", "192.0.2.127", true},
                                         {"192.0.2.64/26", "192.0.2.128", false},
                                         {"192.0.2.1", "192.0.2.1", true},
                                         {"192.0.2.1", "192.0.2.2", false},
                                         {"192.0.2.1", "::ffff:192.0.2.1", true},
                                         {"::ffff:192.0.2.1", "192.0.2.1", true},
                                         {"0.0.0.0/0", "203.0.113.9", true},
                                         {"0.0.0.0/0", "2001:db8::1", false},
                                         {"::/0", "192.0.2.1", false},
                                         {"::/0", "2001:db8::1", true},
                                         {"2001:db8::/32", "2001:db8:1::1", true},
                                         {"2001:db8::/33", "2001:db8:8000::1", false},
                                         {"::1", "::1", true},
                                         {"::1/127", "::", true}}) {
    const auto network = Network::parse(c.network);
    ASSERT_TRUE(network) << c.network;
    EXPECT_EQ(network->contains(*Address::parse(c.address, 1)), c.is_inside)
        << c.network << " " << c.address;
  }
}

TEST(Network, refuses) {
  for (const std::string text : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8 ",
                                 " 10.0.0.0/8", "10.0.0/8", "::1/129", "::ffff:10.0.0.0/104",
                                 "localhost", "unix", "10.0.0.0/8/8", "10.0.0.0/0x8"}) {
    EXPECT_FALSE(Network::parse(text)) << text;
  }
  EXPECT_FALSE(Network::parse(std::string("10.0.0.1\0", 9)));
}

TEST(Network, holds_nothing_but_addresses) {
  const std::vector<Network> all{*Network::parse("0.0.0.0/0"), *Network::parse("::/0")};
  EXPECT_FALSE(contains(all, Address::local()));
  EXPECT_FALSE(contains(all, Address{}));
  EXPECT_TRUE(contains(all, *Address::parse("192.0.2.1", 1)));
  EXPECT_FALSE(contains({}, *Address::parse("192.0.2.1", 1)));
}

}  // namespace
}  // namespace peal::net
