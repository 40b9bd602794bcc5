// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

#include "foothold/geometry/robust_kernel.h"
#include "foothold/objective/match_sums.h"
#include "foothold/objective/released/objective.h"

namespace foothold {

// The released kernel has a cusp at zero. Second-order minimisers round it off, distances r counting as
// sqrt(r^2 + epsilon^2), and sharpen it while they run.
struct CuspAnnealing {
  double first_epsilon, last_epsilon;
  double first_gamma, last_gamma;

  // `progress` from 0 to 1.
  FOOTHOLD_HD MatchKernelParameters At(double progress) const {
    return {first_gamma + (last_gamma - first_gamma) * progress,
            first_epsilon * pow(last_epsilon / first_epsilon, progress)};
  }
};

// Of terms in metres and of pixel distances, complete after so many iterations.
FOOTHOLD_HD CuspAnnealing MetreAnnealing() { return {0.1, 1e-4, kHumanGamma, kHumanGamma}; }
FOOTHOLD_HD CuspAnnealing PixelAnnealing() { return {2, 0.05, kReprojectGamma, kReprojectGamma}; }
constexpr int kAnnealIterations = 5;

// Cost and reweighting of a distance in double, as SmoothKernel does it in lanes.
class CuspKernel {
 public:
  FOOTHOLD_HD explicit CuspKernel(const MatchKernelParameters& parameters)
      : kernel_(RobustKernel<double>::FromGamma(parameters.gamma)),
        epsilon2_(parameters.epsilon * parameters.epsilon),
        floor_(kernel_.Value(parameters.epsilon)) {}
  FOOTHOLD_HD double Cost(double r2, double* weight) const {
    const double r = sqrt(r2 + epsilon2_);
    *weight = kernel_.Slope(r) / r;
    return kernel_.Value(r) - floor_;
  }

 private:
  RobustKernel<double> kernel_;
  double epsilon2_, floor_;
};

}  // namespace foothold
