// SPDX-License-Identifier: Apache-2.0
// The long walk round a block.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "foothold/base/error.h"
#include "foothold/scene/synthetic.h"
#include "foothold/scene/synthetic_state.h"
#include "support/expect_error.h"
#include "synthetic_support.h"

namespace foothold {
namespace {

SyntheticOptions LoopOptions(int num_frames) {
  SyntheticOptions options;
  options.scene = "loop";
  options.num_frames = num_frames;
  options.num_people = 2;
  options.frame_rate_hz = 10;
  options.keyframe_interval = 5;
  options.loop_length_m = 45;
  options.loop_pairs_per_keyframe = 1;
  options.width = 128;
  options.height = 96;
  options.light = true;
  return options;
}

const SyntheticClip& LongClip() {
  static const SyntheticClip clip = MakeSyntheticClip(ShippedBody(), LoopOptions(700), "loop", 1, 2);
  return clip;
}

TEST(SyntheticLoop, PeopleGoRoundTheBlockTogether) {
  const SyntheticClip& clip = LongClip();
  const auto& people = clip.world->people;
  ASSERT_EQ(people.size(), 2);
  double turned = 0, far = 0;
  for (size_t f = 1; f < people[0].pelvis_in_world.size(); ++f) {
    const Vec3d &a = people[0].pelvis_in_world[f - 1], &b = people[0].pelvis_in_world[f];
    turned += std::remainder(std::atan2(b[0], b[2]) - std::atan2(a[0], a[2]), 2 * 3.14159265358979323846);
    far = std::max(far, Norm(b - people[1].pelvis_in_world[f]));
  }
  EXPECT_GT(std::fabs(turned), 2 * 3.14);  // Once round and on.
  EXPECT_LT(far, 5);
  EXPECT_EQ(ProblemsOf(clip.observations), std::vector<std::string>());
}

TEST(SyntheticLoop, LoopPairsJoinKeyframesOfLongAgo) {
  const SyntheticClip& clip = LongClip();
  std::map<int, int> of_keyframe;
  for (const KeyframePair& pair : clip.observations.pairs) {
    if (pair.j - pair.i > 10) {
      EXPECT_GE(pair.j - pair.i, 40);
      ++of_keyframe[pair.j];
    }
  }
  EXPECT_GT(of_keyframe.size(), 5);
  for (const auto& [keyframe, count] : of_keyframe) EXPECT_EQ(count, 1) << keyframe;
}

TEST(SyntheticLoop, LightClipsAreTheSameButForColourAndTruthDepth) {
  SyntheticOptions options = LoopOptions(20);
  const SyntheticClip light = MakeSyntheticClip(ShippedBody(), options, "loop", 3, 1);
  options.light = false;
  const SyntheticClip full = MakeSyntheticClip(ShippedBody(), options, "loop", 3, 2);
  ASSERT_EQ(light.observations.keyframes.size(), full.observations.keyframes.size());
  for (size_t k = 0; k < full.observations.keyframes.size(); ++k) {
    EXPECT_EQ(light.observations.keyframes[k].depth_m.data, full.observations.keyframes[k].depth_m.data);
    EXPECT_TRUE(light.observations.keyframes[k].color.empty());
  }
  EXPECT_TRUE(light.truth.keyframes.empty());
  ASSERT_EQ(light.observations.pairs.size(), full.observations.pairs.size());
  EXPECT_EQ(light.observations.pairs[0].matches.size(), full.observations.pairs[0].matches.size());
}

TEST(SyntheticLoop, NoiseInPlaceIsTheNoiseOfTheCopy) {
  SyntheticClip clip = MakeSyntheticClip(ShippedBody(), LoopOptions(20), "loop", 3, 1);
  const Observations copy = AddNoise(clip, ShippedBody(), NoiseOptions(), 7);
  MakeNoisy(ShippedBody(), NoiseOptions(), 7, &clip);
  EXPECT_EQ(copy.keyframes[1].depth_m.data, clip.observations.keyframes[1].depth_m.data);
  EXPECT_EQ(copy.pairs[0].matches[5].x_j, clip.observations.pairs[0].matches[5].x_j);
  EXPECT_EQ(copy.camera.world_from_cam.back().translation[0],
            clip.observations.camera.world_from_cam.back().translation[0]);
}

TEST(SyntheticLoop, NeedsAMovingCameraAndRoom) {
  SyntheticOptions options = LoopOptions(20);
  options.camera = "static";
  ExpectError(ErrorKind::kUsage, {"loop"}, [&] { MakeSyntheticClip(ShippedBody(), options, "t", 1); });
  options = LoopOptions(20);
  options.loop_length_m = 30;
  ExpectError(ErrorKind::kUsage, {"45"}, [&] { MakeSyntheticClip(ShippedBody(), options, "t", 1); });
}

}  // namespace
}  // namespace foothold
