// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/geometry/rotation.h"

namespace foothold {

// Inverse of RightJacobianSo3: Log(Exp(w) Exp(d)) = w + J_r^-1(w) d to first order in d. Angles up to
// just below pi (it grows without bound towards 2 pi).
template <class T>
FOOTHOLD_HD Mat<T, 3, 3> InverseRightJacobianSo3(const Vec<T, 3>& w) {
  using std::cos;
  using std::sin;
  using std::sqrt;
  const T angle2 = SquaredNorm(w);
  T b;
  if (angle2 < T(1e-6)) {
    b = T(1) / T(12) + angle2 / T(720);
  } else {
    const T angle = sqrt(angle2);
    // (1 + cos) / sin = cot(angle / 2), stable up to pi.
    b = T(1) / angle2 - cos(angle / T(2)) / (T(2) * angle * sin(angle / T(2)));
  }
  const Mat<T, 3, 3> skew = Skew(w);
  return Mat<T, 3, 3>::Identity() + T(0.5) * skew + b * (skew * skew);
}

// Rotation vector from `initial` to `now`, in the frame that both carry; d / d (right tangent of now).
template <class T>
FOOTHOLD_HD Vec<T, 3> RotationResidual(const Quaternion<T>& initial,
                                       const Quaternion<T>& now,
                                       Mat<T, 3, 3>* jacobian) {
  const Vec<T, 3> residual = LogQuaternion(Conjugate(initial) * now);
  if (jacobian != nullptr) *jacobian = InverseRightJacobianSo3(residual);
  return residual;
}

// Where a body's pelvis is seen, against where it was seen: pixels across the ray, log depth along it.
// When the focal length changes, the image of the body stays, so its depth is expected to follow:
// z / f is what an image tells. Derivatives by the pelvis and log focal.
template <class T>
struct PelvisDerivatives {
  Mat<T, 3, 3> by_pelvis;
  Vec<T, 3> by_log_focal;
};
template <class T>
FOOTHOLD_HD Vec<T, 3> PelvisResidual(const Vec<T, 3>& initial,
                                     const T& initial_focal,
                                     const Vec<T, 3>& now,
                                     const T& focal,
                                     const T& min_depth,
                                     PelvisDerivatives<T>* derivatives) {
  using std::log;
  // Closer than min_depth: pixels are measured at min_depth, and the log depth continues linearly.
  const bool regular = now[2] > min_depth;
  const T z = regular ? now[2] : min_depth;
  const T log_z = regular ? log(z) : log(min_depth) + (now[2] - min_depth) / min_depth;
  const T u = focal * now[0] / z, v = focal * now[1] / z;
  if (derivatives != nullptr) {
    const T by_z = regular ? T(-1) / z : T(0);
    derivatives->by_pelvis = {focal / z, T(0), u * by_z, T(0), focal / z, v * by_z, T(0), T(0), T(1) / z};
    derivatives->by_log_focal = {u, v, T(-1)};
  }
  return {u - initial_focal * initial[0] / initial[2],
          v - initial_focal * initial[1] / initial[2],
          log_z - log(initial[2]) - log(focal / initial_focal)};
}

}  // namespace foothold
