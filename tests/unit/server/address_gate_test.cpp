// What one address may have: connections at a time, new ones in a second, and what is remembered.
#include "peal/server/address_gate.hpp"

#include <gtest/gtest.h>

namespace peal::server {
namespace {

using Answer = AddressGate::Answer;
using namespace std::chrono_literals;

constexpr AddressGate::Clock::time_point start{1h};

net::Address from(std::string_view text, std::uint16_t port = 4000) {
  return net::Address::parse(text, port).value_or(net::Address{});
}

TEST(AddressGate, CountsConnectionsOfAnAddress) {
  AddressGate gate({.connections = 2, .rate = {}}, 1);
  EXPECT_EQ(gate.enter(from("192.0.2.1"), start), Answer::welcome);
  EXPECT_EQ(gate.enter(from("192.0.2.1", 4001), start), Answer::welcome);
  EXPECT_EQ(gate.enter(from("192.0.2.1", 4002), start), Answer::too_many);
  EXPECT_EQ(gate.enter(from("192.0.2.2"), start), Answer::welcome);
  gate.leave(from("192.0.2.1", 4001));
  EXPECT_EQ(gate.enter(from("192.0.2.1", 4003), start), Answer::welcome);
  EXPECT_EQ(gate.enter(from("192.0.2.1", 4004), start), Answer::too_many);
}

TEST(AddressGate, TakesOtherLimits) {
  AddressGate gate({.connections = 2, .rate = {}}, 1);
  EXPECT_EQ(gate.enter(from("192.0.2.1"), start), Answer::welcome);
  EXPECT_EQ(gate.enter(from("192.0.2.1", 4001), start), Answer::welcome);
  gate.use({.connections = 1, .rate = {}});
  gate.leave(from("192.0.2.1", 4001));
  EXPECT_EQ(gate.enter(from("192.0.2.1", 4002), start), Answer::too_many);
  gate.use({});
  EXPECT_EQ(gate.enter(from("192.0.2.1", 4002), start), Answer::welcome);
}

TEST(AddressGate, CountsIPv6BySite) {
  AddressGate gate({.connections = 1, .rate = {}}, 1);
  EXPECT_EQ(gate.enter(from("2001:db8:0:1::1"), start), Answer::welcome);
  EXPECT_EQ(gate.enter(from("2001:db8:0:1:ffff::2"), start), Answer::too_many);
  EXPECT_EQ(gate.enter(from("2001:db8:0:2::1"), start), Answer::welcome);
  // IPv4 by itself, also when it came over IPv6.
  EXPECT_EQ(gate.enter(from("::ffff:192.0.2.1"), start), Answer::welcome);
  EXPECT_EQ(gate.enter(from("192.0.2.1"), start), Answer::too_many);
  EXPECT_EQ(gate.enter(from("192.0.2.2"), start), Answer::welcome);
  // An address that begins with the same four bytes as the site above.
  EXPECT_EQ(gate.enter(from("32.1.13.184"), start), Answer::welcome);
}

TEST(AddressGate, LetsABurstInAndThenSoManyASecond) {
  AddressGate gate({.rate = {.per_second = 10, .burst = 3}}, 1);
  const auto several = [&](AddressGate::Clock::time_point now) {
    int welcome = 0;
    while (welcome < 100 && gate.enter(from("192.0.2.1"), now) == Answer::welcome) {
      ++welcome;
    }
    return welcome;
  };
  EXPECT_EQ(several(start), 3);
  EXPECT_EQ(several(start + 50ms), 0);
  EXPECT_EQ(several(start + 100ms), 1);
  EXPECT_EQ(several(start + 300ms), 2);
  EXPECT_EQ(several(start + 1h), 3);
  EXPECT_EQ(gate.enter(from("192.0.2.2"), start), Answer::welcome);
}

TEST(AddressGate, WhoIsRefusedTakesNoPlace) {
  AddressGate gate({.connections = 1, .rate = {.per_second = 1, .burst = 2}}, 1);
  EXPECT_EQ(gate.enter(from("192.0.2.1"), start), Answer::welcome);
  EXPECT_EQ(gate.enter(from("192.0.2.1"), start), Answer::too_many);
  gate.leave(from("192.0.2.1"));
  EXPECT_EQ(gate.enter(from("192.0.2.1"), start), Answer::welcome);
  gate.leave(from("192.0.2.1"));
  EXPECT_EQ(gate.enter(from("192.0.2.1"), start), Answer::too_fast);
  EXPECT_EQ(gate.enter(from("192.0.2.1"), start + 1s), Answer::welcome);
}

TEST(AddressGate, ForgetsWhoWasHereLongestAgo) {
  AddressGate gate({.rate = {.per_second = 1, .burst = 1}}, 1, 4);
  const net::Address staying = from("198.51.100.1");
  EXPECT_EQ(gate.enter(staying, start), Answer::welcome);
  for (int i = 0; i < 100; ++i) {
    const net::Address passing = from("192.0.2." + std::to_string(i));
    EXPECT_EQ(gate.enter(passing, start), Answer::welcome);
    gate.leave(passing);
  }
  EXPECT_EQ(gate.known(), 5U);  // four that left, and the one with a connection
  EXPECT_EQ(gate.enter(staying, start), Answer::too_fast);
  EXPECT_EQ(gate.enter(from("192.0.2.99"), start), Answer::too_fast);
  EXPECT_EQ(gate.enter(from("192.0.2.0"), start), Answer::welcome);  // forgotten
}

}  // namespace
}  // namespace peal::server
