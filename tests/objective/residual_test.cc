// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <functional>

#include "foothold/base/random.h"
#include "foothold/objective/contact_residual.h"
#include "foothold/objective/prior_residual.h"
#include "foothold/objective/robust_loss.h"

namespace foothold {
namespace {

TEST(RobustLoss, IsHalfASquareNearZeroAndItsWeightIsItsSlope) {
  for (const double gamma : {1.1, 1.0, 0.4}) {
    const RobustLoss loss(gamma, 0.7);
    EXPECT_EQ(loss.Cost(0), 0);
    EXPECT_NEAR(loss.Weight(0), 1, 1e-12);
    EXPECT_NEAR(loss.Cost(1e-6), 0.5e-6, 1e-9);
    for (const double r : {0.1, 1.0, 5.0, 100.0}) {
      const double h = 1e-5 * r;
      const double slope = (loss.Cost((r + h) * (r + h)) - loss.Cost((r - h) * (r - h))) / (2 * h);
      EXPECT_NEAR(loss.Weight(r * r) * r, slope, 1e-6 * slope);
    }
    EXPECT_LT(loss.Weight(100), loss.Weight(1));
  }
}

TEST(RobustLoss, AnnealingNarrowsTheKernel) {
  const double far2 = 400;
  double last = std::numeric_limits<double>::infinity();
  for (const double progress : {0.0, 0.25, 0.5, 0.75, 1.0}) {
    const double cost = RobustLoss::Annealed(0.4, 1, progress).Cost(far2);
    EXPECT_LT(cost, last);
    last = cost;
  }
  EXPECT_EQ(RobustLoss::Annealed(0.4, 1, 1).Cost(far2), RobustLoss(0.4, 1).Cost(far2));
}

TEST(ContactResidual, IsTheDepthRatioOnThePlane) {
  const InverseDepthPlane<double> plane{2e-4, 1e-3, 0.2};
  const double focal = 400;
  // A point of the unscaled plane at pixel offset (30, 90), moved to 1.5 times its depth.
  const double inverse = plane.a * 30 + plane.b * 90 + plane.c;
  const double depth = 1.5 * 3 / inverse;
  const Vec3d vertex{30 / focal * depth, 90 / focal * depth, depth};
  const double residual = ContactScaleResidual<double>(plane, vertex, focal, std::log(3.0), nullptr);
  EXPECT_NEAR(residual, std::log(1.5), 1e-12);
}

TEST(PriorResidual, InverseRightJacobianInverts) {
  RandomStream random(1, "so3");
  for (int i = 0; i < 50; ++i) {
    const double size = i < 5 ? 1e-5 : i == 5 ? 3.1 / std::sqrt(3.0) : random.Uniform(0, 1.5);
    Vec3d w{random.Normal(), random.Normal(), random.Normal()};
    w = (size / Norm(w)) * w;
    const Mat3d product = RightJacobianSo3(w) * InverseRightJacobianSo3(w);
    for (int r = 0; r < 3; ++r) {
      for (int c = 0; c < 3; ++c) EXPECT_NEAR(product(r, c), r == c ? 1 : 0, 1e-10);
    }
  }
}

// With the focal length, the depth at which a body of given image size stands grows: no cost.
TEST(PriorResidual, PelvisDepthFollowsTheFocalLength) {
  const Vec3d initial{0.4, -0.2, 4};
  const Vec3d farther{0.4, -0.2, 4 * 1.1};
  const Vec3d residual = PelvisResidual<double>(initial, 400, farther, 440, 0.2, nullptr);
  EXPECT_LT(Norm(residual), 1e-12);
}

}  // namespace
}  // namespace foothold
