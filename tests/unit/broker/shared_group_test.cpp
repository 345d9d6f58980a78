#include "peal/broker/shared_group.hpp"

#include <gtest/gtest.h>

namespace peal::broker {
namespace {

using mqtt::QoS;

mail::Member at(std::uint32_t slot) { return {WorkerIndex{0}, {slot, 0}}; }

SharedGroup group_of(std::uint32_t members, QoS qos = QoS::at_least_once) {
  SharedGroup group("g", NamespaceId{0}, NodeId::root, 1);
  for (std::uint32_t i = 0; i < members; ++i) {
    group.join({.at = at(i), .qos = qos});
  }
  return group;
}

std::uint32_t chosen(SharedGroup& group, SharedChoice choice) {
  return group.choose(choice, QoS::at_least_once, {})->at.session.slot;
}

TEST(SharedGroupTest, TakesTurns) {
  SharedGroup group = group_of(3);
  std::vector<std::uint32_t> order;
  for (int i = 0; i < 6; ++i) {
    order.push_back(chosen(group, SharedChoice::round_robin));
  }
  EXPECT_EQ(order, (std::vector<std::uint32_t>{1, 2, 0, 1, 2, 0}));
}

TEST(SharedGroupTest, ChoosesWhoHasLeastInFlight) {
  SharedGroup group = group_of(3);
  group.find(at(0))->in_flight = 2;
  group.find(at(1))->in_flight = 1;
  group.find(at(2))->in_flight = 2;
  EXPECT_EQ(chosen(group, SharedChoice::least_in_flight), 1);
  group.find(at(1))->in_flight = 2;  // equals take turns
  EXPECT_EQ(chosen(group, SharedChoice::least_in_flight), 2);
  EXPECT_EQ(chosen(group, SharedChoice::least_in_flight), 0);
}

TEST(SharedGroupTest, PrefersMembersThatAreThere) {
  SharedGroup group = group_of(2);
  group.find(at(1))->is_online = false;
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(chosen(group, SharedChoice::round_robin), 0);
  }
  group.find(at(0))->is_online = false;
  EXPECT_NE(group.choose(SharedChoice::round_robin, QoS::at_least_once, {}), nullptr);
  EXPECT_EQ(group.choose(SharedChoice::round_robin, QoS::at_most_once, {}), nullptr);
  SharedGroup without_qos = group_of(1, QoS::at_most_once);
  without_qos.find(at(0))->is_online = false;
  EXPECT_EQ(without_qos.choose(SharedChoice::round_robin, QoS::at_least_once, {}), nullptr);
}

TEST(SharedGroupTest, LeavesOutThoseWhoRefused) {
  SharedGroup group = group_of(2);
  const mail::Member both[] = {at(0), at(1)};
  EXPECT_EQ(group.choose(SharedChoice::round_robin, QoS::at_least_once, std::span(both, 1))->at,
            at(1));
  EXPECT_EQ(group.choose(SharedChoice::round_robin, QoS::at_least_once, both), nullptr);
}

TEST(SharedGroupTest, KeepsTheCountOfAMemberThatJoinsAgain) {
  SharedGroup group = group_of(1);
  group.find(at(0))->in_flight = 5;
  group.join({.at = at(0), .identifier = 3});
  EXPECT_EQ(group.find(at(0))->in_flight, 5);
  EXPECT_EQ(group.find(at(0))->identifier, 3);
  EXPECT_TRUE(group.leave(at(0)));
  EXPECT_FALSE(group.leave(at(0)));
  EXPECT_TRUE(group.is_empty());
  EXPECT_EQ(group.choose(SharedChoice::round_robin, QoS::at_least_once, {}), nullptr);
}

}  // namespace
}  // namespace peal::broker
