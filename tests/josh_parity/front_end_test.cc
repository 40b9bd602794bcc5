// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "foothold/base/error.h"
#include "foothold/base/random.h"
#include "foothold/josh/aggregate.h"
#include "foothold/josh/cleaning.h"
#include "foothold/josh/interpolation.h"
#include "foothold/josh/output_stage.h"
#include "foothold/josh/pair_graph.h"
#include "foothold/josh/pose_tree.h"
#include "foothold/josh/schedule.h"

namespace foothold {
namespace {

TEST(Schedule, GoldenNumbers) {
  EXPECT_EQ(ChooseKeyframes(101, 5).size(), 21u);
  EXPECT_EQ(ChooseKeyframes(200, 5).size(), 41u);
  EXPECT_EQ(ChooseKeyframes(1, 5), std::vector<int>{0});
  EXPECT_EQ(ChooseKeyframes(8, 5), (std::vector<int>{0, 5, 7}));
  const std::vector<Chunk> chunks = MakeChunks(250, ScheduleOptions());
  ASSERT_EQ(chunks.size(), 2u);
  EXPECT_EQ(chunks[0].num_frames, 101);
  EXPECT_EQ(chunks[1].first_frame, 100);
  EXPECT_EQ(chunks[1].num_frames, 150);
  EXPECT_EQ(chunks[1].keyframes.size(), 31u);
  EXPECT_EQ(WindowPairs(21, 10).size(), 155u);
  EXPECT_EQ(WindowPairs(41, 10).size(), 355u);
}

TEST(Schedule, ChunksCoverEveryFrameAndShareOne) {
  for (int num_frames = 1; num_frames <= 1300; ++num_frames) {
    const std::vector<Chunk> chunks = MakeChunks(num_frames, ScheduleOptions());
    int end = 1;
    for (const Chunk& chunk : chunks) {
      ASSERT_EQ(chunk.first_frame, end - 1) << num_frames;
      ASSERT_EQ(chunk.keyframes.front(), 0);
      ASSERT_EQ(chunk.keyframes.back(), chunk.num_frames - 1);
      end = chunk.first_frame + chunk.num_frames;
    }
    ASSERT_EQ(end, num_frames);
  }
  EXPECT_THROW(MakeChunks(0, ScheduleOptions()), Error);
}

TEST(PoseTree, SaysWhenViewsAreDisconnected) {
  const std::vector<double> scores = {0, 5, 0, 5, 0, 0, 0, 0, 0};
  try {
    BuildPoseTree(scores, 3);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
    EXPECT_EQ(error.reason(), "views_disconnected");
  }
  const PoseTree single = BuildPoseTree({0}, 1);
  EXPECT_EQ(single.root, 0);
  EXPECT_TRUE(single.edges.empty());
}

// The tree's total equals that of Prim's algorithm on random graphs.
TEST(PoseTree, IsMaximal) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    RandomStream random(seed, "scores");
    constexpr int kNodes = 15;
    std::vector<double> scores(kNodes * kNodes, 0);
    for (int i = 0; i < kNodes; ++i) {
      for (int j = i + 1; j < kNodes; ++j)
        scores[i * kNodes + j] = scores[j * kNodes + i] = random.UniformInt(1, 9);
    }
    double total = 0;
    std::vector<double> best(kNodes, 0);
    std::vector<bool> inside(kNodes, false);
    for (int added = 0, node = 0; added < kNodes; ++added) {
      inside[node] = true;
      if (added > 0) total += best[node];
      int next = -1;
      for (int i = 0; i < kNodes; ++i) {
        best[i] = std::max(best[i], scores[node * kNodes + i]);
        if (!inside[i] && (next < 0 || best[i] > best[next])) next = i;
      }
      node = next;
    }
    const PoseTree tree = BuildPoseTree(scores, kNodes);
    EXPECT_EQ(tree.total_score, total);
    ASSERT_EQ(tree.edges.size(), kNodes - 1u);
    // Parents come first.
    std::vector<bool> reached(kNodes, false);
    reached[tree.root] = true;
    for (const auto& [parent, child] : tree.edges) {
      EXPECT_TRUE(reached[parent]);
      EXPECT_FALSE(reached[child]);
      reached[child] = true;
    }
  }
}

BodyPose BodyAt(double x, double angle_rad) {
  BodyPose body;
  body.translation_m = {x, 0, 0};
  body.root = ExpQuaternion(Vec3d{0, angle_rad, 0});
  body.joints[3] = ExpQuaternion(Vec3d{angle_rad, 0, 0});
  return body;
}

TEST(Interpolation, HoldsTheNearestKeyOutsideTheSpan) {
  const std::vector<BodyPose> keys = {BodyAt(1, 0.1), BodyAt(3, 0.5)};
  const std::vector<BodyPose> out = InterpolateBodies({10, 20}, keys, {0, 10, 15, 20, 99});
  EXPECT_EQ(out[0].translation_m[0], 1);
  EXPECT_EQ(out[1].translation_m[0], 1);
  EXPECT_EQ(out[2].translation_m[0], 2);
  EXPECT_EQ(out[3].translation_m[0], 3);
  EXPECT_EQ(out[4].translation_m[0], 3);
  EXPECT_NEAR(LogQuaternion(out[2].root)[1], 0.3, 1e-12);
  EXPECT_NEAR(LogQuaternion(out[2].joints[3])[0], 0.3, 1e-12);
  EXPECT_THROW(InterpolateBodies({}, {}, {0}), Error);
}

TEST(Interpolation, TakesTheShorterArc) {
  const Quatd a = ExpQuaternion(Vec3d{0, 0, 3.0}), b = ExpQuaternion(Vec3d{0, 0, -3.0});
  const Quatd middle = InterpolateRotations({0, 2}, {a, b}, {1})[0];
  EXPECT_NEAR(std::abs(LogQuaternion(middle)[2]), M_PI, 1e-9);
}

TEST(Interpolation, CorrectionsKeepTheDetailBetweenKeyframes) {
  // A jagged walk; the optimiser turns and shifts every keyframe by the same amount.
  std::vector<int> times;
  std::vector<BodyPose> initial;
  for (int t = 0; t <= 20; ++t) {
    times.push_back(t);
    initial.push_back(BodyAt(0.1 * t + 0.03 * (t % 3), 0.2 * std::sin(t)));
  }
  const Quatd turn = ExpQuaternion(Vec3d{0.1, 0, 0});
  std::vector<BodyPose> optimised;
  const std::vector<int> keys = {5, 10, 18};
  for (const int key : keys) {
    BodyPose body = initial[key];
    body.root = turn * body.root;
    body.translation_m[1] += 0.5;
    optimised.push_back(body);
  }
  const std::vector<BodyPose> out = InterpolateCorrections(keys, optimised, times, initial);
  for (size_t t = 0; t < times.size(); ++t) {
    EXPECT_LT(Norm(out[t].translation_m - initial[t].translation_m - Vec3d{0, 0.5, 0}), 1e-12);
    EXPECT_NEAR(std::abs(Dot(out[t].root, turn * initial[t].root)), 1, 1e-12);
    EXPECT_NEAR(std::abs(Dot(out[t].joints[3], initial[t].joints[3])), 1, 1e-12);
  }
  EXPECT_THROW(InterpolateCorrections({5, 21}, {initial[0], initial[0]}, times, initial), Error);
}

TEST(Interpolation, NearestRotationIsNeverAReflection) {
  RandomStream random(3, "matrices");
  for (int i = 0; i < 50; ++i) {
    Mat3d matrix;
    for (double& entry : matrix.data) entry = random.Normal();
    EXPECT_NEAR(Determinant(MatrixFromQuaternion(NearestRotation(matrix))), 1, 1e-12);
  }
  const Quatd rotation = ExpQuaternion(Vec3d{0.3, 1, -2});
  EXPECT_NEAR(std::abs(Dot(NearestRotation(1.1 * MatrixFromQuaternion(rotation)), rotation)), 1, 1e-12);
}

TEST(Cleaning, DropsAPointInFrontOfAMoreConfidentSurface) {
  // Two cameras at the same place see a wall at 4 m; one has a flying pixel at 2 m.
  const Pinholed pinhole{20, 8, 8};
  ImageF wall(16, 16, 1, 4.0f), flying = wall;
  flying.At(5, 6) = 2.0f;
  std::vector<ImageF> confidences = {ImageF(16, 16, 1, 0.5f), ImageF(16, 16, 1, 0.8f)};
  const std::vector<DenseView> views = {{Rigid3d::Identity(), pinhole, &flying},
                                        {Rigid3d::Identity(), pinhole, &wall}};
  CleanConfidences(views, CleaningOptions(), &confidences);
  int dropped = 0;
  for (const float c : confidences[0].data) dropped += c == 0 ? 1 : 0;
  EXPECT_EQ(dropped, 1);
  EXPECT_EQ(confidences[0].At(5, 6), 0);
  for (const float c : confidences[1].data) EXPECT_EQ(c, 0.8f);
  // The more confident point stays, and an unknown depth is no surface.
  confidences = {ImageF(16, 16, 1, 0.9f), ImageF(16, 16, 1, 0.8f)};
  CleanConfidences(views, CleaningOptions(), &confidences);
  EXPECT_EQ(confidences[0].At(5, 6), 0.9f);
  wall = ImageF(16, 16, 1, 0.0f);
  confidences = {ImageF(16, 16, 1, 0.5f), ImageF(16, 16, 1, 0.8f)};
  CleanConfidences(views, CleaningOptions(), &confidences);
  EXPECT_EQ(confidences[0].At(5, 6), 0.5f);
}

TEST(OutputStage, ATrackWithoutKeyframeIsAContractError) {
  EXPECT_THROW(ReplaceByKeyframes(BodyTrack(), OptimisedTrack(), {0, 10}, 1), Error);
}

TEST(Aggregate, RefusesChunksThatDoNotMeet) {
  ChunkResult first, second;
  first.pinhole = second.pinhole = {100, 8, 8};
  first.world_from_cam.assign(5, Rigid3d::Identity());
  second.world_from_cam = first.world_from_cam;
  second.first_frame = 5;
  EXPECT_THROW(ChainChunks({first, second}), Error);
  second.first_frame = 4;
  EXPECT_EQ(ChainChunks({first, second}).world_from_cam.size(), 9u);
}

}  // namespace
}  // namespace foothold
