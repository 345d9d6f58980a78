#include "peal/cli/bench_histogram.hpp"

#include <gtest/gtest.h>
#include <limits>

namespace peal::cli {
namespace {

TEST(Histogram, IsZeroWhenNothingWasRecorded) {
  const Histogram histogram;
  EXPECT_EQ(histogram.quantile(0.5).count(), 0);
  EXPECT_EQ(histogram.max().count(), 0);
}

TEST(Histogram, IsExactForSmallValues) {
  Histogram histogram;
  for (int value = 1; value <= 50; ++value) {
    histogram.record(value);
  }
  EXPECT_EQ(histogram.count(), 50U);
  EXPECT_EQ(histogram.quantile(0.5).count(), 25);
  EXPECT_EQ(histogram.quantile(1).count(), 50);
}

TEST(Histogram, IsWithinItsPrecisionAtEveryMagnitude) {
  for (std::int64_t value = 1; value < std::int64_t{1} << 50; value *= 3) {
    Histogram histogram;
    histogram.record(value);
    histogram.record(value * 2);
    const auto found = static_cast<double>(histogram.quantile(0.5).count());
    EXPECT_GE(found, static_cast<double>(value));
    EXPECT_LE(found, static_cast<double>(value) * 1.017) << value;
    EXPECT_EQ(histogram.max().count(), value * 2);
  }
}

TEST(Histogram, TakesWhatIsBelowZeroAsZero) {
  Histogram histogram;
  histogram.record(-5);
  EXPECT_EQ(histogram.quantile(1).count(), 0);
}

TEST(Histogram, TakesTheLargestNumber) {
  Histogram histogram;
  histogram.record(std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(histogram.max().count(), std::numeric_limits<std::int64_t>::max());
}

}  // namespace
}  // namespace peal::cli
