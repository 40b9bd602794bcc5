// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/objective/match_kernel.h"
#include "foothold/objective/relative_twist.h"

namespace foothold {

// Depth model of a keyframe at a focal length: shift, stretch, zoom (match_kernel.h).
FOOTHOLD_HD Vec3d DepthModel(double median_m, double base_focal_px, double focal_px) {
  return {median_m * (focal_px / base_focal_px - 1),
          base_focal_px / focal_px,
          median_m * focal_px / base_focal_px};
}

// Normal equations of stage 1 from its moments times `unit`. Columns of the 3D error e = y + t - z: omega
// -[y]x, nu I, log scale of the source y, log scale of the target -z = e - y - t.
FOOTHOLD_HD RelativeSystem<8> AlignSystem(const AlignSums<double>& sums, const Vec3d& t, double unit) {
  Mat<double, 7, 7> m;
  int k = 0;
  for (int a = 0; a < 7; ++a) {
    for (int b = 0; b <= a; ++b, ++k) m(a, b) = m(b, a) = unit * sums.moment[k];
  }
  const double yy = m(0, 0) + m(1, 1) + m(2, 2), ee = m(3, 3) + m(4, 4) + m(5, 5);
  const double ye = m(0, 3) + m(1, 4) + m(2, 5), weight = m(6, 6);
  const Vec3d y{m(0, 6), m(1, 6), m(2, 6)}, e{m(3, 6), m(4, 6), m(5, 6)};
  const Vec3d y_cross_e{m(1, 5) - m(2, 4), m(2, 3) - m(0, 5), m(0, 4) - m(1, 3)};
  const Vec3d y_cross_q = y_cross_e - Cross(y, t);
  const Vec3d q = e - y - weight * t;
  const Mat3d turn = Skew(y);
  RelativeSystem<8> system;
  for (int a = 0; a < 3; ++a) {
    for (int b = 0; b < 3; ++b) {
      system.hessian(a, b) = (a == b ? yy : 0) - m(a, b);
      system.hessian(3 + a, b) = -turn(a, b);
      system.hessian(3 + a, 3 + b) = a == b ? weight : 0;
    }
    system.hessian(6, 3 + a) = y[a];
    system.hessian(7, a) = y_cross_q[a];
    system.hessian(7, 3 + a) = q[a];
    system.gradient[a] = y_cross_e[a];
    system.gradient[3 + a] = e[a];
  }
  system.hessian(6, 6) = yy;
  system.hessian(7, 6) = ye - yy - Dot(y, t);
  system.hessian(7, 7) = ee + yy + weight * Dot(t, t) - 2 * ye - 2 * Dot(e, t) + 2 * Dot(y, t);
  system.gradient[6] = ye;
  system.gradient[7] = ee - ye - Dot(e, t);
  return system;
}

}  // namespace foothold
