// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

#include "foothold/base/random.h"
#include "foothold/perception/classical/sparse_model.h"

namespace foothold::testing {

// A camera that walks through a street of random points and looks around a little: tracks with exact
// truth, in the form that the bundle adjustment takes.
struct SyntheticScene {
  LensModel lens;
  double width_px = 960, height_px = 540;
  std::vector<Rigid3d> cam_from_world;
  std::vector<Vec3d> points_in_world;
  SparseTracks tracks;            // One track per point, views in front and inside the image.
  std::vector<int> track_points;  // Point of each track.
};

struct SyntheticSceneOptions {
  double focal_over_width = 0.6;
  double k1 = -0.1;
  double noise_px = 0.3;
  int num_keyframes = 16;
  int num_points = 900;
  bool rotation_only = false;
};

inline SyntheticScene MakeScene(const SyntheticSceneOptions& options, uint64_t seed) {
  SyntheticScene scene;
  RandomStream random(seed, "scene");
  scene.lens = {options.focal_over_width * scene.width_px,
                options.k1,
                0.5 * (scene.width_px - 1),
                0.5 * (scene.height_px - 1)};
  for (int k = 0; k < options.num_keyframes; ++k) {
    const double s = static_cast<double>(k) / std::max(1, options.num_keyframes - 1);
    const double yaw = options.rotation_only ? 0.6 * s : 0.15 * std::sin(3 * s);
    const double pitch = options.rotation_only ? 0.1 * std::sin(5 * s) : 0.03 * std::sin(7 * s);
    const Quatd world_from_cam = ExpQuaternion(Vec3d{0, yaw, 0}) * ExpQuaternion(Vec3d{pitch, 0, 0});
    const Vec3d center =
        options.rotation_only ? Vec3d{0, 0, 0} : Vec3d{0.8 * s * s, 0.05 * std::sin(9 * s), 4.5 * s};
    scene.cam_from_world.push_back(Inverse(Rigid3d{world_from_cam, center}));
  }
  const Rigid3d first = scene.cam_from_world[0];
  for (Rigid3d& pose : scene.cam_from_world) pose = pose * Inverse(first);
  scene.tracks.num_keyframes = options.num_keyframes;
  scene.tracks.width_px = scene.width_px;
  scene.tracks.height_px = scene.height_px;
  while (static_cast<int>(scene.points_in_world.size()) < options.num_points) {
    // Ground 1.5 m below, two walls and things between them.
    const double z = random.Uniform(3, 30), kind = random.Uniform();
    Vec3d point{random.Uniform(-6, 6), random.Uniform(-2, 1.5), z};
    if (kind < 0.5) point = {random.Uniform(-8, 8), 1.5, z};
    if (kind > 0.8) point = {random.Bernoulli(0.5) ? -7.0 : 7.0, random.Uniform(-4, 1.5), z};
    if (options.rotation_only) point = {point[0] + z * random.Uniform(-0.5, 1.5), point[1], point[2]};
    std::vector<SparseTracks::View> views;
    for (int k = 0; k < options.num_keyframes; ++k) {
      const Vec3d in_cam = scene.cam_from_world[k] * point;
      if (in_cam[2] < 0.8) continue;
      const Vec2d x{in_cam[0] / in_cam[2], in_cam[1] / in_cam[2]};
      if (Norm(x) > 1.3) continue;  // Beyond the turning point of the distortion.
      Vec2d pixel = ProjectWithLens(scene.lens, in_cam);
      if (pixel[0] < 2 || pixel[1] < 2 || pixel[0] > scene.width_px - 3 || pixel[1] > scene.height_px - 3)
        continue;
      pixel = pixel + options.noise_px * Vec2d{random.Normal(), random.Normal()};
      views.push_back({k, pixel});
    }
    scene.points_in_world.push_back(point);
    if (views.size() < 3) continue;
    scene.track_points.push_back(static_cast<int>(scene.points_in_world.size()) - 1);
    scene.tracks.tracks.push_back(std::move(views));
  }
  return scene;
}

// Largest rotation error and largest relative position error after the best scale, cameras against truth.
inline void CompareCameras(const std::vector<Rigid3d>& cam_from_world,
                           const std::vector<Rigid3d>& truth,
                           double* max_rotation_rad,
                           double* max_position_over_path) {
  *max_rotation_rad = *max_position_over_path = 0;
  double dot = 0, squared = 0, path = 0;
  for (size_t k = 0; k < truth.size(); ++k) {
    const Vec3d a = Inverse(cam_from_world[k]).translation, b = Inverse(truth[k]).translation;
    dot += Dot(a, b);
    squared += Dot(a, a);
    path = std::max(path, Norm(b));
  }
  const double scale = squared > 0 ? dot / squared : 1;
  for (size_t k = 0; k < truth.size(); ++k) {
    const Quatd difference = Conjugate(cam_from_world[k].rotation) * truth[k].rotation;
    *max_rotation_rad = std::max(*max_rotation_rad, Norm(LogQuaternion(Normalized(difference))));
    const Vec3d a = Inverse(cam_from_world[k]).translation, b = Inverse(truth[k]).translation;
    *max_position_over_path = std::max(*max_position_over_path, Norm(scale * a - b) / std::max(path, 1e-9));
  }
}

}  // namespace foothold::testing
