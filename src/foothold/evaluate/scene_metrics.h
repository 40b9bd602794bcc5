// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "foothold/geometry/camera.h"
#include "foothold/geometry/transform.h"
#include "foothold/scene/image.h"

namespace foothold {

// Distances between two point clouds, metres. Points farther than the cut from the other cloud are
// left out of the means and counted by the percentages.
struct CloudErrors {
  double accuracy_m = 0;                                  // Mean distance of predicted points to the truth.
  double completeness_m = 0;                              // Mean distance of true points to the prediction.
  double chamfer_m = 0;                                   // Mean of the two.
  double accuracy_percent = 0, completeness_percent = 0;  // Points within the cut.
};
// Clouds must not be empty. Usually of voxel centroids (scene/voxel_grid.h, 0.3 m).
CloudErrors CompareClouds(const std::vector<Vec3d>& predicted, const std::vector<Vec3d>& truth, double cut_m);

// Errors of a depth image over the pixels with 0 < truth < infinity and prediction > 0.
struct DepthErrors {
  int num_pixels = 0;  // When 0 the rest is 0.
  double abs_rel = 0, rmse_m = 0, log_rmse = 0, si_log_rmse = 0;
  double delta_1 = 0, delta_2 = 0, delta_3 = 0;  // Shares of pixels within a factor 1.25, 1.25^2, 1.25^3.
};
DepthErrors CompareDepth(const ImageF& predicted_m, const ImageF& truth_m);

// A camera that sees lidar points: pinhole with radial and tangential distortion, of width x height.
struct LidarCamera {
  double focal_x_px = 0, focal_y_px = 0, center_x_px = 0, center_y_px = 0;
  double k1 = 0, k2 = 0, p1 = 0, p2 = 0, k3 = 0;
  double width_px = 0, height_px = 0;
};
// z depth of the points in an image of another size: pixel = projection times (height / camera height)
// on both axes, rounded half to even. The last point written to a pixel wins; infinity where none is.
ImageF SplatLidar(const std::vector<Vec3d>& points_in_world,
                  const Rigid3d& cam_from_world,
                  const LidarCamera& camera,
                  int width,
                  int height);
// 1 for each point that projects into a width x height image in at least one frame.
std::vector<uint8_t> VisibleInAnyFrame(const std::vector<Vec3d>& points_in_world,
                                       const std::vector<Rigid3d>& cam_from_world,
                                       const LidarCamera& camera,
                                       int width,
                                       int height);

}  // namespace foothold
