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

// Halfway through a robust kernel.
template <class T>
struct KernelState {
  T base, log2_power, weight_over_power;
};
// rho_gamma of r~ = sqrt(r^2 + epsilon^2), less its value at r = 0; r is a distance in units of its
// standard deviation. Beyond the limit a match costs what it costs there and does not pull.
template <class T>
struct SmoothKernel {
  T gamma, exponent;  // exponent = gamma - 1
  T offset, epsilon2, floor;
  T inverse_sigma2, limit2;  // limit2 in units of sigma2.

  // Cost at squared distance r2; weight = d cost / d (r2 / 2), that of reweighted least squares. In two
  // steps, so that neither has a chain of dependent operations that is too long to overlap with others.
  FOOTHOLD_HD KernelState<T> Begin(const T& r2) const {
    const T whitened2 = r2 * inverse_sigma2;
    const auto within = whitened2 < limit2;
    const T r = SquareRoot(Select(within, whitened2, limit2) + epsilon2);
    const T base = r + offset;
    return {base, exponent * FastLog2(base), Select(within, gamma * inverse_sigma2 / r, T(0))};
  }
  FOOTHOLD_HD T Finish(const KernelState<T>& state, T* weight) const {
    const T power = FastExp2(state.log2_power);
    *weight = state.weight_over_power * power;
    return state.base * power - floor;
  }
  FOOTHOLD_HD T CostAndWeight(const T& r2, T* weight) const { return Finish(Begin(r2), weight); }
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

// A match is taken in steps: its geometry, the weight that its squared error gets, and its part of the
// sums. A CPU runs each step over a block of registers: so many independent matches at once hide the
// latency of divisions and powers, and the sums of a step stay in registers. A CUDA thread takes match by
// match (AddAlignment, AddReprojection).

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
template <class T>
struct AlignTerms {
  T y[3], e[3];
  T squared_error;
  KernelState<T> kernel;
  T weight;  // Confidence included.
};

template <class T>
FOOTHOLD_HD void ComputeAlignment(const PointModel<T>& source_model,
                                  const PointModel<T>& target_model,
                                  const Vec<T, 3>& translation,
                                  const MatchEnd<T>& source,
                                  const MatchEnd<T>& target,
                                  AlignTerms<T>* terms) {
  const MatchPoint<T> y = PointOf(source_model, source);
  const MatchPoint<T> z = PointOf(target_model, target);
  for (int r = 0; r < 3; ++r) {
    terms->y[r] = y.point[r];
    terms->e[r] = y.point[r] + translation[r] - z.point[r];
  }
  const T* e = terms->e;
  terms->squared_error = e[0] * e[0] + e[1] * e[1] + e[2] * e[2];
}

// Sets the weight of a match and returns its cost, from terms->kernel.
template <class T, class Terms>
FOOTHOLD_HD T Weigh(const SmoothKernel<T>& kernel, const T& confidence, Terms* terms) {
  T weight;
  const T cost = kernel.Finish(terms->kernel, &weight);
  terms->weight = weight * confidence;
  return cost * confidence;
}

// Adds rows kFirst to kLast of the moments.
template <int kFirst, int kLast, class T>
FOOTHOLD_HD void AddAlignMoments(const AlignTerms<T>& terms, T* moment) {
  const T p[7] = {terms.y[0], terms.y[1], terms.y[2], terms.e[0], terms.e[1], terms.e[2], T(1)};
  FOOTHOLD_UNROLL
  for (int a = kFirst; a <= kLast; ++a) {
    const T scaled = a < 6 ? terms.weight * p[a] : terms.weight;
    T* row = moment + a * (a + 1) / 2;
    FOOTHOLD_UNROLL
    for (int b = 0; b <= a; ++b) row[b] = row[b] + (b < 6 ? scaled * p[b] : scaled);
  }
}

template <bool kDerivatives, class T>
FOOTHOLD_HD void AddAlignment(const PointModel<T>& source_model,
                              const PointModel<T>& target_model,
                              const Vec<T, 3>& translation,
                              const SmoothKernel<T>& kernel,
                              const MatchEnd<T>& source,
                              const MatchEnd<T>& target,
                              const T& confidence,
                              AlignSums<T>* sums) {
  AlignTerms<T> terms;
  ComputeAlignment(source_model, target_model, translation, source, target, &terms);
  terms.kernel = kernel.Begin(terms.squared_error);
  sums->cost = sums->cost + Weigh(kernel, confidence, &terms);
  if (kDerivatives) AddAlignMoments<0, 6>(terms, sums->moment);
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
//
// With (x, y, 1) the direction of a point from the target camera, q its inverse depth, n = x^2 + y^2 and
// (c, d) the derivative of (x, y) by the log focal length, the rows of the Jacobian by a turn about the
// target camera, a translation and the focal length are focal times
//   (-xy, 1 + x^2, -y,  q, 0, -xq,  c)   and   (-(1 + y^2), xy, x,  0, q, -yq,  d).
// Scaling the source moves points along -translation but for a part along the view, which no pixel shows,
// and turning about the source is turning about the target and a translation, the same for all matches.
// So 24 moments of one weight stand for the 36 numbers of the normal equations, and are cheaper to make
// (ReprojectSystem of pair_system.h turns them back). A pixel limited in one coordinate counts with
// both in the moments, one limited in both with none; the gradient is exact.
constexpr int kNumReproject = 8;
constexpr int kNumReprojectMoments = 24;
template <class T>
struct ReprojectSums {
  // Of w focal^2, with w focal^2 q and w focal^2 q^2 from where it says so:
  //   x^2 y^2 + (1 + y^2)^2, xy (2 + n), x^2 y^2 + (1 + x^2)^2, x, y, n,
  //   q: xy, 1 + x^2, 1 + y^2, x, y, x (1 + n), y (1 + n),   q^2: 1, x, y, n,
  //   then the focal length's row: by the turn, by the translation, by itself.
  T moment[kNumReprojectMoments];
  T gradient[kNumReproject];
  T cost;

  FOOTHOLD_HD void SetZero() {
    for (T& m : moment) m = T(0);
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

// A match in the notation above.
template <class T>
struct ReprojectTerms {
  T squared_error;
  KernelState<T> kernel;
  T weight;  // Confidence included.
  T focal2;  // w = weight * focal2.
  T x, y, q, c, d;
  T turned[3];     // The source point turned into the target.
  T by_point[3];   // Derivatives of half the squared error: by the point in the target,
  T by_log_focal;  // by the log focal length.
};

template <bool kDerivatives, class T>
FOOTHOLD_HD void ComputeReprojection(const PointModel<T>& source_model,
                                     const ProjectionModel<T>& projection,
                                     const MatchEnd<T>& source,
                                     const T& target_x,
                                     const T& target_y,
                                     ReprojectTerms<T>* terms) {
  const MatchPoint<T> turned = PointOf(source_model, source);
  T y[3];
  for (int r = 0; r < 3; ++r) y[r] = turned.point[r] + projection.translation[r];
  const T min_depth = projection.min_depth + projection.min_depth_ratio * turned.depth;
  const T floored = Largest(y[2], min_depth);
  const T inverse = T(1) / floored;
  const T scale = projection.focal * inverse;
  const T target[2] = {target_x, target_y};
  T limited[2], along[2], residual[2];
  decltype(floored < floored) is_limited[2];
  for (int a = 0; a < 2; ++a) {
    const T projected = scale * y[a] + projection.center[a] * (y[2] - floored) * inverse;
    const auto below = projected < projection.low[a], above = projection.high[a] < projected;
    is_limited[a] = below | above;
    limited[a] = Select(below, projection.low[a], Select(above, projection.high[a], projected));
    residual[a] = limited[a] - target[a];
    // Times `inverse`: d projected / d y[2].
    along[a] = Select(min_depth < y[2], -projected, projection.center[a]);
  }
  terms->squared_error = residual[0] * residual[0] + residual[1] * residual[1];
  if (!kDerivatives) return;
  const Vec<T, 3> by_focal = PointByLogFocal(source_model, source, turned);
  const T none = T(0), one = T(1);
  // Nothing moves a limited coordinate.
  const T u = Select(is_limited[0], none, residual[0]), v = Select(is_limited[1], none, residual[1]);
  const T p[3] = {scale * u, scale * v, inverse * (along[0] * u + along[1] * v)};
  for (int r = 0; r < 3; ++r) {
    terms->turned[r] = turned.point[r];
    terms->by_point[r] = p[r];
  }
  terms->by_log_focal = (y[0] + by_focal[0]) * p[0] + (y[1] + by_focal[1]) * p[1] + by_focal[2] * p[2];

  terms->focal2 = Select(is_limited[0] & is_limited[1], none, projection.focal * projection.focal);
  const T inverse_focal = one / projection.focal;
  const T direction[2] = {limited[0] * inverse_focal, limited[1] * inverse_focal};
  terms->x = direction[0];
  terms->y = direction[1];
  terms->q = inverse;
  terms->c = direction[0] + inverse * (by_focal[0] - direction[0] * by_focal[2]);
  terms->d = direction[1] + inverse * (by_focal[1] - direction[1] * by_focal[2]);
}

// Moments 0 to 5, 6 to 16 and 17 to 23, and the gradient.
template <class T>
FOOTHOLD_HD void AddTurnMoments(const ReprojectTerms<T>& terms, T* m) {
  const T &x = terms.x, &y = terms.y;
  const T w = terms.weight * terms.focal2;
  const T xx = x * x, yy = y * y, xy = x * y, n = xx + yy;
  const T n1 = n + T(1);
  m[0] = m[0] + w * (yy * n1 + (yy + T(1)));
  m[1] = m[1] + w * (xy * n1 + xy);
  m[2] = m[2] + w * (xx * n1 + (xx + T(1)));
  m[3] = m[3] + w * x;
  m[4] = m[4] + w * y;
  m[5] = m[5] + w * n;
}
template <class T>
FOOTHOLD_HD void AddTranslationMoments(const ReprojectTerms<T>& terms, T* m) {
  const T &x = terms.x, &y = terms.y;
  const T wq = terms.weight * terms.focal2 * terms.q, wqq = wq * terms.q;
  const T xx = x * x, yy = y * y, n = xx + yy, wqn = wq * (n + T(1));
  m[6] = m[6] + wq * (x * y);
  m[7] = m[7] + wq * (xx + T(1));
  m[8] = m[8] + wq * (yy + T(1));
  m[9] = m[9] + wq * x;
  m[10] = m[10] + wq * y;
  m[11] = m[11] + wqn * x;
  m[12] = m[12] + wqn * y;
  m[13] = m[13] + wqq;
  m[14] = m[14] + wqq * x;
  m[15] = m[15] + wqq * y;
  m[16] = m[16] + wqq * n;
}
template <class T>
FOOTHOLD_HD void AddFocalMoments(const ReprojectTerms<T>& terms, T* m) {
  const T &x = terms.x, &y = terms.y, &q = terms.q;
  const T w = terms.weight * terms.focal2, wc = w * terms.c, wd = w * terms.d;
  const T inward = x * wc + y * wd;
  m[17] = m[17] - (y * inward + wd);
  m[18] = m[18] + (x * inward + wc);
  m[19] = m[19] + (x * wd - y * wc);
  m[20] = m[20] + q * wc;
  m[21] = m[21] + q * wd;
  m[22] = m[22] - q * inward;
  m[23] = m[23] + (wc * terms.c + wd * terms.d);
}
template <class T>
FOOTHOLD_HD void AddReprojectGradient(const ReprojectTerms<T>& terms, T* g) {
  const T* t = terms.turned;
  const T p[3] = {
      terms.weight * terms.by_point[0], terms.weight * terms.by_point[1], terms.weight * terms.by_point[2]};
  g[0] = g[0] + t[1] * p[2] - t[2] * p[1];
  g[1] = g[1] + t[2] * p[0] - t[0] * p[2];
  g[2] = g[2] + t[0] * p[1] - t[1] * p[0];
  g[3] = g[3] + p[0];
  g[4] = g[4] + p[1];
  g[5] = g[5] + p[2];
  g[6] = g[6] + (t[0] * p[0] + t[1] * p[1] + t[2] * p[2]);
  g[7] = g[7] + terms.weight * terms.by_log_focal;
}

template <bool kDerivatives, class T>
FOOTHOLD_HD void AddReprojection(const PointModel<T>& source_model,
                                 const ProjectionModel<T>& projection,
                                 const SmoothKernel<T>& kernel,
                                 const MatchEnd<T>& source,
                                 const T& target_x,
                                 const T& target_y,
                                 const T& confidence,
                                 ReprojectSums<T>* sums) {
  ReprojectTerms<T> terms;
  ComputeReprojection<kDerivatives>(source_model, projection, source, target_x, target_y, &terms);
  terms.kernel = kernel.Begin(terms.squared_error);
  sums->cost = sums->cost + Weigh(kernel, confidence, &terms);
  if (!kDerivatives) return;
  AddTurnMoments(terms, sums->moment);
  AddTranslationMoments(terms, sums->moment);
  AddFocalMoments(terms, sums->moment);
  AddReprojectGradient(terms, sums->gradient);
}

}  // namespace foothold
