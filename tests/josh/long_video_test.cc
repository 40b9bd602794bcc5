// SPDX-License-Identifier: Apache-2.0
// A walk round a block and on past its start, in one solve: the reduced form of
// tests/bench/long_video.cc.
#include <gtest/gtest.h>

#include <algorithm>

#include "foothold/josh/chunk_and_chain.h"
#include "foothold/josh/josh.h"
#include "foothold/scene/synthetic.h"
#include "labels/body_file.h"
#include "support/long_video_scores.h"

namespace foothold {
namespace {

constexpr int kSeam = 100;  // Frames between chunk seams.

const BodyModel& SharedBody() {
  static const BodyModel body = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  return body;
}

// A minute at ten frames a second, so that a short clip closes the loop.
SyntheticClip NoisyLoop(int num_frames) {
  SyntheticOptions options;
  options.scene = "loop";
  options.num_frames = num_frames;
  options.num_people = 1;
  options.frame_rate_hz = 10;
  options.keyframe_interval = 2;
  options.loop_length_m = 45;
  options.loop_pairs_per_keyframe = 1;
  options.match_stride_px = 12;
  options.width = 192;
  options.height = 144;
  options.light = true;
  SyntheticClip clip = MakeSyntheticClip(SharedBody(), options, "long", 2, 2);
  MakeNoisy(SharedBody(), NoiseOptions(), 2, &clip);
  return clip;
}

LongVideoScores Score(const std::vector<Rigid3d>& cameras,
                      const std::vector<ChainedPerson>& people,
                      const SyntheticClip& clip) {
  return ScoreLongVideo(cameras, people, clip.truth, clip.observations.clip.num_frames() / 4, kSeam);
}

TEST(LongVideo, OneSolveHoldsTheScaleRoundALoopAndHasNoSeams) {
  const SyntheticClip clip = NoisyLoop(600);
  const auto is_loop = [](const KeyframePair& pair) { return pair.j - pair.i > 10; };
  EXPECT_GT(std::count_if(clip.observations.pairs.begin(), clip.observations.pairs.end(), is_loop), 20);
  // The start: cameras chained from pair to pair lose a fifth of the scale on the way.
  const LongVideoScores initial = Score(clip.observations.camera.world_from_cam, {}, clip);
  EXPECT_GT(initial.scale_drift, 0.1);

  const JoshResult whole = OptimizeJointly(clip.observations, SharedBody(), JoshOptions(), 2);
  const LongVideoScores scores =
      Score(whole.reconstruction.world_from_cam, JointsOf(whole.reconstruction), clip);
  EXPECT_LT(scores.scale_drift, 0.01);
  EXPECT_LT(scores.largest_scale / scores.smallest_scale, 1.01);
  // At ten frames a second the hand's shake between keyframes is not observed; seams add nothing to it.
  EXPECT_LT(scores.camera_at_seams_m, 1.1 * scores.camera_elsewhere_m);
  EXPECT_LT(scores.ate_m, 0.1 * initial.ate_m);

  ScheduleOptions schedule;
  schedule.interval = 2;
  schedule.max_keyframes = 1 + kSeam / schedule.interval;
  const ChainedClip chained = OptimizeInChunks(clip.observations, SharedBody(), JoshOptions(), schedule, 2);
  ASSERT_EQ(chained.world_from_cam.size(), clip.truth.world_from_cam.size());
  EXPECT_EQ(chained.num_chunks, 5);  // The last one takes what remains.
  const LongVideoScores chunks = Score(chained.world_from_cam, chained.people, clip);
  EXPECT_LT(scores.largest_scale / scores.smallest_scale, chunks.largest_scale / chunks.smallest_scale);
  EXPECT_LT(scores.pelvis_at_seams_m, chunks.pelvis_at_seams_m);
}

TEST(LongVideo, LinearisationsDoNotGrowWithTheLength) {
  const auto linearisations = [](int num_frames) {
    const SyntheticClip clip = NoisyLoop(num_frames);
    return OptimizeJointly(clip.observations, SharedBody(), JoshOptions(), 2).summary.iterations.size();
  };
  EXPECT_LT(linearisations(300), 1.5 * linearisations(100));
}

TEST(ChunkAndChain, ASliceIsAClipOfItsOwn) {
  const SyntheticClip clip = NoisyLoop(60);
  const Observations slice = SliceObservations(clip.observations, 20, 31);
  EXPECT_EQ(ProblemsOf(slice), std::vector<std::string>());
  ASSERT_EQ(slice.keyframes.size(), 16);
  EXPECT_EQ(slice.keyframes.front().frame, 0);
  EXPECT_EQ(slice.keyframes.back().frame, 30);
  EXPECT_EQ(slice.keyframes[3].depth_m.data, clip.observations.keyframes[13].depth_m.data);
  EXPECT_EQ(slice.people[0].frames.size(), 31);
  EXPECT_EQ(slice.pairs.back().j, 15);
}

}  // namespace
}  // namespace foothold
