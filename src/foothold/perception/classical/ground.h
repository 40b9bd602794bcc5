// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/base/options.h"
#include "foothold/geometry/camera.h"
#include "foothold/geometry/transform.h"
#include "foothold/scene/observations.h"

namespace foothold {

struct GroundOptions {
  double max_tilt_deg = 20;          // Of the plane's normal against the picture's up direction.
  double tolerance_height = 0.03;    // Inlier: this share of the camera height ...
  double tolerance_distance = 0.01;  // ... plus this share of the distance from the cameras.
  double min_inlier_share = 0.1;     // Below: no ground (flag no_ground).
  double max_height_cv = 0.05;       // Spread of the camera's height over its mean above: ground_drift.
  int ransac_iterations = 1500;
  static const OptionTable& Table();
};

struct GroundEstimate {
  GroundPlane plane;  // In the world of the input; `known` says whether it was found.
  double inlier_share = 0;
  double camera_height = 0;  // Mean over the cameras, world units.
  double height_cv = 0;
};

// Plane that carries most points with few below it, close to horizontal in the picture: RANSAC, then
// least squares on the inliers. Depends only on the arguments (fixed random stream).
GroundEstimate FindGround(const std::vector<Vec3d>& points_in_world,
                          const std::vector<Rigid3d>& world_from_cam,
                          const GroundOptions& options);

// Where the ray from the camera through a normalised image point (z = 1) meets the plane: depth along z
// in this camera; negative or zero when it does not.
double PlaneDepth(const GroundPlane& plane, const Rigid3d& world_from_cam, const Vec3d& ray_in_cam);

// Height of a world point above the plane.
inline double HeightAbove(const GroundPlane& plane, const Vec3d& point) {
  return Dot(plane.up_in_world, point) - plane.offset_m;
}

}  // namespace foothold
