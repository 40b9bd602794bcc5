// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "foothold/base/error.h"
#include "foothold/base/random.h"
#include "foothold/evaluate/alignment.h"
#include "foothold/evaluate/camera_metrics.h"
#include "foothold/evaluate/contact_metrics.h"
#include "foothold/evaluate/human_metrics.h"
#include "foothold/evaluate/nearest.h"
#include "foothold/evaluate/scene_metrics.h"
#include "foothold/scene/voxel_grid.h"

namespace foothold {
namespace {

std::vector<Vec3d> RandomPoints(int count, uint64_t seed) {
  RandomStream random(seed, "points");
  std::vector<Vec3d> points;
  for (int i = 0; i < count; ++i) points.push_back({random.Normal(), random.Normal(), random.Normal()});
  return points;
}

TEST(Alignment, RecoversASimilarity) {
  const std::vector<Vec3d> from = RandomPoints(20, 1);
  const Similarity3d truth{1.7, ExpQuaternion(Vec3d{0.5, -1.2, 2}), {3, -4, 5}};
  std::vector<Vec3d> to;
  for (const Vec3d& point : from) to.push_back(truth * point);
  const Similarity3d found = AlignSimilarity(from, to);
  EXPECT_NEAR(found.scale, 1.7, 1e-12);
  for (size_t i = 0; i < from.size(); ++i) EXPECT_LT(Norm(found * from[i] - to[i]), 1e-12);
  EXPECT_EQ(AlignRigid(from, to).scale, 1);
}

TEST(Alignment, NeverReflects) {
  const std::vector<Vec3d> from = RandomPoints(20, 2);
  std::vector<Vec3d> mirrored = from;
  for (Vec3d& point : mirrored) point[0] = -point[0];
  const Mat3d rotation = MatrixFromQuaternion(AlignSimilarity(from, mirrored).rotation);
  EXPECT_NEAR(Determinant(rotation), 1, 1e-12);
}

TEST(Alignment, DegeneratePointsStayFinite) {
  const std::vector<Vec3d> same(5, Vec3d{1, 2, 3});
  const Similarity3d still = AlignSimilarity(same, std::vector<Vec3d>(5, Vec3d{4, 5, 6}));
  EXPECT_EQ(still.scale, 1);
  EXPECT_LT(Norm(still * same[0] - Vec3d{4, 5, 6}), 1e-12);
  EXPECT_THROW(AlignSimilarity({}, {}), Error);
}

TEST(HumanMetrics, RootErrorNeedsATruthThatMoves) {
  const std::vector<Vec3d> still(10, Vec3d{1, 2, 3});
  EXPECT_FALSE(RootTranslationErrors_percent(RandomPoints(10, 3), still).has_value());
  EXPECT_FALSE(RootTranslationErrors_percent({}, {}).has_value());
  EXPECT_TRUE(RootTranslationErrors_percent(still, RandomPoints(10, 3)).has_value());
}

TEST(HumanMetrics, ShortSequencesHaveNoDerivatives) {
  const PointSequence four{24, RandomPoints(4 * 24, 4)};
  EXPECT_TRUE(AccelerationErrors(four, four, 30).empty());
  EXPECT_EQ(Jitter(four, 30).size(), 1u);
  const PointSequence three{24, RandomPoints(3 * 24, 4)};
  EXPECT_TRUE(Jitter(three, 30).empty());
  EXPECT_EQ(PaMpjpe_mm(three, three).size(), 3u);
}

TEST(HumanMetrics, JitterOfAConstantAccelerationIsZero) {
  PointSequence falling{1, {}};
  for (int f = 0; f < 20; ++f) falling.points_m.push_back({0.1 * f, 4.9 * f * f / 900.0, 0});
  for (const double jitter : Jitter(falling, 30)) EXPECT_NEAR(jitter, 0, 1e-9);
  // A cubic c t^3 has third derivative 6 c.
  PointSequence cubic{1, {}};
  for (int f = 0; f < 20; ++f) cubic.points_m.push_back({std::pow(f / 30.0, 3), 0, 0});
  for (const double jitter : Jitter(cubic, 30)) EXPECT_NEAR(jitter, 0.6, 1e-8);
}

TEST(CameraMetrics, Statistics) {
  const ErrorStatistics statistics = Summarize({4, 1, 3, 2});
  EXPECT_EQ(statistics.mean, 2.5);
  EXPECT_EQ(statistics.median, 2.5);
  EXPECT_EQ(statistics.max, 4);
  EXPECT_DOUBLE_EQ(statistics.rmse, std::sqrt(7.5));
}

TEST(NearestPoints, EqualsTheExhaustiveSearch) {
  const std::vector<Vec3d> cloud = RandomPoints(700, 5);
  const NearestPoints nearest(cloud);
  for (const Vec3d& query : RandomPoints(200, 6)) {
    double best = std::numeric_limits<double>::infinity();
    for (const Vec3d& point : cloud) best = std::min(best, SquaredNorm(query - point));
    EXPECT_EQ(nearest.Distance(query), std::sqrt(best));
  }
  EXPECT_EQ(NearestPoints({}).Distance({0, 0, 0}), std::numeric_limits<double>::infinity());
}

TEST(VoxelGrid, GroupsByCellFromHalfAVoxelBelowTheMinimum) {
  // The smallest x is 0, so cells are [-0.5, 0.5), [0.5, 1.5), ...
  const std::vector<Vec3d> points = {{2, 0, 0}, {0, 0, 0}, {0.4, 0, 0}, {0.6, 0, 0}, {1.4, 0, 0}};
  const VoxelAssignment voxels = AssignVoxels(points, 1);
  EXPECT_EQ(voxels.voxel, (std::vector<int>{2, 0, 0, 1, 1}));
  ASSERT_EQ(voxels.centroids.size(), 3u);
  EXPECT_DOUBLE_EQ(voxels.centroids[0][0], 0.2);
  EXPECT_DOUBLE_EQ(voxels.centroids[1][0], 1.0);
  EXPECT_DOUBLE_EQ(voxels.centroids[2][0], 2.0);
  EXPECT_TRUE(AssignVoxels({}, 1).centroids.empty());
  EXPECT_THROW(AssignVoxels({{std::nan(""), 0, 0}, {0, 0, 0}}, 1), Error);
}

TEST(DepthMetrics, IgnoresWhatEitherSideDoesNotKnow) {
  ImageF truth(4, 1), predicted(4, 1);
  truth.data = {2, std::numeric_limits<float>::infinity(), 0, 4};
  predicted.data = {3, 1, 1, -1};
  const DepthErrors errors = CompareDepth(predicted, truth);
  EXPECT_EQ(errors.num_pixels, 1);
  EXPECT_DOUBLE_EQ(errors.abs_rel, 0.5);
  EXPECT_DOUBLE_EQ(errors.rmse_m, 1);
  EXPECT_EQ(errors.delta_1, 0);
  EXPECT_EQ(errors.delta_2, 1);
  EXPECT_NEAR(errors.si_log_rmse, 0, 1e-12);
  EXPECT_EQ(CompareDepth(ImageF(4, 1), truth).num_pixels, 0);
}

TEST(ContactMetrics, WindingNumberOfATetrahedron) {
  const std::vector<Vec3d> vertices = {{0, 0, 0}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
  const std::vector<std::array<int32_t, 3>> faces = {{0, 2, 1}, {0, 1, 3}, {0, 3, 2}, {1, 2, 3}};
  EXPECT_NEAR(WindingNumber({0.2, 0.2, 0.2}, vertices, faces), 1, 1e-12);
  EXPECT_NEAR(WindingNumber({0.5, 0.5, 0.5}, vertices, faces), 0, 1e-12);
  EXPECT_NEAR(WindingNumber({-3, 1, 1}, vertices, faces), 0, 1e-12);
}

TEST(ContactMetrics, ABodyAboveTheGroundFloats) {
  // A camera that looks down on a plane 2 m below it.
  ContactScene scene;
  scene.pinhole = {20, 16, 16};
  scene.world_from_cam.assign(30, Rigid3d::Identity());
  scene.keyframes.push_back({0, 1, ImageF(32, 32, 1, 2.0f), ImageF(32, 32, 1, 1.0f)});
  std::vector<int> frames;
  std::vector<std::array<Vec3d, 4>> feet;
  for (int f = 0; f < 30; ++f) {
    frames.push_back(f);
    feet.push_back({});
    feet.back().fill({0, 0, f < 10 ? 2.0 - 0.01 : 1.5});
  }
  const FootFloating floating = MeasureFootFloating(scene, frames, feet);
  EXPECT_EQ(floating.frames.size(), 29u);  // The last frame never counts.
  EXPECT_NEAR(floating.distance_m[0], 0.01, 1e-12);
  EXPECT_DOUBLE_EQ(floating.Rate(), 19.0 / 29.0);
  // Without a keyframe in the window nothing can be said.
  scene.keyframes[0].frame = 29;
  EXPECT_TRUE(MeasureFootFloating(scene, frames, feet).frames.empty());
}

}  // namespace
}  // namespace foothold
