// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/geometry/vec.h"

namespace foothold {

// JOSH's robust kernel: rho(r) = (r + o)^gamma - o^gamma with o = (1/gamma)^(1/(gamma-1)), r >= 0.
// rho(0) = 0 and the slope at zero is exactly 1: a cusp, not a parabola.
template <class T>
struct RobustKernel {
  T gamma;
  T offset;  // o above.

  FOOTHOLD_HD static RobustKernel FromGamma(const T& gamma) {
    using std::pow;
    return {gamma, pow(T(1) / gamma, T(1) / (gamma - T(1)))};
  }
  FOOTHOLD_HD T Value(const T& r) const {
    using std::pow;
    return pow(r + offset, gamma) - pow(offset, gamma);
  }
  FOOTHOLD_HD T Slope(const T& r) const {
    using std::pow;
    return gamma * pow(r + offset, gamma - T(1));
  }
  // Weight of iteratively reweighted least squares, slope / r, with r floored smoothly at epsilon.
  FOOTHOLD_HD T Weight(const T& r, const T& epsilon) const {
    using std::sqrt;
    const T smooth = sqrt(r * r + epsilon * epsilon);
    return Slope(smooth) / smooth;
  }
};

}  // namespace foothold
