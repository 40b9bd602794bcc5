// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/geometry/vec.h"

namespace foothold {

// A local piece of a keyframe's pointmap as a plane: the inverse of the observed (unscaled) depth is
// linear in the pixel, 1 / depth = a (u - c_x) + b (v - c_y) + c. Exact for planar surfaces.
template <class T>
struct InverseDepthPlane {
  T a, b, c;
};

template <class T>
struct ContactScaleDerivatives {
  Vec<T, 3> by_vertex;
  T by_log_focal;
  T by_log_scale;
};

// Log of how far a vertex (camera frame) lies behind the scaled plane, measured along its own ray:
// r = log(depth of the vertex / depth of the scene where the vertex is seen). With rays that turn with
// the focal length f, the ratio is (a f x + b f y + c z) / scale. Below a thousandth of the plane's
// depth (or behind the camera) the logarithm continues as its tangent, so r is finite everywhere.
template <class T>
FOOTHOLD_HD T ContactScaleResidual(const InverseDepthPlane<T>& plane,
                                   const Vec<T, 3>& vertex_in_cam,
                                   const T& focal,
                                   const T& log_scale,
                                   ContactScaleDerivatives<T>* derivatives) {
  using std::exp;
  using std::log;
  const Vec<T, 3> normal{plane.a * focal, plane.b * focal, plane.c};
  const T ratio = Dot(normal, vertex_in_cam) * exp(-log_scale);
  const T floor = T(1e-3);
  const bool regular = ratio > floor;
  const T residual = regular ? log(ratio) : log(floor) + (ratio - floor) / floor;
  if (derivatives != nullptr) {
    const T slope = regular ? T(1) / ratio : T(1) / floor;
    const T factor = slope * exp(-log_scale);
    derivatives->by_vertex = factor * normal;
    derivatives->by_log_focal = factor * (normal[0] * vertex_in_cam[0] + normal[1] * vertex_in_cam[1]);
    derivatives->by_log_scale = -slope * ratio;
  }
  return residual;
}

}  // namespace foothold
