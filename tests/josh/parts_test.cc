// SPDX-License-Identifier: Apache-2.0
// The parts around the solver: corrections between keyframes, cameras between keyframes, surfaces
// under feet, scene points.
#include <gtest/gtest.h>

#include <cmath>

#include "foothold/josh/assemble.h"
#include "foothold/josh/body_corrections.h"
#include "foothold/josh/scene_points.h"
#include "foothold/josh/support_surface.h"

namespace foothold {
namespace {

TEST(CubicWeights, HitKeysSumToOneAndReproduceParabolas) {
  const std::vector<int> keys{0, 5, 10, 13};
  const auto parabola = [](double t) { return 2 - 0.3 * t + 0.07 * t * t; };
  for (double time = -2; time <= 15; time += 0.5) {
    const KeyWeights weights = CubicWeights(keys, time, 20);
    double sum = 0, value = 0;
    for (int n = 0; n < 4; ++n) {
      sum += weights.weight[n];
      value += weights.weight[n] * parabola(keys[weights.key[n]]);
    }
    EXPECT_NEAR(sum, 1, 1e-12);
    EXPECT_NEAR(value, parabola(std::clamp(time, 0.0, 13.0)), 1e-12) << time;
  }
}

TEST(CubicWeights, RunsDoNotSeeEachOther) {
  const std::vector<int> keys{0, 5, 100, 105};
  for (const double time : {2.0, 50.0, 103.0}) {
    const KeyWeights weights = CubicWeights(keys, time, 20);
    EXPECT_EQ(weights.weight[0], 0) << time;
    EXPECT_EQ(weights.weight[3], 0) << time;
  }
  EXPECT_EQ(CubicWeights({7}, 3, 20).key[1], 0);
}

BodyPose MakePose(double x, double z, double turn) {
  BodyPose pose;
  pose.translation_m = {x, 0.2, z};
  pose.root = ExpQuaternion(Vec3d{0.1, turn, 0});
  pose.joints[3] = ExpQuaternion(Vec3d{turn, 0.2, 0});
  return pose;
}

// Keyframes get their optimised bodies exactly; a constant depth factor and a constant turn stay
// constant in between, whatever the body does there.
TEST(CorrectBodies, KeepsDetailBetweenKeyframes) {
  CorrectionInput input;
  input.key_times = {0, 5, 10};
  const Quatd turn = ExpQuaternion(Vec3d{0, 0.05, -0.1});
  const auto corrected = [&](const BodyPose& pose) {
    BodyPose out = pose;
    out.translation_m = 1.1 * (pose.translation_m + input.initial_pelvis_m) - input.optimised_pelvis_m;
    out.root = turn * pose.root;
    for (Quatd& joint : out.joints) joint = turn * joint;
    return out;
  };
  input.initial_pelvis_m = {0, 0.01, 0};
  input.optimised_pelvis_m = {0, 0.02, 0.003};
  for (int t = 0; t <= 10; ++t) {
    input.times.push_back(t);
    input.initial.push_back(
        MakePose(0.3 * std::sin(t), 4 + 0.1 * std::cos(2.1 * t), 0.2 * std::sin(3.0 * t)));
    if (t % 5 == 0) input.optimised_at_keys.push_back(corrected(input.initial.back()));
  }
  const std::vector<BodyPose> bodies = CorrectBodies(input);
  for (int t = 0; t <= 10; ++t) {
    const BodyPose expected = corrected(input.initial[t]);
    EXPECT_LT(Norm(bodies[t].translation_m - expected.translation_m), 1e-12) << t;
    EXPECT_LT(Norm(LogQuaternion(Conjugate(bodies[t].root) * expected.root)), 1e-10) << t;
    EXPECT_LT(Norm(LogQuaternion(Conjugate(bodies[t].joints[3]) * expected.joints[3])), 1e-10) << t;
  }
}

TEST(InterpolateCameras, FollowsTheInitialMotionAtTheOptimisedScale) {
  std::vector<Rigid3d> initial;
  for (int f = 0; f <= 6; ++f) {
    initial.push_back(
        {ExpQuaternion(Vec3d{0, 0.05 * std::sin(f), 0}), {0.1 * f, 0.02 * std::sin(2.0 * f), 0}});
  }
  const Rigid3d motion{ExpQuaternion(Vec3d{0.2, -0.4, 0.1}), {1, 2, 3}};
  const auto optimised = [&](int f) {
    Rigid3d camera = initial[f];
    camera.translation = 2.0 * camera.translation;
    return motion * camera;
  };
  const std::vector<Rigid3d> cameras =
      InterpolateCameras({0, 3, 6}, {optimised(0), optimised(3), optimised(6)}, initial);
  ASSERT_EQ(cameras.size(), 7u);
  for (int f = 0; f <= 6; ++f) {
    EXPECT_LT(Norm(cameras[f].translation - optimised(f).translation), 1e-9) << f;
  }
}

// A camera 1.5 m above a floor, looking 30 degrees down, and a step of 16 cm beyond z = 4 m.
struct Stairs {
  Pinholed pinhole{200, 80, 60};
  Vec3d up_in_cam{0, -std::cos(0.5236), -std::sin(0.5236)};
  Keyframe keyframe;

  Stairs() {
    keyframe.depth_m = ImageF(160, 120);
    keyframe.confidence = ImageF(160, 120);
    const Vec3d forward{0, -std::sin(0.5236), std::cos(0.5236)};
    for (int y = 0; y < 120; ++y) {
      for (int x = 0; x < 160; ++x) {
        const Vec3d ray = Unproject(pinhole, Vec2d{double(x), double(y)});
        const double fall = -Dot(up_in_cam, ray);
        if (!(fall > 0)) continue;
        const double near_depth = 1.5 / fall, far_depth = 1.34 / fall;
        const double riser_depth = 3.0 / Dot(forward, ray);
        const double depth = near_depth * Dot(forward, ray) < 3.0  ? near_depth
                             : far_depth * Dot(forward, ray) > 3.0 ? far_depth
                                                                   : riser_depth;
        keyframe.depth_m.At(x, y) = static_cast<float>(depth);
        keyframe.confidence.At(x, y) = 1;
      }
    }
  }
};

TEST(FindSupportSurfaces, FindsBothTreadsAndNotTheRiser) {
  const Stairs stairs;
  SurfaceSearch search;
  search.up_in_cam = stairs.up_in_cam;
  search.radius_px = 30;
  // On the edge of the step.
  const Vec3d edge = -1.4 * stairs.up_in_cam + 3.0 * Vec3d{0, -std::sin(0.5236), std::cos(0.5236)};
  const Vec2d pixel = Project(stairs.pinhole, edge);
  const std::vector<SupportSurface> surfaces =
      FindSupportSurfaces(stairs.keyframe, stairs.pinhole, pixel, search);
  ASSERT_GE(surfaces.size(), 2u);
  bool low = false, high = false;
  for (const SupportSurface& surface : surfaces) {
    // Depth of the surface straight below the camera's axis point at this pixel.
    const double inverse =
        surface.plane.a * (pixel[0] - 80) + surface.plane.b * (pixel[1] - 60) + surface.plane.c;
    const Vec3d point = (1 / inverse) * Unproject(stairs.pinhole, pixel);
    const double below_m = -Dot(stairs.up_in_cam, point);
    low |= std::abs(below_m - 1.5) < 0.01;
    high |= std::abs(below_m - 1.34) < 0.01;
  }
  EXPECT_TRUE(low);
  EXPECT_TRUE(high);
}

TEST(FindSupportSurfaces, NothingSeenGivesNothing) {
  Stairs stairs;
  std::fill(stairs.keyframe.confidence.data.begin(), stairs.keyframe.confidence.data.end(), 0.0f);
  EXPECT_TRUE(FindSupportSurfaces(stairs.keyframe, stairs.pinhole, {80, 60}, SurfaceSearch()).empty());
}

TEST(ScenePoints, OnePerVoxelAndNeverTooMany) {
  Stairs stairs;
  Observations observations;
  stairs.keyframe.color = ImageU8(160, 120, 3, 77);
  observations.keyframes.push_back(stairs.keyframe);
  Reconstruction reconstruction;
  reconstruction.pinhole = stairs.pinhole;
  reconstruction.world_from_cam = {Rigid3d::Identity()};
  reconstruction.keyframes.push_back({0, 1, stairs.keyframe.depth_m, stairs.keyframe.confidence});
  ScenePointOptions options;
  const std::vector<ScenePoint> points = GatherScenePoints(reconstruction, observations, options);
  EXPECT_GT(points.size(), 500u);
  EXPECT_EQ(points[0].rgb[1], 77);
  options.max_points = 100;
  const std::vector<ScenePoint> few = GatherScenePoints(reconstruction, observations, options);
  EXPECT_LE(few.size(), 100u);
  EXPECT_GT(few.size(), 20u);
}

}  // namespace
}  // namespace foothold
