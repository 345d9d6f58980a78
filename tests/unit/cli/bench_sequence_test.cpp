#include "peal/cli/bench_sequence.hpp"

#include <gtest/gtest.h>

namespace peal::cli {
namespace {

TEST(SequenceCheck, SaysInOrderAsLongAsNothingIsJumpedOver) {
  SequenceCheck check;
  for (std::uint32_t sequence = 0; sequence < 100; ++sequence) {
    EXPECT_EQ(check.arrived(sequence), Arrival::in_order);
  }
}

TEST(SequenceCheck, TellsALateMessageFromADuplicate) {
  SequenceCheck check;
  EXPECT_EQ(check.arrived(0), Arrival::in_order);
  EXPECT_EQ(check.arrived(5), Arrival::in_order);  // 1 to 4 are missing, not yet late
  EXPECT_EQ(check.arrived(3), Arrival::reordered);
  EXPECT_EQ(check.arrived(3), Arrival::duplicate);
  EXPECT_EQ(check.arrived(0), Arrival::duplicate);
  EXPECT_EQ(check.arrived(1), Arrival::reordered);
  EXPECT_EQ(check.arrived(2), Arrival::reordered);
  EXPECT_EQ(check.arrived(4), Arrival::reordered);
  EXPECT_EQ(check.arrived(4), Arrival::duplicate);
  EXPECT_EQ(check.arrived(6), Arrival::in_order);
}

TEST(SequenceCheck, KeepsSeveralGapsApart) {
  SequenceCheck check;
  for (const std::uint32_t sequence : {2U, 4U, 8U}) {
    EXPECT_EQ(check.arrived(sequence), Arrival::in_order);
  }
  for (const std::uint32_t sequence : {7U, 0U, 3U, 6U, 1U, 5U}) {
    EXPECT_EQ(check.arrived(sequence), Arrival::reordered) << sequence;
  }
  for (std::uint32_t sequence = 0; sequence < 9; ++sequence) {
    EXPECT_EQ(check.arrived(sequence), Arrival::duplicate) << sequence;
  }
}

}  // namespace
}  // namespace peal::cli
