// SPDX-License-Identifier: Apache-2.0
#include "foothold/evaluate/scene_metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "foothold/base/error.h"
#include "foothold/evaluate/nearest.h"

namespace foothold {
namespace {

struct OneSided {
  double mean_m = 0, percent = 0;
};

OneSided DistancesTo(const std::vector<Vec3d>& points, const NearestPoints& cloud, double cut_m) {
  double sum = 0;
  size_t within = 0;
  for (const Vec3d& point : points) {
    const double distance = cloud.Distance(point);
    if (!(distance < cut_m)) continue;
    sum += distance;
    ++within;
  }
  OneSided result;
  if (within > 0) result.mean_m = sum / static_cast<double>(within);
  result.percent = 100 * static_cast<double>(within) / static_cast<double>(points.size());
  return result;
}

struct LidarPixel {
  bool in_front = false;
  double x = 0, y = 0, depth_m = 0;
};

// Rounded pixel in an image of `height` rows.
LidarPixel ProjectLidar(const Vec3d& point,
                        const Rigid3d& cam_from_world,
                        const LidarCamera& camera,
                        int height) {
  LidarPixel pixel;
  const Vec3d x_in_cam = cam_from_world * point;
  pixel.depth_m = x_in_cam[2];
  pixel.in_front = x_in_cam[2] > 0;
  if (!pixel.in_front) return pixel;
  const double x = x_in_cam[0] / x_in_cam[2], y = x_in_cam[1] / x_in_cam[2];
  const double r2 = x * x + y * y;
  const double radial = 1 + r2 * (camera.k1 + r2 * (camera.k2 + r2 * camera.k3));
  const double xd = x * radial + 2 * camera.p1 * x * y + camera.p2 * (r2 + 2 * x * x);
  const double yd = y * radial + camera.p1 * (r2 + 2 * y * y) + 2 * camera.p2 * x * y;
  const double scale = height / camera.height_px;
  pixel.x = std::nearbyint(scale * (camera.focal_x_px * xd + camera.center_x_px));
  pixel.y = std::nearbyint(scale * (camera.focal_y_px * yd + camera.center_y_px));
  return pixel;
}

bool IsInside(const LidarPixel& pixel, int width, int height) {
  return pixel.in_front && pixel.x >= 0 && pixel.y >= 0 && pixel.x < width && pixel.y < height;
}

}  // namespace

CloudErrors CompareClouds(const std::vector<Vec3d>& predicted,
                          const std::vector<Vec3d>& truth,
                          double cut_m) {
  FOOTHOLD_CHECK(!predicted.empty() && !truth.empty(), "comparison with an empty cloud");
  const OneSided accuracy = DistancesTo(predicted, NearestPoints(truth), cut_m);
  const OneSided completeness = DistancesTo(truth, NearestPoints(predicted), cut_m);
  CloudErrors errors;
  errors.accuracy_m = accuracy.mean_m;
  errors.completeness_m = completeness.mean_m;
  errors.chamfer_m = 0.5 * (accuracy.mean_m + completeness.mean_m);
  errors.accuracy_percent = accuracy.percent;
  errors.completeness_percent = completeness.percent;
  return errors;
}

DepthErrors CompareDepth(const ImageF& predicted_m, const ImageF& truth_m) {
  FOOTHOLD_CHECK(predicted_m.width == truth_m.width && predicted_m.height == truth_m.height,
                 "depth images differ in size");
  DepthErrors errors;
  double log_sum = 0, log_squares = 0, squares = 0;
  for (size_t i = 0; i < truth_m.data.size(); ++i) {
    const double predicted = predicted_m.data[i], truth = truth_m.data[i];
    if (!(truth > 0 && std::isfinite(truth) && predicted > 0 && std::isfinite(predicted))) continue;
    ++errors.num_pixels;
    errors.abs_rel += std::abs(predicted - truth) / truth;
    squares += (predicted - truth) * (predicted - truth);
    const double log_ratio = std::log(predicted) - std::log(truth);
    log_sum += log_ratio;
    log_squares += log_ratio * log_ratio;
    const double ratio = std::max(predicted / truth, truth / predicted);
    errors.delta_1 += ratio < 1.25 ? 1 : 0;
    errors.delta_2 += ratio < 1.25 * 1.25 ? 1 : 0;
    errors.delta_3 += ratio < 1.25 * 1.25 * 1.25 ? 1 : 0;
  }
  if (errors.num_pixels == 0) return errors;
  const double count = errors.num_pixels;
  const double log_mean = log_sum / count;
  errors.abs_rel /= count;
  errors.rmse_m = std::sqrt(squares / count);
  errors.log_rmse = std::sqrt(log_squares / count);
  errors.si_log_rmse = std::sqrt(std::max(0.0, log_squares / count - log_mean * log_mean));
  errors.delta_1 /= count;
  errors.delta_2 /= count;
  errors.delta_3 /= count;
  return errors;
}

ImageF SplatLidar(const std::vector<Vec3d>& points_in_world,
                  const Rigid3d& cam_from_world,
                  const LidarCamera& camera,
                  int width,
                  int height) {
  ImageF depth(width, height, 1, std::numeric_limits<float>::infinity());
  for (const Vec3d& point : points_in_world) {
    const LidarPixel pixel = ProjectLidar(point, cam_from_world, camera, height);
    if (!IsInside(pixel, width, height)) continue;
    depth.At(static_cast<int>(pixel.x), static_cast<int>(pixel.y)) = static_cast<float>(pixel.depth_m);
  }
  return depth;
}

std::vector<uint8_t> VisibleInAnyFrame(const std::vector<Vec3d>& points_in_world,
                                       const std::vector<Rigid3d>& cam_from_world,
                                       const LidarCamera& camera,
                                       int width,
                                       int height) {
  std::vector<uint8_t> visible;
  for (const Vec3d& point : points_in_world) {
    visible.push_back(std::any_of(cam_from_world.begin(), cam_from_world.end(), [&](const Rigid3d& pose) {
      return IsInside(ProjectLidar(point, pose, camera, height), width, height);
    }));
  }
  return visible;
}

}  // namespace foothold
