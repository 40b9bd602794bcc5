// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/geometry/vec.h"

namespace foothold {

// Pinhole camera with square pixels. Camera frame: x right, y down, z forward. Pixels are at integer
// centres (no half-pixel shift).
template <class T>
struct Pinhole {
  T focal_px, center_x_px, center_y_px;
};
using Pinholed = Pinhole<double>;

// x_in_cam must lie in front of the camera.
template <class T>
FOOTHOLD_HD Vec<T, 2> Project(const Pinhole<T>& camera, const Vec<T, 3>& x_in_cam) {
  return {camera.focal_px * x_in_cam[0] / x_in_cam[2] + camera.center_x_px,
          camera.focal_px * x_in_cam[1] / x_in_cam[2] + camera.center_y_px};
}
// Point with z = 1 on the ray through a pixel; times a depth (z, not range) gives x_in_cam.
template <class T>
FOOTHOLD_HD Vec<T, 3> Unproject(const Pinhole<T>& camera, const Vec<T, 2>& pixel) {
  return {(pixel[0] - camera.center_x_px) / camera.focal_px,
          (pixel[1] - camera.center_y_px) / camera.focal_px,
          T(1)};
}

// Radial lens distortion in normalised coordinates: distorted = x (1 + k1 r^2 + k2 r^4), r = |x|.
template <class T>
struct RadialDistortion {
  T k1, k2;
};
using RadialDistortiond = RadialDistortion<double>;

template <class T>
FOOTHOLD_HD Vec<T, 2> Distort(const RadialDistortion<T>& lens, const Vec<T, 2>& normalized) {
  const T r2 = SquaredNorm(normalized);
  return (T(1) + r2 * (lens.k1 + lens.k2 * r2)) * normalized;
}
// Inverse of Distort inside the radius where it is monotone; Newton on the radius, 20 steps at most.
template <class T>
FOOTHOLD_HD Vec<T, 2> Undistort(const RadialDistortion<T>& lens, const Vec<T, 2>& distorted) {
  const T rd = Norm(distorted);
  if (!(rd > T(0))) return distorted;
  T r = rd;
  for (int i = 0; i < 20; ++i) {
    const T r2 = r * r;
    const T slope = T(1) + r2 * (T(3) * lens.k1 + T(5) * lens.k2 * r2);
    if (!(slope > T(0.05))) break;  // Past the turning point: keep the last good radius.
    const T step = (r * (T(1) + r2 * (lens.k1 + lens.k2 * r2)) - rd) / slope;
    r = r - step;
    if (step < T(1e-13) && step > T(-1e-13)) break;  // Quadratic: exact by now, derivatives too.
  }
  return (r / rd) * distorted;
}

}  // namespace foothold
