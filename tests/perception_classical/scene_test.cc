// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <numbers>

#include "foothold/base/error.h"
#include "foothold/base/random.h"
#include "foothold/perception/classical/contact_scale.h"
#include "foothold/perception/classical/ground.h"
#include "foothold/perception/classical/initial_body.h"
#include "foothold/perception/classical/metrology.h"
#include "foothold/perception/classical/statistics.h"
#include "labels/body_file.h"

namespace foothold {
namespace {

constexpr double kDegree = std::numbers::pi / 180;

TEST(Ground, IsFoundAmongWallsAndClutter) {
  RandomStream random(1, "ground");
  const Vec3d up = UpFromPitchRoll(8 * kDegree, -2 * kDegree);
  const double height = 1.6;
  const Vec3d forward = Normalized(Vec3d{0, 0, 1} - Dot(Vec3d{0, 0, 1}, up) * up), side = Cross(up, forward);
  std::vector<Vec3d> points;
  for (int i = 0; i < 1200; ++i) {
    const double along = random.Uniform(2, 25), across = random.Uniform(-6, 6);
    double above = 0.01 * random.Normal();
    if (i % 2 == 0) above = random.Uniform(0, 4);  // Walls, trees.
    points.push_back(along * forward + across * side + (above - height) * up);
  }
  std::vector<Rigid3d> cameras;
  for (int k = 0; k < 5; ++k) cameras.push_back({Quatd::Identity(), 0.4 * k * forward});
  const GroundEstimate ground = FindGround(points, cameras, GroundOptions());
  ASSERT_TRUE(ground.plane.known);
  EXPECT_LT(std::acos(std::min(1.0, Dot(ground.plane.up_in_world, up))), 0.3 * kDegree);
  EXPECT_NEAR(ground.camera_height, height, 0.02);
  EXPECT_LT(ground.height_cv, 0.01);
  // A pixel's plane depth lies on the plane.
  const Vec3d ray{0.1, 0.3, 1};
  const double depth = PlaneDepth(ground.plane, cameras[2], ray);
  ASSERT_GT(depth, 0);
  EXPECT_NEAR(HeightAbove(ground.plane, cameras[2] * (depth * ray)), 0, 1e-9);
  EXPECT_LE(PlaneDepth(ground.plane, cameras[2], {0, -0.5, 1}), 0) << "the sky is not ground";
}

TEST(Ground, IsNotInventedInACloud) {
  RandomStream random(2, "cloud");
  std::vector<Vec3d> points;
  for (int i = 0; i < 500; ++i) {
    points.push_back({random.Uniform(-5, 5), random.Uniform(-5, 5), random.Uniform(3, 15)});
  }
  EXPECT_FALSE(FindGround(points, {Rigid3d::Identity()}, GroundOptions()).plane.known);
}

struct Walkers {
  std::vector<Look> looks;
  std::vector<double> statures_m;
  std::vector<double> depths_m;
};

// People who walk straight lines at their own speed, in all directions, seen from above.
Walkers MakeWalkers(
    double focal, double pitch, double roll, double height, int people, double noise, uint64_t seed) {
  RandomStream random(seed, "walkers");
  const Vec3d up = UpFromPitchRoll(pitch, roll);
  const Vec3d forward = Normalized(Vec3d{0, 0, 1} - Dot(Vec3d{0, 0, 1}, up) * up), side = Cross(forward, up);
  Walkers walkers;
  for (int p = 0; p < people; ++p) {
    walkers.statures_m.push_back(1.70 * std::exp(0.04 * random.Normal()));
    const double along = random.Uniform(10, 35), across = random.Uniform(-5, 5);
    const double heading = random.Uniform(0, 2 * std::numbers::pi),
                 speed = 1.3 * std::exp(0.1 * random.Normal());
    for (int k = 0; k < 60; ++k) {
      const double t = 0.1 * k - 3;
      const Vec3d foot = -height * up + (along + speed * t * std::cos(heading)) * forward +
                         (across + speed * t * std::sin(heading)) * side;
      const Vec3d head = foot + walkers.statures_m[p] * up;
      if (foot[2] < 2) continue;
      Look look;
      look.person = p;
      look.time_s = 0.1 * k;
      look.foot_px = focal * Vec2d{foot[0] / foot[2], foot[1] / foot[2]};
      look.head_px = focal * Vec2d{head[0] / head[2], head[1] / head[2]};
      const double size = look.foot_px[1] - look.head_px[1];
      look.foot_px[1] += noise * size * random.Normal();
      look.head_px[1] += noise * size * random.Normal();
      walkers.looks.push_back(look);
      walkers.depths_m.push_back(foot[2]);
    }
  }
  return walkers;
}

TEST(Metrology, RecoversPitchRollAndHeightForAKnownFocalLength) {
  const double pitch = 16 * kDegree, roll = -3 * kDegree, height = 6.5;
  const Walkers walkers = MakeWalkers(1000, pitch, roll, height, 12, 0.02, 3);
  const MetrologyResult fit = FitGroundFromPeople(walkers.looks, 12, 768, 1000, MetrologyOptions());
  EXPECT_NEAR(fit.focal_px, 1000, 1e-6);
  EXPECT_NEAR(fit.pitch_rad, pitch, 1.0 * kDegree);
  EXPECT_NEAR(fit.roll_rad, roll, 1.5 * kDegree);
  EXPECT_NEAR(fit.camera_height_m, height, 0.06 * height);
  std::vector<double> ratios;
  for (size_t i = 0; i < walkers.looks.size(); ++i)
    ratios.push_back(fit.foot_in_ref_m[i][2] / walkers.depths_m[i]);
  EXPECT_NEAR(Median(ratios), 1, 0.05);
  for (int p = 0; p < 12; ++p) EXPECT_NEAR(fit.statures_m[p] / walkers.statures_m[p], 1, 0.08) << p;
}

TEST(Metrology, IsotropyOfWalkingRefinesTheFocalLength) {
  // 1.75 W against the prior's 1.1 W: the heights alone do not tell.
  const Walkers walkers = MakeWalkers(1350, 18 * kDegree, 0, 7, 40, 0.015, 4);
  const MetrologyResult fit = FitGroundFromPeople(walkers.looks, 40, 768, 0, MetrologyOptions());
  EXPECT_TRUE(fit.used_isotropy);
  EXPECT_NEAR(fit.focal_px, 1350, 0.2 * 1350);
  EXPECT_GT(fit.focal_sigma, 0.01);
}

TEST(Metrology, TooFewSightsAreRejectedByName) {
  try {
    FitGroundFromPeople(std::vector<Look>(3), 1, 768, 0, MetrologyOptions());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.reason(), "few_points");
  }
}

TEST(ContactScale, MeasuresSpreadAndTrendPerPerson) {
  PersonScale steady, drifting;
  steady.person = 0;
  drifting.person = 1;
  for (int k = 0; k < 20; ++k) {
    steady.time_s.push_back(k);
    drifting.time_s.push_back(k);
    steady.ratios.push_back(2 * (1 + 0.01 * (k % 2 == 0 ? 1 : -1)));
    drifting.ratios.push_back(2 * std::exp(0.1 * k / 19));
  }
  const ContactScale scale = SummarizeScales({steady, drifting});
  ASSERT_EQ(scale.people.size(), 2u);
  EXPECT_NEAR(scale.people[0].spread, 0.0148, 0.001);
  EXPECT_NEAR(scale.people[0].trend, 0, 0.005);
  EXPECT_NEAR(scale.people[1].trend, 0.1, 1e-9);
  EXPECT_NEAR(scale.scale, 2, 0.1);
  EXPECT_EQ(SummarizeScales({}).scale, 0);
}

class InitialBody : public ::testing::Test {
 protected:
  const BodyModel model_ = labels::ReadBodyModel(labels::DefaultBodyModelPath());
};

TEST_F(InitialBody, HasTheStatureAskedForAndHangingArms) {
  for (const double stature : {1.6, 1.7, 1.85}) {
    const UprightBody body = MakeUprightBody(model_, stature, BodyOptions());
    EXPECT_NEAR(body.stature_m, stature, 1e-3);
    const PosedSkeleton skeleton = PoseSkeleton(model_, body.shape, body.pose);
    const Vec3d arm = skeleton.joints_m[kLeftWrist] - skeleton.joints_m[kLeftShoulder];
    EXPECT_LT(arm[1] / Norm(arm), -0.9);
    EXPECT_GT(arm[0], 0);
    EXPECT_LT(skeleton.joints_m[kRightWrist][0], skeleton.joints_m[kRightShoulder][0]);
  }
}

TEST_F(InitialBody, StandsOnTheGivenPointUprightAndFacing) {
  const UprightBody body = MakeUprightBody(model_, 1.7, BodyOptions());
  const Vec3d up = UpFromPitchRoll(12 * kDegree, 3 * kDegree), foot{1, 1.2, 6};
  const Vec3d forward = Normalized(Vec3d{1, 0, -0.2} - Dot(Vec3d{1, 0, -0.2}, up) * up);
  const BodyPose pose = StandAt(body, foot, up, forward);
  double lowest = 1e9, highest = -1e9;
  for (const Vec3d& vertex : PoseAllVertices(model_, body.shape, pose)) {
    lowest = std::min(lowest, Dot(vertex - foot, up));
    highest = std::max(highest, Dot(vertex - foot, up));
  }
  EXPECT_NEAR(lowest, 0, 1e-6);
  EXPECT_NEAR(highest, 1.7, 2e-3);
  const PosedSkeleton skeleton = PoseSkeleton(model_, body.shape, pose);
  const Vec3d toes = skeleton.joints_m[kLeftFoot] - skeleton.joints_m[kLeftAnkle];
  EXPECT_GT(Dot(toes, forward), 0.05);
  const Vec3d left = skeleton.joints_m[kLeftHip] - skeleton.joints_m[kRightHip];
  EXPECT_GT(Dot(left, Cross(up, forward)), 0.05);
  const std::vector<Vec3d> soles =
      PoseVertices(model_, body.shape, pose, {body.lowest_vertex[0], body.lowest_vertex[1]});
  for (const Vec3d& sole : soles) EXPECT_LT(Dot(sole - foot, up), 0.02);
}

TEST_F(InitialBody, DepthFromHeightInvertsTheProjection) {
  const Vec3d up = UpFromPitchRoll(15 * kDegree, -2 * kDegree), foot{-0.8, 1.4, 7};
  const Vec3d head = foot + 1.7 * up;
  const Vec3d foot_ray{foot[0] / foot[2], foot[1] / foot[2], 1},
      head_ray{head[0] / head[2], head[1] / head[2], 1};
  EXPECT_NEAR(DepthFromHeight(foot_ray, head_ray, up, 1.7), 7, 1e-9);
  EXPECT_EQ(DepthFromHeight(head_ray, foot_ray, up, 1.7), 0);
}

TEST(Motion, HeadingFollowsTheWalkAndStaysWhileStanding) {
  const Vec3d up{0, -1, 0};
  std::vector<double> time_s;
  std::vector<Vec3d> foot;
  for (int i = 0; i < 80; ++i) {
    time_s.push_back(0.1 * i);
    const double x = 1.2 * std::min(0.1 * i, 4.0);  // Walks for 4 s, then stands.
    foot.push_back({x, 1.5 + 0.03 * (i % 2), 5});
  }
  const std::vector<Vec3d> heading = HeadingsFromMotion(time_s, foot, up, {0, 0, -1}, BodyOptions());
  EXPECT_GT(heading[10][0], 0.98);
  EXPECT_GT(heading[79][0], 0.9);
  for (const Vec3d& h : heading) {
    EXPECT_NEAR(Norm(h), 1, 1e-9);
    EXPECT_NEAR(Dot(h, up), 0, 1e-9);
  }
  EXPECT_NEAR(MedianSpeed({time_s.begin(), time_s.begin() + 40}, {foot.begin(), foot.begin() + 40}, up, 1),
              1.2,
              0.05);
  EXPECT_TRUE(std::isnan(MedianSpeed({0, 0.1}, {foot[0], foot[1]}, up, 1)));
  const std::vector<double> smooth = SmoothOverTime({0, 1, 2, 3, 4}, {0, 1, 20, 3, 4}, 10);
  EXPECT_NEAR(smooth[2], 2, 3);  // The outlier hardly pulls.
}

}  // namespace
}  // namespace foothold
