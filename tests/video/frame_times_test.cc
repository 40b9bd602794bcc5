// SPDX-License-Identifier: Apache-2.0
#include "foothold/video/frame_times.h"

#include <gtest/gtest.h>

#include <limits>

namespace foothold::video_internal {
namespace {

std::vector<double> Regular(int count, double interval_s) {
  std::vector<double> times;
  for (int i = 0; i < count; ++i) times.push_back(i * interval_s);
  return times;
}

TEST(FrameTimes, DrainedFramesAtTheEndContinueTheRate) {
  std::vector<double> reported = Regular(20, 0.04);
  reported[18] = reported[19] = 0;
  const FrameTimes times = RepairFrameTimes(reported, 25);
  for (int i = 0; i < 20; ++i) EXPECT_NEAR(times.time_s[i], 0.04 * i, 1e-12);
  EXPECT_TRUE(times.any_known);
  EXPECT_FALSE(IsVariableRate(times));
}

TEST(FrameTimes, UnknownInTheMiddleIsInterpolated) {
  std::vector<double> reported = Regular(20, 0.04);
  reported[7] = 0;
  reported[8] = std::numeric_limits<double>::quiet_NaN();
  const FrameTimes times = RepairFrameTimes(reported, 25);
  for (int i = 0; i < 20; ++i) EXPECT_NEAR(times.time_s[i], 0.04 * i, 1e-12);
}

TEST(FrameTimes, OneWildJumpDoesNotCostTheRest) {
  std::vector<double> reported = Regular(30, 0.04);
  reported[10] = 95443.7;  // A wrapped transport stream clock.
  const FrameTimes times = RepairFrameTimes(reported, 25);
  for (int i = 0; i < 30; ++i) EXPECT_NEAR(times.time_s[i], 0.04 * i, 1e-12);
}

TEST(FrameTimes, RestartedClockStaysIncreasing) {
  std::vector<double> reported = Regular(10, 0.04);
  for (int i = 0; i < 30; ++i) reported.push_back(0.04 * i);
  const FrameTimes times = RepairFrameTimes(reported, 25);
  EXPECT_GE(times.time_s.front(), 0);
  for (size_t i = 1; i < times.time_s.size(); ++i) EXPECT_GT(times.time_s[i], times.time_s[i - 1]);
}

TEST(FrameTimes, WithoutAnyTimesTheNominalRateIsUsed) {
  const FrameTimes times = RepairFrameTimes(std::vector<double>(5, 0.0), 50);
  EXPECT_FALSE(times.any_known);
  EXPECT_NEAR(times.time_s[4], 0.08, 1e-12);
  EXPECT_NEAR(RepairFrameTimes({0, 0}, 0).time_s[1], 1.0 / 30, 1e-12);
}

TEST(FrameTimes, VariableRate) {
  std::vector<double> reported = Regular(60, 1.0 / 30);
  for (int i = 0; i < 20; ++i) reported.push_back(2.0 + i * 0.1);
  EXPECT_TRUE(IsVariableRate(RepairFrameTimes(reported, 30)));
  EXPECT_TRUE(FramesBehindGaps(reported).empty());
}

TEST(FrameTimes, GapsNameTheFrameBehind) {
  std::vector<double> reported = Regular(20, 0.04);
  for (int i = 12; i < 20; ++i) reported[i] += 0.5;
  EXPECT_EQ(FramesBehindGaps(reported), std::vector<int>{12});
  // Slow but regular is no gap.
  EXPECT_TRUE(FramesBehindGaps(Regular(10, 0.5)).empty());
}

}  // namespace
}  // namespace foothold::video_internal
