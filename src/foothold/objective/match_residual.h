// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/geometry/camera.h"
#include "foothold/geometry/transform.h"

namespace foothold {

// Residuals of one match between a source and a target keyframe, with analytic derivatives; the one
// source for every precision, host and device. A point of the source pointmap is
//   x = depth * ((u - c_x) / f, (v - c_y) / f, 1)   in the source camera, up to the keyframe's scale,
//   y = scale_source * R x + t                      in the target camera, [R | t] = target_from_source.
// When the focal length changes, pixels and depths stay and rays turn.
//
// Derivatives are by the relative twist (omega, nu), dy = omega x (y - t) + nu, which is 6 numbers
// instead of the 12 of two cameras; relative_twist.h carries sums back to the cameras.
template <class T>
struct RelativeView {
  Mat<T, 3, 3> rotation;
  Vec<T, 3> translation;
};

template <class T>
struct MatchSide {
  Vec<T, 2> offset_px;  // Pixel minus principal point.
  T depth;              // Observed, unscaled.
};

// Columns of the Jacobians below.
constexpr int kTwistRotation = 0;
constexpr int kTwistTranslation = 3;
constexpr int kSourceLogScale = 6;
constexpr int kReprojectionLogFocal = 7;
constexpr int kReprojectionColumns = 8;
constexpr int kTargetLogScale = 7;
constexpr int kAlignmentLogFocal = 8;
constexpr int kAlignmentColumns = 9;

// scale_source * R x, the point before the translation.
template <class T>
FOOTHOLD_HD Vec<T, 3> TurnedPoint(const RelativeView<T>& view,
                                  const MatchSide<T>& source,
                                  const T& scale,
                                  const T& focal) {
  const T z = scale * source.depth;
  return view.rotation * Vec<T, 3>{z * source.offset_px[0] / focal, z * source.offset_px[1] / focal, z};
}
// d TurnedPoint / d log focal.
template <class T>
FOOTHOLD_HD Vec<T, 3> TurnedPointByLogFocal(const RelativeView<T>& view,
                                            const MatchSide<T>& source,
                                            const T& scale,
                                            const T& focal) {
  const T z = scale * source.depth;
  return view.rotation * Vec<T, 3>{-z * source.offset_px[0] / focal, -z * source.offset_px[1] / focal, T(0)};
}

// Pixel offset at which the target sees the source's point minus `target_offset_px`. False, and
// nothing written, when the point is closer than min_depth or behind the target camera.
template <class T>
FOOTHOLD_HD bool ReprojectionResidual(const RelativeView<T>& view,
                                      const MatchSide<T>& source,
                                      const T& scale,
                                      const T& focal,
                                      const Vec<T, 2>& target_offset_px,
                                      const T& min_depth,
                                      Vec<T, 2>* residual_px,
                                      Mat<T, 2, kReprojectionColumns>* jacobian) {
  const Vec<T, 3> turned = TurnedPoint(view, source, scale, focal);
  const Vec<T, 3> y = turned + view.translation;
  if (!(y[2] > min_depth)) return false;
  const T over_z = T(1) / y[2];
  const T u = focal * y[0] * over_z, v = focal * y[1] * over_z;
  *residual_px = {u - target_offset_px[0], v - target_offset_px[1]};
  if (jacobian == nullptr) return true;
  // Rows of d(u, v) / dy.
  const T fz = focal * over_z, uz = -u * over_z, vz = -v * over_z;
  Mat<T, 2, kReprojectionColumns>& j = *jacobian;
  // du . (omega x turned) = omega . (turned x du).
  j(0, 0) = turned[1] * uz;
  j(0, 1) = turned[2] * fz - turned[0] * uz;
  j(0, 2) = -turned[1] * fz;
  j(1, 0) = turned[1] * vz - turned[2] * fz;
  j(1, 1) = -turned[0] * vz;
  j(1, 2) = turned[0] * fz;
  j(0, 3) = fz;
  j(0, 4) = T(0);
  j(0, 5) = uz;
  j(1, 3) = T(0);
  j(1, 4) = fz;
  j(1, 5) = vz;
  j(0, 6) = fz * turned[0] + uz * turned[2];
  j(1, 6) = fz * turned[1] + vz * turned[2];
  const Vec<T, 3> by_focal = TurnedPointByLogFocal(view, source, scale, focal);
  j(0, 7) = u + fz * by_focal[0] + uz * by_focal[2];
  j(1, 7) = v + fz * by_focal[1] + vz * by_focal[2];
  return true;
}

// Difference of the two points of a match in the target camera over the mean of their scaled depths:
// a relative error that no change of the world's scale alters (in metres it would shrink with the
// world, and pull the scale to zero).
template <class T>
FOOTHOLD_HD void AlignmentResidual(const RelativeView<T>& view,
                                   const MatchSide<T>& source,
                                   const T& source_scale,
                                   const MatchSide<T>& target,
                                   const T& target_scale,
                                   const T& focal,
                                   Vec<T, 3>* residual,
                                   Mat<T, 3, kAlignmentColumns>* jacobian) {
  const Vec<T, 3> turned = TurnedPoint(view, source, source_scale, focal);
  const T z_source = source_scale * source.depth, z_target = target_scale * target.depth;
  const Vec<T, 3> x_target{
      z_target * target.offset_px[0] / focal, z_target * target.offset_px[1] / focal, z_target};
  const T over = T(2) / (z_source + z_target);
  const Vec<T, 3> r = over * (x_target - turned - view.translation);
  *residual = r;
  if (jacobian == nullptr) return;
  Mat<T, 3, kAlignmentColumns>& j = *jacobian;
  const Mat<T, 3, 3> turn = Skew(turned);
  const Vec<T, 3> by_focal = TurnedPointByLogFocal(view, source, source_scale, focal);
  const Vec<T, 3> target_by_focal{-x_target[0], -x_target[1], T(0)};
  for (int row = 0; row < 3; ++row) {
    for (int c = 0; c < 3; ++c) {
      j(row, kTwistRotation + c) = over * turn(row, c);
      j(row, kTwistTranslation + c) = row == c ? -over : T(0);
    }
    j(row, kSourceLogScale) = -over * turned[row] - r[row] * over * z_source / T(2);
    j(row, kTargetLogScale) = over * x_target[row] - r[row] * over * z_target / T(2);
    j(row, kAlignmentLogFocal) = over * (target_by_focal[row] - by_focal[row]);
  }
}

}  // namespace foothold
