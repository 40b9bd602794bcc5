// SPDX-License-Identifier: Apache-2.0
#include "foothold/geometry/robust_kernel.h"

#include "geometry/dual.h"
#include "geometry/random_geometry.h"

namespace foothold {
namespace {

using Kernel = RobustKernel<double>;

TEST(RobustKernel, OffsetsOfTheTwoKernels) {
  EXPECT_NEAR(Kernel::FromGamma(1.1).offset, 0.385543, 5e-7);
  EXPECT_NEAR(Kernel::FromGamma(0.4).offset, 0.217153, 5e-7);
}

TEST(RobustKernel, ZeroAtZeroWithSlopeOne) {
  for (double gamma : {0.2, 0.4, 0.5, 0.9, 1.1, 1.5}) {
    const Kernel kernel = Kernel::FromGamma(gamma);
    EXPECT_EQ(kernel.Value(0), 0);
    EXPECT_NEAR(kernel.Slope(0), 1, 1e-14) << gamma;
  }
}

TEST(RobustKernel, SlopeIsTheDerivativeOfValue) {
  for (double gamma : {0.4, 1.1}) {
    const Kernel kernel = Kernel::FromGamma(gamma);
    const auto dual_kernel = RobustKernel<Dual>::FromGamma(gamma);
    for (double r : {0.0, 1e-6, 0.01, 0.3, 2.0, 50.0}) {
      EXPECT_NEAR(dual_kernel.Value(Dual(r, 1)).slope, kernel.Slope(r), 1e-13);
    }
  }
}

TEST(RobustKernel, GrowsAndConcavesAsItsGammaSays) {
  for (double gamma : {0.4, 1.1}) {
    const Kernel kernel = Kernel::FromGamma(gamma);
    double previous_value = -1, previous_slope = kernel.Slope(0);
    for (double r = 0.1; r < 20; r += 0.1) {
      EXPECT_GT(kernel.Value(r), previous_value);
      EXPECT_GT((gamma - 1) * (kernel.Slope(r) - previous_slope), 0);
      previous_value = kernel.Value(r);
      previous_slope = kernel.Slope(r);
    }
  }
}

TEST(RobustKernel, WeightIsSlopeOverResidual) {
  const Kernel kernel = Kernel::FromGamma(0.4);
  EXPECT_NEAR(kernel.Weight(2.0, 1e-6), kernel.Slope(2.0) / 2.0, 1e-11);
  EXPECT_NEAR(kernel.Weight(0.0, 0.01), kernel.Slope(0.01) / 0.01, 1e-12);
}

}  // namespace
}  // namespace foothold
