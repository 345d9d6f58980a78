// What the broker's behavioural tests begin with: the same test with one worker and with four.
#pragma once

#include <gtest/gtest.h>

#include "support/broker_harness.hpp"

namespace peal::broker::test {

using mqtt::PacketId;
using mqtt::PacketType;
using mqtt::PropertyId;
using mqtt::ProtocolVersion;
using mqtt::QoS;
using mqtt::ReasonCode;
using mqtt::RetainHandling;

inline constexpr QoS qos0 = QoS::at_most_once;
inline constexpr QoS qos1 = QoS::at_least_once;
inline constexpr QoS qos2 = QoS::exactly_once;

using Lines = std::vector<std::string>;

class BrokerTest : public testing::TestWithParam<unsigned> {
 protected:
  BrokerHarness harness{GetParam()};
};

}  // namespace peal::broker::test

/// Runs the tests of `Suite`, an alias or heir of BrokerTest, with one worker and with four.
#define PEAL_WITH_WORKERS(Suite)                                    \
  INSTANTIATE_TEST_SUITE_P(Workers, Suite, testing::Values(1U, 4U), \
                           testing::PrintToStringParamName())
