// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

#include "foothold/geometry/robust_kernel.h"

namespace foothold {

// Robust cost of a residual given in units of its standard deviation. The kernel rho_gamma is rounded
// off with sqrt(r^2 + epsilon^2) and scaled so that cost ~ r^2 / 2 near zero: terms add like negative
// log likelihoods, and beyond epsilon deviations an outlier pulls less and less.
class RobustLoss {
 public:
  RobustLoss(double gamma, double epsilon)
      : kernel_(RobustKernel<double>::FromGamma(std::abs(gamma - 1) < 1e-3 ? 0.999 : gamma)),
        epsilon_(epsilon),
        epsilon2_(epsilon * epsilon),
        scale_(epsilon / kernel_.Slope(epsilon)),
        floor_((epsilon + kernel_.offset) * std::pow(epsilon + kernel_.offset, kernel_.gamma - 1)) {}

  // Continuation from nearly quadratic and convex (gamma 1.1, wide epsilon) at progress 0 to
  // (gamma, epsilon) at progress 1.
  static RobustLoss Annealed(double gamma, double epsilon, double progress) {
    return RobustLoss(1.1 + (gamma - 1.1) * progress, epsilon * std::pow(10.0, 1 - progress));
  }

  // Cost = scale * (rho_gamma(sqrt(r^2 + epsilon^2)) - rho_gamma(epsilon)).
  double gamma() const { return kernel_.gamma; }
  double epsilon() const { return epsilon_; }
  double scale() const { return scale_; }

  double Cost(double squared_norm) const {
    double weight;
    return CostAndWeight(squared_norm, &weight);
  }
  // d cost / d (squared_norm / 2): the weight of reweighted least squares.
  double Weight(double squared_norm) const {
    double weight;
    CostAndWeight(squared_norm, &weight);
    return weight;
  }
  // Both for the price of one power.
  double CostAndWeight(double squared_norm, double* weight) const {
    const double r = std::sqrt(squared_norm + epsilon2_);
    const double base = r + kernel_.offset;
    const double power = std::pow(base, kernel_.gamma - 1);
    *weight = scale_ * kernel_.gamma * power / r;
    return scale_ * (base * power - floor_);
  }

 private:
  RobustKernel<double> kernel_;
  double epsilon_, epsilon2_, scale_;
  double floor_;  // Rounded like the costs, so that Cost(0) is exactly 0.
};

}  // namespace foothold
