// SPDX-License-Identifier: Apache-2.0
#include "foothold/objective/matches.h"

#include <gtest/gtest.h>

#include "foothold/objective/match3d.h"

namespace foothold {
namespace {

Observations TwoKeyframes() {
  Observations observations;
  observations.camera.pinhole = {100, 8, 4};
  for (int k = 0; k < 2; ++k) {
    Keyframe keyframe;
    keyframe.frame = k;
    keyframe.depth_m = ImageF(16, 8, 1, 2.0f);
    keyframe.confidence = ImageF(16, 8, 1, 0.5f);
    observations.keyframes.push_back(keyframe);
  }
  observations.pairs.push_back({0, 1, {}});
  return observations;
}

TEST(PackMatches, LooksUpDepthAndConfidence) {
  Observations observations = TwoKeyframes();
  observations.keyframes[1].depth_m.At(3, 2) = 2.04f;
  observations.pairs[0].matches = {{5, 5, 2.5f, 2, 0.8f}};
  const std::vector<MatchedPair> pairs = PackMatches(observations, 0);
  ASSERT_EQ(pairs.size(), 1u);
  ASSERT_EQ(pairs[0].matches.size(), 1u);
  const DepthMatch& match = pairs[0].matches[0];
  EXPECT_FLOAT_EQ(match.x_i, -3);
  EXPECT_FLOAT_EQ(match.y_j, -2);
  EXPECT_FLOAT_EQ(match.depth_i, 2);
  // Linear in inverse depth between 2 and 2.04.
  EXPECT_FLOAT_EQ(match.depth_j, 1 / (0.5f / 2 + 0.5f / 2.04f));
  EXPECT_FLOAT_EQ(match.weight_i, 0.4f);
}

TEST(PackMatches, DoesNotInterpolateOverAnEdge) {
  Observations observations = TwoKeyframes();
  observations.keyframes[0].depth_m.At(6, 3) = 9;
  observations.pairs[0].matches = {{5.4f, 3, 2, 2, 1}};
  EXPECT_EQ(PackMatches(observations, 0)[0].matches[0].depth_i, 2);
}

TEST(PackMatches, DropsWhatCannotBeUsed) {
  Observations observations = TwoKeyframes();
  observations.keyframes[0].depth_m.At(1, 1) = 0;
  observations.keyframes[1].depth_m.At(2, 2) = 0;
  observations.pairs[0].matches = {{1, 1, 2, 2, 1},       // No depth at either end.
                                   {5, 5, 6, 6, 0},       // No confidence.
                                   {-40, 5, 600, 6, 1}};  // Outside.
  EXPECT_TRUE(PackMatches(observations, 0).empty());
  observations.pairs[0].matches = {{1, 1, 5, 5, 1}};
  const std::vector<MatchedPair> one_sided = PackMatches(observations, 0);
  ASSERT_EQ(one_sided.size(), 1u);
  EXPECT_EQ(one_sided[0].matches[0].weight_i, 0);
  EXPECT_EQ(one_sided[0].matches[0].weight_j, 0.5f);
}

TEST(PackMatches, ThinsEvenly) {
  Observations observations = TwoKeyframes();
  for (int n = 0; n < 10; ++n) {
    observations.pairs[0].matches.push_back({static_cast<float>(n), 5, 5, 5, 1});
  }
  const std::vector<MatchedPair> pairs = PackMatches(observations, 4);
  ASSERT_EQ(pairs[0].matches.size(), 4u);
  const float expected[] = {0, 2, 5, 7};
  for (int n = 0; n < 4; ++n) EXPECT_EQ(pairs[0].matches[n].x_i + 8, expected[n]);
  EXPECT_EQ(PackAlignments(PackMatches(observations, 0), 4)->pairs[0].end, kMatchLanes);
}

}  // namespace
}  // namespace foothold
