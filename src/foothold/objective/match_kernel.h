// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/geometry/lanes.h"
#include "foothold/geometry/vec.h"

namespace foothold {

// What one match adds to the normal equations of its pair of keyframes: the inner loop of every
// iteration, one source for CPU lanes, CUDA threads and tests (lanes.h).
//
// The point of a pixel is depth * s * ((u - c_x) / f, (v - c_y) / f, 1) in its camera, with
//   depth = (core + shift) * (1 + (omega - 1) * stretch)
// and, per keyframe, shift = m (f / b - 1), stretch = b / f, zoom = m f / b: the released depth model,
// in which the focal length turns about a pivot plane (docs/josh.md). Depths that keep still when the
// focal length changes have omega = 1, shift = zoom = 0.
//
// Derivatives are by the relative twist (omega, nu) of target_from_source, by the log scale of the
// source and by the log focal length or the log scale of the target (relative_twist.h).

// One end of a match.
template <class T>
struct MatchEnd {
  T x, y;      // Pixel minus principal point.
  T core;      // Depth of its anchor.
  T omega_m1;  // Depth over that of the anchor, minus one.
};

// Of a pixel whose depth is omega times that of its anchor. `center_x`, `center_y`: principal point.
FOOTHOLD_HD MatchEnd<float> MakeMatchEnd(
    int x_px, int y_px, float center_x, float center_y, float core, float omega) {
  return {static_cast<float>(x_px) - center_x, static_cast<float>(y_px) - center_y, core, omega - 1};
}

// How ends of one keyframe become points in the target camera.
template <class T>
struct PointModel {
  Mat<T, 3, 3> rays;  // scale * rotation * diag(1 / f, 1 / f, 1)
  T shift, stretch, zoom;
};

// `depth`: shift, stretch, zoom. In float, as the sums are.
template <class T>
FOOTHOLD_HD PointModel<T> MakePointModel(const Mat<double, 3, 3>& rotation,
                                         double size,
                                         double focal_px,
                                         const Vec<double, 3>& depth) {
  PointModel<T> model;
  for (int r = 0; r < 3; ++r) {
    for (int c = 0; c < 3; ++c) {
      model.rays(r, c) = T(static_cast<float>(size * rotation(r, c) / (c < 2 ? focal_px : 1)));
    }
  }
  model.shift = T(static_cast<float>(depth[0]));
  model.stretch = T(static_cast<float>(depth[1]));
  model.zoom = T(static_cast<float>(depth[2]));
  return model;
}

// rho_gamma of r~ = sqrt(r^2 + epsilon^2), less its value at r = 0.
template <class T>
struct SmoothKernel {
  T gamma, exponent;  // exponent = gamma - 1
  T offset, epsilon2, floor;

  // Cost at squared distance r2; weight = rho'(r~) / r~, that of reweighted least squares.
  FOOTHOLD_HD T CostAndWeight(const T& r2, T* weight) const {
    const T r = SquareRoot(r2 + epsilon2);
    const T base = r + offset;
    const T power = FastPow(base, exponent);
    *weight = gamma * power / r;
    return base * power - floor;
  }
};

// `offset` is that of RobustKernel. The floor comes from the same arithmetic as costs, so that a residual
// of zero costs exactly nothing.
template <class T>
FOOTHOLD_HD SmoothKernel<T> MakeSmoothKernel(double gamma, double offset, double epsilon) {
  SmoothKernel<T> kernel;
  kernel.gamma = T(static_cast<float>(gamma));
  kernel.exponent = T(static_cast<float>(gamma - 1));
  kernel.offset = T(static_cast<float>(offset));
  kernel.epsilon2 = T(static_cast<float>(epsilon * epsilon));
  kernel.floor = T(0);
  T weight;
  kernel.floor = kernel.CostAndWeight(T(0), &weight);
  return kernel;
}

template <class T>
struct MatchPoint {
  T depth;
  Vec<T, 3> ray, point;  // point = depth * ray
};
template <class T>
FOOTHOLD_HD MatchPoint<T> PointOf(const PointModel<T>& model, const MatchEnd<T>& end) {
  MatchPoint<T> out;
  out.depth = (end.core + model.shift) * (T(1) + end.omega_m1 * model.stretch);
  for (int r = 0; r < 3; ++r) {
    out.ray[r] = model.rays(r, 0) * end.x + model.rays(r, 1) * end.y + model.rays(r, 2);
    out.point[r] = out.depth * out.ray[r];
  }
  return out;
}

// Sums of stage 1. With y the turned source point and e the 3D error of a match, the normal equations
// follow from the weighted second moments of (y, e, 1): 28 numbers instead of 44.
constexpr int kNumMoments = 28;
template <class T>
struct AlignSums {
  T moment[kNumMoments];  // Lower triangle of w (y, e, 1) (y, e, 1)^T, row by row.
  T cost;

  FOOTHOLD_HD void SetZero() {
    for (int k = 0; k < kNumMoments; ++k) moment[k] = T(0);
    cost = T(0);
  }
};

template <bool kDerivatives, class T>
FOOTHOLD_HD void AddAlignment(const PointModel<T>& source_model,
                              const PointModel<T>& target_model,
                              const Vec<T, 3>& translation,
                              const SmoothKernel<T>& kernel,
                              const MatchEnd<T>& source,
                              const MatchEnd<T>& target,
                              const T& confidence,
                              AlignSums<T>* sums) {
  const MatchPoint<T> y = PointOf(source_model, source);
  const MatchPoint<T> z = PointOf(target_model, target);
  T p[7];
  for (int r = 0; r < 3; ++r) {
    p[r] = y.point[r];
    p[3 + r] = y.point[r] + translation[r] - z.point[r];
  }
  p[6] = T(1);
  T weight;
  const T cost = kernel.CostAndWeight(p[3] * p[3] + p[4] * p[4] + p[5] * p[5], &weight);
  sums->cost = sums->cost + confidence * cost;
  if (!kDerivatives) return;
  weight = weight * confidence;
  int k = 0;
  FOOTHOLD_UNROLL
  for (int a = 0; a < 7; ++a) {
    const T scaled = weight * p[a];
    FOOTHOLD_UNROLL
    for (int b = 0; b <= a; ++b, ++k) sums->moment[k] = sums->moment[k] + scaled * p[b];
  }
}

// Sums of stage 2, one direction: columns twist 6, source log scale, log focal.
constexpr int kNumReproject = 8;
template <class T>
struct ReprojectSums {
  T hessian[kNumReproject * (kNumReproject + 1) / 2];  // Lower triangle, row by row.
  T gradient[kNumReproject];
  T cost;

  FOOTHOLD_HD void SetZero() {
    for (T& h : hessian) h = T(0);
    for (T& g : gradient) g = T(0);
    cost = T(0);
  }
};

// Where a camera looks from, and how pixels are limited: points nearer than min_depth are projected as
// if they were so far (the principal point times the true depth, as released), and coordinates stay in
// [low, high]. All pixels are minus the principal point.
template <class T>
struct ProjectionModel {
  Vec<T, 3> translation;
  T focal;
  T min_depth;
  T center[2], low[2], high[2];
};

template <bool kDerivatives, class T>
FOOTHOLD_HD void AddReprojection(const PointModel<T>& source_model,
                                 const ProjectionModel<T>& projection,
                                 const SmoothKernel<T>& kernel,
                                 const MatchEnd<T>& source,
                                 const T& target_x,
                                 const T& target_y,
                                 const T& confidence,
                                 ReprojectSums<T>* sums) {
  const MatchPoint<T> turned = PointOf(source_model, source);
  const Vec<T, 3>& t = turned.point;
  Vec<T, 3> y;
  for (int r = 0; r < 3; ++r) y[r] = t[r] + projection.translation[r];
  const T floored = Largest(y[2], projection.min_depth);
  const T inverse = T(1) / floored;
  const T scale = projection.focal * inverse;
  const T target[2] = {target_x, target_y};
  T projected[2], residual[2], along[2], across[2];
  for (int a = 0; a < 2; ++a) {
    projected[a] = scale * y[a] + projection.center[a] * (y[2] - floored) * inverse;
    const auto below = projected[a] < projection.low[a], above = projection.high[a] < projected[a];
    const T limited = Select(below, projection.low[a], Select(above, projection.high[a], projected[a]));
    residual[a] = limited - target[a];
    if (!kDerivatives) continue;
    // d projected / d y[a] and / d y[2]; nothing moves a limited coordinate.
    across[a] = Select(below | above, T(0), scale);
    along[a] = Select(below | above,
                      T(0),
                      Select(projection.min_depth < y[2], -projected[a] * inverse, projection.center[a] * inverse));
  }
  T weight;
  const T cost = kernel.CostAndWeight(residual[0] * residual[0] + residual[1] * residual[1], &weight);
  sums->cost = sums->cost + confidence * cost;
  if (!kDerivatives) return;
  weight = weight * confidence;

  // d point / d log focal: the depth changes, and the ray closes in on the axis.
  const T stretched = T(1) + source.omega_m1 * source_model.stretch;
  const T depth_by_focal =
      source_model.zoom * stretched - (source.core + source_model.shift) * source.omega_m1 * source_model.stretch;
  Vec<T, 3> by_focal;
  for (int r = 0; r < 3; ++r) {
    by_focal[r] = depth_by_focal * turned.ray[r] + turned.depth * (source_model.rays(r, 2) - turned.ray[r]);
  }
  const T u = across[0], uz = along[0], v = across[1], vz = along[1];
  const T row[2][kNumReproject] = {
      {t[1] * uz, t[2] * u - t[0] * uz, -t[1] * u, u, T(0), uz, u * t[0] + uz * t[2],
       u * y[0] + u * by_focal[0] + uz * by_focal[2]},
      {t[1] * vz - t[2] * v, -t[0] * vz, t[0] * v, T(0), v, vz, v * t[1] + vz * t[2],
       v * y[1] + v * by_focal[1] + vz * by_focal[2]}};
  int k = 0;
  FOOTHOLD_UNROLL
  for (int a = 0; a < kNumReproject; ++a) {
    const T first = weight * row[0][a], second = weight * row[1][a];
    FOOTHOLD_UNROLL
    for (int b = 0; b <= a; ++b, ++k) sums->hessian[k] = sums->hessian[k] + (first * row[0][b] + second * row[1][b]);
    sums->gradient[a] = sums->gradient[a] + (first * residual[0] + second * residual[1]);
  }
}

}  // namespace foothold
