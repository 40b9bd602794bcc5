// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception_networks/depth_ground.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace foothold {
namespace {

constexpr double kMaxPoints = 20000;
constexpr float kLeastConfidence = 0.1f;

}  // namespace

void SeeGround(const GroundOptions& options, Observations* observations) {
  const CameraObservations& camera = observations->camera;
  const size_t count = camera.poses_fixed ? 1 : observations->keyframes.size();
  std::vector<Rigid3d> poses;
  std::vector<Vec3d> points;
  for (size_t k = 0; k < count; ++k) {
    const Keyframe& keyframe = observations->keyframes[k];
    const Rigid3d& world_from_cam = camera.world_from_cam[keyframe.frame];
    poses.push_back(world_from_cam);
    const double pixels = static_cast<double>(count) * static_cast<double>(keyframe.depth_m.data.size());
    const int stride = std::max(1, static_cast<int>(std::ceil(std::sqrt(pixels / kMaxPoints))));
    for (int y = stride / 2; y < keyframe.depth_m.height; y += stride) {
      for (int x = stride / 2; x < keyframe.depth_m.width; x += stride) {
        if (!(keyframe.confidence.At(x, y) > kLeastConfidence)) continue;
        const Vec3d ray = Unproject(camera.pinhole, Vec2d{static_cast<double>(x), static_cast<double>(y)});
        points.push_back(world_from_cam * (static_cast<double>(keyframe.depth_m.At(x, y)) * ray));
      }
    }
  }
  const GroundEstimate ground = FindGround(points, poses, options);
  if (!ground.plane.known) {
    observations->flags.push_back("no_ground");
    return;
  }
  observations->ground = ground.plane;
  if (ground.height_cv > options.max_height_cv) observations->flags.push_back("ground_drift");
}

}  // namespace foothold
