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

// rho_gamma of r~ = sqrt(r^2 + epsilon^2), less its value at r = 0; r is a distance in units of its
// standard deviation. Beyond the limit a match costs what it costs there and does not pull.
template <class T>
struct SmoothKernel {
  T gamma, exponent;  // exponent = gamma - 1
  T offset, epsilon2, floor;
  T inverse_sigma2, limit2;  // limit2 in units of sigma2.

  // Cost at squared distance r2; weight = d cost / d (r2 / 2), that of reweighted least squares.
  FOOTHOLD_HD T CostAndWeight(const T& r2, T* weight) const {
    const T whitened2 = r2 * inverse_sigma2;
    const auto within = whitened2 < limit2;
    const T r = SquareRoot(Select(within, whitened2, limit2) + epsilon2);
    const T base = r + offset;
    const T power = FastPow(base, exponent);
    *weight = Select(within, gamma * power * inverse_sigma2 / r, T(0));
    return base * power - floor;
  }
};

// `offset` is that of RobustKernel. The floor comes from the same arithmetic as costs, so that a residual
// of zero costs exactly nothing.
template <class T>
FOOTHOLD_HD SmoothKernel<T> MakeSmoothKernel(
    double gamma, double offset, double epsilon, double sigma, double limit) {
  SmoothKernel<T> kernel;
  kernel.gamma = T(static_cast<float>(gamma));
  kernel.exponent = T(static_cast<float>(gamma - 1));
  kernel.offset = T(static_cast<float>(offset));
  kernel.epsilon2 = T(static_cast<float>(epsilon * epsilon));
  kernel.inverse_sigma2 = T(static_cast<float>(1 / (sigma * sigma)));
  kernel.limit2 = T(static_cast<float>((limit / sigma) * (limit / sigma)));
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

// Sums of a relative alignment: columns twist 6, source log scale, target log scale, log focal.
constexpr int kNumAlign = 9;
template <class T>
struct RelativeAlignSums {
  T hessian[kNumAlign * (kNumAlign + 1) / 2];  // Lower triangle, row by row.
  T gradient[kNumAlign];
  T cost;

  FOOTHOLD_HD void SetZero() {
    for (T& h : hessian) h = T(0);
    for (T& g : gradient) g = T(0);
    cost = T(0);
  }
};

// d point / d log focal: the depth changes, and the ray closes in on the axis.
template <class T>
FOOTHOLD_HD Vec<T, 3> PointByLogFocal(const PointModel<T>& model,
                                      const MatchEnd<T>& end,
                                      const MatchPoint<T>& point) {
  const T depth_by_focal = model.zoom * (T(1) + end.omega_m1 * model.stretch) -
                           (end.core + model.shift) * end.omega_m1 * model.stretch;
  Vec<T, 3> by_focal;
  for (int r = 0; r < 3; ++r) {
    by_focal[r] = depth_by_focal * point.ray[r] + point.depth * (model.rays(r, 2) - point.ray[r]);
  }
  return by_focal;
}

// Difference of the two points of a match in the target camera over the mean of their distances from
// their own cameras: a relative error that no change of the world's scale alters (in metres it would shrink
// with the world, and pull the scale to zero). Over depths instead of distances, errors along oblique rays
// would shrink as the focal length grows, and pull it up. For depths that keep still when the focal length
// changes.
template <bool kDerivatives, class T>
FOOTHOLD_HD void AddRelativeAlignment(const PointModel<T>& source_model,
                                      const PointModel<T>& target_model,
                                      const Vec<T, 3>& translation,
                                      const SmoothKernel<T>& kernel,
                                      const MatchEnd<T>& source,
                                      const MatchEnd<T>& target,
                                      const T& confidence,
                                      RelativeAlignSums<T>* sums) {
  const MatchPoint<T> turned = PointOf(source_model, source);
  const MatchPoint<T> x = PointOf(target_model, target);
  const T far_source = SquareRoot(Dot(turned.point, turned.point)),
          far_target = SquareRoot(Dot(x.point, x.point));
  const T over = T(2) / (far_source + far_target);
  Vec<T, 3> residual;
  for (int r = 0; r < 3; ++r) residual[r] = over * (x.point[r] - turned.point[r] - translation[r]);
  T weight;
  const T cost = kernel.CostAndWeight(Dot(residual, residual), &weight);
  sums->cost = sums->cost + confidence * cost;
  if (!kDerivatives) return;
  weight = weight * confidence;
  const Vec<T, 3> source_by_focal = PointByLogFocal(source_model, source, turned);
  const Vec<T, 3> target_by_focal = PointByLogFocal(target_model, target, x);
  const T zero = T(0);
  const Vec<T, 3>& t = turned.point;
  // d log(1 / over) by the two log scales and the log focal length.
  const T half_source = over * far_source * T(0.5), half_target = over * far_target * T(0.5);
  const T by_log_focal =
      over * T(0.5) *
      (Dot(turned.point, source_by_focal) / far_source + Dot(x.point, target_by_focal) / far_target);
  const T turn[3][3] = {{zero, -t[2], t[1]}, {t[2], zero, -t[0]}, {-t[1], t[0], zero}};
  T row[3][kNumAlign];
  for (int r = 0; r < 3; ++r) {
    for (int c = 0; c < 3; ++c) {
      row[r][c] = over * turn[r][c];
      row[r][3 + c] = r == c ? -over : zero;
    }
    row[r][6] = -over * t[r] - residual[r] * half_source;
    row[r][7] = over * x.point[r] - residual[r] * half_target;
    row[r][8] = over * (target_by_focal[r] - source_by_focal[r]) - residual[r] * by_log_focal;
  }
  int k = 0;
  for (int a = 0; a < kNumAlign; ++a) {
    const T scaled[3] = {weight * row[0][a], weight * row[1][a], weight * row[2][a]};
    for (int b = 0; b <= a; ++b, ++k) {
      sums->hessian[k] =
          sums->hessian[k] + (scaled[0] * row[0][b] + scaled[1] * row[1][b] + scaled[2] * row[2][b]);
    }
    sums->gradient[a] =
        sums->gradient[a] + (scaled[0] * residual[0] + scaled[1] * residual[1] + scaled[2] * residual[2]);
  }
}

// Log of the distance at which the target sees its own pixel over that of the source's point: what is left
// of a relative alignment beside reprojection. The same sums.
template <bool kDerivatives, class T>
FOOTHOLD_HD void AddDistanceRatio(const PointModel<T>& source_model,
                                  const PointModel<T>& target_model,
                                  const Vec<T, 3>& translation,
                                  const SmoothKernel<T>& kernel,
                                  const MatchEnd<T>& source,
                                  const MatchEnd<T>& target,
                                  const T& confidence,
                                  RelativeAlignSums<T>* sums) {
  const MatchPoint<T> turned = PointOf(source_model, source);
  const MatchPoint<T> x = PointOf(target_model, target);
  const Vec<T, 3>& t = turned.point;
  Vec<T, 3> y;
  for (int r = 0; r < 3; ++r) y[r] = t[r] + translation[r];
  const T y2 = Dot(y, y), x2 = Dot(x.point, x.point);
  const T residual = T(0.5) * NaturalLog(x2 / y2);
  T weight;
  const T cost = kernel.CostAndWeight(residual * residual, &weight);
  sums->cost = sums->cost + confidence * cost;
  if (!kDerivatives) return;
  weight = weight * confidence;
  const Vec<T, 3> source_by_focal = PointByLogFocal(source_model, source, turned);
  const Vec<T, 3> target_by_focal = PointByLogFocal(target_model, target, x);
  const T over = T(1) / y2;
  const T row[kNumAlign] = {-over * (t[1] * y[2] - t[2] * y[1]),
                            -over * (t[2] * y[0] - t[0] * y[2]),
                            -over * (t[0] * y[1] - t[1] * y[0]),
                            -over * y[0],
                            -over * y[1],
                            -over * y[2],
                            -over * Dot(t, y),
                            T(1),
                            Dot(x.point, target_by_focal) / x2 - over * Dot(y, source_by_focal)};
  int k = 0;
  for (int a = 0; a < kNumAlign; ++a) {
    const T scaled = weight * row[a];
    for (int b = 0; b <= a; ++b, ++k) sums->hessian[k] = sums->hessian[k] + scaled * row[b];
    sums->gradient[a] = sums->gradient[a] + scaled * residual;
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

// Where a camera looks from, and how pixels are limited: points nearer than min_depth, or than
// min_depth_ratio times their depth in the source, are projected as if they were so far (the principal
// point times the true depth, as released), and coordinates stay in [low, high]. All pixels are minus
// the principal point.
template <class T>
struct ProjectionModel {
  Vec<T, 3> translation;
  T focal;
  T min_depth, min_depth_ratio;
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
  const T min_depth = projection.min_depth + projection.min_depth_ratio * turned.depth;
  const T floored = Largest(y[2], min_depth);
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
                      Select(min_depth < y[2], -projected[a] * inverse, projection.center[a] * inverse));
  }
  T weight;
  const T cost = kernel.CostAndWeight(residual[0] * residual[0] + residual[1] * residual[1], &weight);
  sums->cost = sums->cost + confidence * cost;
  if (!kDerivatives) return;
  weight = weight * confidence;

  const Vec<T, 3> by_focal = PointByLogFocal(source_model, source, turned);
  const T u = across[0], uz = along[0], v = across[1], vz = along[1];
  const T row[2][kNumReproject] = {{t[1] * uz,
                                    t[2] * u - t[0] * uz,
                                    -t[1] * u,
                                    u,
                                    T(0),
                                    uz,
                                    u * t[0] + uz * t[2],
                                    u * y[0] + u * by_focal[0] + uz * by_focal[2]},
                                   {t[1] * vz - t[2] * v,
                                    -t[0] * vz,
                                    t[0] * v,
                                    T(0),
                                    v,
                                    vz,
                                    v * t[1] + vz * t[2],
                                    v * y[1] + v * by_focal[1] + vz * by_focal[2]}};
  int k = 0;
  FOOTHOLD_UNROLL
  for (int a = 0; a < kNumReproject; ++a) {
    const T first = weight * row[0][a], second = weight * row[1][a];
    FOOTHOLD_UNROLL
    for (int b = 0; b <= a; ++b, ++k)
      sums->hessian[k] = sums->hessian[k] + (first * row[0][b] + second * row[1][b]);
    sums->gradient[a] = sums->gradient[a] + (first * residual[0] + second * residual[1]);
  }
}

}  // namespace foothold
