// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/classical/track_cuts.h"

#include <gtest/gtest.h>

#include "foothold/base/random.h"

namespace foothold {
namespace {

constexpr double kThreshold = 2.5;  // The default.

void Append(int count, float level, double noise, RandomStream* random, std::vector<ClothesBands>* samples) {
  for (int i = 0; i < count; ++i) {
    ClothesBands bands;
    for (float& value : bands) value = level + static_cast<float>(noise * random->Normal());
    samples->push_back(bands);
  }
}

TEST(IdentityCuts, SamePersonInChangingLightIsNotCut) {
  RandomStream random(1, "clothes");
  std::vector<ClothesBands> samples;
  for (int i = 0; i < 60; ++i) Append(1, 120 + 0.3f * static_cast<float>(i), 5, &random, &samples);
  EXPECT_TRUE(IdentityCuts(samples, kThreshold).empty());
  EXPECT_LT(LargestChange(samples).score, 1.8);
}

TEST(IdentityCuts, OtherClothesAreCutWhereTheyChange) {
  RandomStream random(2, "clothes");
  std::vector<ClothesBands> samples;
  Append(33, 80, 4, &random, &samples);
  Append(25, 140, 4, &random, &samples);
  Append(30, 60, 4, &random, &samples);
  const std::vector<int> cuts = IdentityCuts(samples, kThreshold);
  ASSERT_EQ(cuts.size(), 2u);
  EXPECT_NEAR(cuts[0], 33, 1);
  EXPECT_NEAR(cuts[1], 58, 1);
}

TEST(IdentityCuts, ShortOcclusionIsNotCut) {
  RandomStream random(3, "clothes");
  std::vector<ClothesBands> samples;
  Append(30, 80, 4, &random, &samples);
  Append(4, 160, 4, &random, &samples);
  Append(30, 80, 4, &random, &samples);
  EXPECT_TRUE(IdentityCuts(samples, kThreshold).empty());
}

TEST(IdentityCuts, FewSamplesSayNothing) {
  RandomStream random(4, "clothes");
  std::vector<ClothesBands> samples;
  Append(9, 80, 1, &random, &samples);
  Append(9, 160, 1, &random, &samples);
  EXPECT_EQ(LargestChange(samples).score, 0);
  EXPECT_TRUE(IdentityCuts({}, kThreshold).empty());
}

}  // namespace
}  // namespace foothold
