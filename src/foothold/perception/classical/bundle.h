// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/geometry/camera.h"
#include "foothold/geometry/transform.h"

namespace foothold {

// One lens for the whole clip: focal length, principal point (fixed) and one radial coefficient.
struct LensModel {
  double focal_px = 0;
  double k1 = 0;
  double center_x_px = 0, center_y_px = 0;
};

// Pixel of a point given in camera coordinates: pinhole and x (1 + k1 |x|^2). The point lies in front.
template <class T>
Vec<T, 2> ProjectWithLens(const T& focal_px, const T& k1, const Vec2d& center_px, const Vec<T, 3>& x_in_cam) {
  const Vec<T, 2> x{x_in_cam[0] / x_in_cam[2], x_in_cam[1] / x_in_cam[2]};
  const Vec<T, 2> distorted = Distort(RadialDistortion<T>{k1, T(0)}, x);
  return {focal_px * distorted[0] + T(center_px[0]), focal_px * distorted[1] + T(center_px[1])};
}
inline Vec2d ProjectWithLens(const LensModel& lens, const Vec3d& x_in_cam) {
  return ProjectWithLens(lens.focal_px, lens.k1, {lens.center_x_px, lens.center_y_px}, x_in_cam);
}
// Point with z = 1 on the ray of a (distorted) pixel.
Vec3d RayOfPixel(const LensModel& lens, const Vec2d& pixel);

// Derivatives of the pixel. The pose is perturbed on the left: x_in_cam = Exp(d) (R X) + t + dt.
struct ProjectionJacobian {
  Mat<double, 2, 6> pose;   // d (rotation), dt.
  Mat<double, 2, 3> point;  // X, in the world.
  Vec2d log_focal, k1;
};
Vec2d ProjectWithJacobian(const LensModel& lens,
                          const Rigid3d& cam_from_world,
                          const Vec3d& x_in_world,
                          ProjectionJacobian* jacobian);

struct BundleObservation {
  int camera = 0;
  int point = 0;
  Vec2d pixel{0, 0};
};

struct BundleProblem {
  LensModel lens;
  std::vector<Rigid3d> cam_from_world;
  std::vector<Vec3d> points_in_world;
  std::vector<BundleObservation> observations;  // Sorted by point.
};

struct BundleOptions {
  int max_iterations = 20;
  double huber_px = 1;
  bool optimize_focal = false;
  bool optimize_k1 = false;
  bool fix_translations = false;  // A camera that only rotates: translations stay as they are.
  double relative_tolerance = 1e-6;
};

struct BundleSummary {
  double initial_cost = 0, final_cost = 0;  // Sum of Huber losses, px^2.
  int iterations = 0;
  std::vector<double> errors_px;  // Per observation, at the end.
};

// Minimises the Huber cost of the reprojection errors by Levenberg-Marquardt; points are eliminated
// (Schur complement) and the dense system of cameras, log focal and k1 is solved by Cholesky. Camera 0
// stays fixed; the scale is left to the damping. A step that is not finite or does not lower the cost
// is rejected.
BundleSummary AdjustBundle(const BundleOptions& options, BundleProblem* problem);

// Pose of one camera from known points by the same robust cost, starting from `cam_from_world`.
// Returns the error of each point.
std::vector<double> RefinePose(const LensModel& lens,
                               const std::vector<Vec3d>& points_in_world,
                               const std::vector<Vec2d>& pixels,
                               double huber_px,
                               Rigid3d* cam_from_world);

}  // namespace foothold
