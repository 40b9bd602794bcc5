// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception/classical/bundle.h"

#include <gtest/gtest.h>

#include "foothold/base/error.h"
#include "foothold/perception/classical/moving_camera.h"
#include "perception_classical/synthetic_scene.h"

namespace foothold {
namespace {

using testing::CompareCameras;
using testing::MakeScene;
using testing::SyntheticScene;
using testing::SyntheticSceneOptions;

TEST(Bundle, JacobianEqualsDifferencesOfTheTemplatedProjection) {
  const LensModel lens{550, -0.12, 480, 270};
  const Rigid3d pose{ExpQuaternion(Vec3d{0.2, -0.4, 0.1}), {0.3, -0.2, 0.5}};
  const Vec3d point{0.7, 0.4, 2.5};
  ProjectionJacobian jacobian;
  const Vec2d pixel = ProjectWithJacobian(lens, pose, point, &jacobian);
  const Vec2d center{lens.center_x_px, lens.center_y_px};
  const auto project = [&](const Vec<double, 11>& d) {  // Rotation, translation, point, log focal, k1.
    const Rigid3d moved{ExpQuaternion(Vec3d{d[0], d[1], d[2]}) * pose.rotation, {0, 0, 0}};
    const Vec3d in_cam =
        moved * (point + Vec3d{d[6], d[7], d[8]}) + pose.translation + Vec3d{d[3], d[4], d[5]};
    return ProjectWithLens(lens.focal_px * std::exp(d[9]), lens.k1 + d[10], center, in_cam);
  };
  EXPECT_NEAR(Norm(project(Vec<double, 11>::Zero()) - pixel), 0, 1e-10);
  for (int k = 0; k < 11; ++k) {
    const double step = 1e-6;
    Vec<double, 11> plus = Vec<double, 11>::Zero(), minus = plus;
    plus[k] = step;
    minus[k] = -step;
    const Vec2d numeric = (project(plus) - project(minus)) / (2 * step);
    for (int r = 0; r < 2; ++r) {
      const double analytic = k < 6    ? jacobian.pose(r, k)
                              : k < 9  ? jacobian.point(r, k - 6)
                              : k == 9 ? jacobian.log_focal[r]
                                       : jacobian.k1[r];
      EXPECT_NEAR(analytic, numeric[r], 1e-4 * (1 + std::abs(analytic))) << "column " << k << " row " << r;
    }
  }
}

TEST(Bundle, RayOfPixelInvertsTheProjection) {
  const LensModel lens{550, -0.12, 480, 270};
  const Vec3d ray{0.5, -0.3, 1};
  const Vec3d back = RayOfPixel(lens, ProjectWithLens(lens, ray));
  EXPECT_NEAR(Norm(back - ray), 0, 1e-9);
}

TEST(Bundle, ReturnsToTheTruthFromAPerturbedStart) {
  SyntheticSceneOptions options;
  options.noise_px = 0;
  options.num_keyframes = 8;
  options.num_points = 300;
  const SyntheticScene scene = MakeScene(options, 1);
  SparseModel model;
  model.lens = scene.lens;
  model.cam_from_world = scene.cam_from_world;
  RandomStream random(2, "perturbation");
  for (size_t t = 0; t < scene.track_points.size(); ++t) {
    model.point_tracks.push_back(static_cast<int>(t));
    const Vec3d x = scene.points_in_world[scene.track_points[t]];
    model.points_in_world.push_back((1 + 0.02 * random.Normal()) * x);
  }
  for (size_t c = 1; c < model.cam_from_world.size(); ++c) {
    Rigid3d& pose = model.cam_from_world[c];
    pose.rotation =
        ExpQuaternion(0.01 * Vec3d{random.Normal(), random.Normal(), random.Normal()}) * pose.rotation;
    pose.translation = pose.translation + 0.03 * Vec3d{random.Normal(), random.Normal(), random.Normal()};
  }
  model.lens.focal_px *= 1.05;
  BundleProblem problem = MakeBundleProblem(scene.tracks, model);
  BundleOptions bundle;
  bundle.optimize_focal = bundle.optimize_k1 = true;
  bundle.max_iterations = 60;
  bundle.relative_tolerance = 1e-12;
  const BundleSummary summary = AdjustBundle(bundle, &problem);
  EXPECT_LT(summary.final_cost, 1e-3 * summary.initial_cost);
  EXPECT_NEAR(problem.lens.focal_px, scene.lens.focal_px, 0.005 * scene.lens.focal_px);
  double rotation, position;
  CompareCameras(problem.cam_from_world, scene.cam_from_world, &rotation, &position);
  EXPECT_LT(rotation, 1e-3);
  EXPECT_LT(position, 1e-2);
}

TEST(Bundle, HeldQuantitiesStay) {
  SyntheticSceneOptions options;
  options.num_keyframes = 5;
  options.num_points = 150;
  const SyntheticScene scene = MakeScene(options, 3);
  SparseModel model;
  model.lens = scene.lens;
  model.cam_from_world = scene.cam_from_world;
  for (size_t t = 0; t < scene.track_points.size(); ++t) {
    model.point_tracks.push_back(static_cast<int>(t));
    model.points_in_world.push_back(1.01 * scene.points_in_world[scene.track_points[t]]);
  }
  BundleProblem problem = MakeBundleProblem(scene.tracks, model);
  BundleOptions bundle;
  bundle.fix_translations = true;
  AdjustBundle(bundle, &problem);
  EXPECT_EQ(problem.lens.focal_px, scene.lens.focal_px);
  EXPECT_EQ(problem.lens.k1, scene.lens.k1);
  for (size_t c = 0; c < scene.cam_from_world.size(); ++c) {
    EXPECT_TRUE(problem.cam_from_world[c].translation == scene.cam_from_world[c].translation);
  }
}

TEST(Bundle, RefinePoseIgnoresOutliers) {
  SyntheticSceneOptions options;
  options.num_keyframes = 2;
  options.num_points = 300;
  const SyntheticScene scene = MakeScene(options, 4);
  std::vector<Vec3d> points;
  std::vector<Vec2d> pixels;
  RandomStream random(5, "outliers");
  for (const Vec3d& point : scene.points_in_world) {
    const Vec3d in_cam = scene.cam_from_world[1] * point;
    if (in_cam[2] < 1) continue;
    points.push_back(point);
    pixels.push_back(ProjectWithLens(scene.lens, in_cam));
    if (random.Bernoulli(0.15)) pixels.back() = pixels.back() + Vec2d{random.Uniform(5, 60), 8};
  }
  Rigid3d pose = scene.cam_from_world[0];
  RefinePose(scene.lens, points, pixels, 10, &pose);
  RefinePose(scene.lens, points, pixels, 1, &pose);
  EXPECT_LT(Norm(LogQuaternion(Normalized(Conjugate(pose.rotation) * scene.cam_from_world[1].rotation))),
            2e-3);
  EXPECT_LT(Norm(pose.translation - scene.cam_from_world[1].translation), 0.03);
}

TEST(SelfCalibration, FindsFocalAndRadialDistortionFromTracks) {
  for (const double focal : {0.575, 0.9}) {
    SyntheticSceneOptions options;
    options.focal_over_width = focal;
    options.k1 = -0.12;
    const SyntheticScene scene = MakeScene(options, 6);
    const KeyframeSolution solution = SolveKeyframes(scene.tracks, CalibrationOptions(), 2);
    EXPECT_NEAR(solution.model.lens.focal_px / scene.lens.focal_px, 1, 0.03) << focal;
    EXPECT_NEAR(solution.model.lens.k1, scene.lens.k1, 0.02) << focal;
    EXPECT_LT(solution.model.rms_px, 0.5);
    EXPECT_TRUE(solution.calibration.focal_observable);
    double rotation, position;
    CompareCameras(solution.model.cam_from_world, scene.cam_from_world, &rotation, &position);
    EXPECT_LT(rotation, 0.01) << focal;
    EXPECT_LT(position, 0.03) << focal;
  }
}

TEST(SelfCalibration, ThreadsDoNotChangeTheResult) {
  SyntheticSceneOptions options;
  options.num_keyframes = 8;
  options.num_points = 300;
  const SyntheticScene scene = MakeScene(options, 7);
  const KeyframeSolution one = SolveKeyframes(scene.tracks, CalibrationOptions(), 1);
  const KeyframeSolution two = SolveKeyframes(scene.tracks, CalibrationOptions(), 2);
  EXPECT_EQ(one.model.lens.focal_px, two.model.lens.focal_px);
  ASSERT_EQ(one.model.points_in_world.size(), two.model.points_in_world.size());
  for (size_t p = 0; p < one.model.points_in_world.size(); ++p) {
    ASSERT_TRUE(one.model.points_in_world[p] == two.model.points_in_world[p]);
  }
}

TEST(SparseModel, ACameraThatHardlyMovesIsRejectedByName) {
  SyntheticSceneOptions options;
  options.rotation_only = true;
  options.noise_px = 0.1;
  const SyntheticScene scene = MakeScene(options, 8);
  try {
    SolveKeyframes(scene.tracks, CalibrationOptions(), 1);
    FAIL() << "a rotating camera gave a reconstruction";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
    EXPECT_TRUE(error.reason() == "low_parallax" || error.reason() == "few_points") << error.reason();
  }
}

}  // namespace
}  // namespace foothold
