// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/objective/relative_twist.h"

namespace foothold {

// Normal equations of a pair from the moments of match_kernel.h, times `unit`. `translation`: of
// target_from_source.

// Released depth model of a keyframe at a focal length: shift, stretch, zoom (match_kernel.h).
FOOTHOLD_HD Vec3d DepthModel(double median_m, double base_focal_px, double focal_px) {
  return {median_m * (focal_px / base_focal_px - 1),
          base_focal_px / focal_px,
          median_m * focal_px / base_focal_px};
}

// Stage 1. Columns of the 3D error e = y + t - z: omega -[y]x, nu I, log scale of the source y, log
// scale of the target -z = e - y - t.
FOOTHOLD_HD RelativeSystem<8> AlignSystem(const AlignSums<double>& sums, const Vec3d& translation, double unit) {
  const Vec3d& t = translation;
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

// Stage 2.
FOOTHOLD_HD RelativeSystem<kNumReproject> ReprojectSystem(const ReprojectSums<double>& sums,
                                                     const Vec3d& translation,
                                                     double unit) {
  const double* m = sums.moment;
  // Columns: turn about the target, translation, log focal.
  Mat<double, 7, 7> about_target = Mat<double, 7, 7>::Zero();
  const double rows[7][7] = {{m[0]},
                             {-m[1], m[2]},
                             {-m[3], -m[4], m[5]},
                             {-m[6], m[7], -m[10], m[13]},
                             {-m[8], m[6], m[9], 0, m[13]},
                             {m[12], -m[11], 0, -m[14], -m[15], m[16]},
                             {m[17], m[18], m[19], m[20], m[21], m[22], m[23]}};
  for (int a = 0; a < 7; ++a) {
    for (int b = 0; b <= a; ++b) about_target(a, b) = about_target(b, a) = unit * rows[a][b];
  }
  // A turn about the source and a change of its scale, as turns about the target and translations.
  Mat<double, 7, kNumReproject> chain = Mat<double, 7, kNumReproject>::Zero();
  const Mat3d arm = Skew(translation);
  for (int r = 0; r < 3; ++r) {
    chain(r, r) = chain(3 + r, 3 + r) = 1;
    for (int c = 0; c < 3; ++c) chain(3 + r, c) = arm(r, c);
    chain(3 + r, kSourceLogScale) = -translation[r];
  }
  chain(6, kReprojectionLogFocal) = 1;
  RelativeSystem<kNumReproject> system;
  const Mat<double, 7, kNumReproject> product = about_target * chain;
  for (int a = 0; a < kNumReproject; ++a) {
    for (int b = 0; b <= a; ++b) {
      for (int k = 0; k < 7; ++k) system.hessian(a, b) += chain(k, a) * product(k, b);
    }
    system.gradient[a] = unit * sums.gradient[a];
  }
  return system;
}

}  // namespace foothold
