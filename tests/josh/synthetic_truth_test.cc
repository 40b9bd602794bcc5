// SPDX-License-Identifier: Apache-2.0
// Accuracy on synthetic truth with the default noise; tests/bench/synthetic_table.cc is the long form.
#include <gtest/gtest.h>

#include "foothold/josh/josh.h"
#include "foothold/scene/synthetic.h"
#include "labels/body_file.h"
#include "support/synthetic_scores.h"

namespace foothold {
namespace {

class SyntheticTruth : public testing::TestWithParam<int> {};

TEST_P(SyntheticTruth, CamerasScaleAndPeopleAreFound) {
  const BodyModel body = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  SyntheticOptions options;
  options.num_frames = 61;
  options.num_people = 2;
  options.width = 384;
  options.height = 288;
  const SyntheticClip clip =
      MakeSyntheticClip(body, options, "truth" + std::to_string(GetParam()), GetParam(), 2);
  const Observations noisy = AddNoise(clip, body, NoiseOptions(), GetParam());
  const SyntheticScores initial = ScoreReconstruction(InitialReconstruction(noisy, body), clip.truth, body);
  const JoshResult result = OptimizeJointly(noisy, body, JoshOptions(), 2);
  const SyntheticScores scores = ScoreReconstruction(result.reconstruction, clip.truth, body);
  EXPECT_LT(scores.w_mpjpe_mm, 0.75 * initial.w_mpjpe_mm);
  EXPECT_LT(scores.foot_sliding_mm, 0.5 * initial.foot_sliding_mm);
  EXPECT_LT(scores.scale_error, 0.08);
  EXPECT_LT(scores.ate_m, 0.05);
  EXPECT_LT(scores.focal_error, 0.01);
  EXPECT_LT(scores.mpjpe_mm, 1.05 * initial.mpjpe_mm);

  // Without the contacts' scale, nothing else may find it: the term earns its place.
  JoshOptions no_scale;
  no_scale.contact_scale_weight = 0;
  const JoshResult without = OptimizeJointly(noisy, body, no_scale, 2);
  EXPECT_GT(ScoreReconstruction(without.reconstruction, clip.truth, body).scale_error, scores.scale_error);
}
INSTANTIATE_TEST_SUITE_P(Seeds, SyntheticTruth, testing::Values(1, 2));

}  // namespace
}  // namespace foothold
