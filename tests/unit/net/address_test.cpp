// Addresses as small values.
#include "peal/net/address.hpp"

#include <gtest/gtest.h>

namespace peal::net {
namespace {

TEST(Address, is_small) { EXPECT_LE(sizeof(Address), 20U); }

TEST(Address, reads_and_writes_texts) {
  for (const char* text : {"127.0.0.1", "192.0.2.255", "::1", "2001:db8::1", "fe80::1:2"}) {
    const auto address = Address::parse(text, 1883);
    ASSERT_TRUE(address.has_value()) << text;
    EXPECT_EQ(address->text(), text);
    EXPECT_EQ(address->port(), 1883);
  }
  for (const char* text : {"", "localhost", "1.2.3", "1.2.3.4.5", "256.1.1.1", ":::", "[::1]"}) {
    EXPECT_FALSE(Address::parse(text, 0).has_value()) << text;
  }
  for (const std::string_view text :
       {std::string_view("10.0.0.1\0", 9), std::string_view("::1\0.example", 12)}) {
    EXPECT_FALSE(Address::parse(text, 0).has_value()) << text;
  }
  EXPECT_EQ(Address::parse("::1", 1)->text_with_port(), "[::1]:1");
  EXPECT_EQ(Address::parse("10.0.0.1", 2)->text_with_port(), "10.0.0.1:2");
  EXPECT_EQ(Address::local().text_with_port(), "unix");
  EXPECT_EQ(Address().text(), "");
}

TEST(Address, knows_loopback) {
  for (const char* text : {"127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(Address::parse(text, 0)->is_loopback()) << text;
  }
  for (const char* text : {"128.0.0.1", "::2", "1::1", "0.0.0.0", "::", "::ffff:10.0.0.1"}) {
    EXPECT_FALSE(Address::parse(text, 0)->is_loopback()) << text;
  }
  EXPECT_TRUE(Address::local().is_loopback());
  EXPECT_FALSE(Address().is_loopback());
}

TEST(Address, shows_mapped_ipv4_as_what_it_is) {
  EXPECT_EQ(Address::parse("::ffff:192.0.2.1", 0)->text(), "192.0.2.1");
  EXPECT_EQ(*Address::parse("::ffff:192.0.2.1", 7), *Address::parse("192.0.2.1", 7));
}

}  // namespace
}  // namespace peal::net
