// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "foothold/geometry/camera.h"
#include "foothold/geometry/transform.h"
#include "foothold/scene/reconstruction.h"

namespace foothold {

// Does a body touch the scene it stands on? Both metrics compare a body with scene points of the same
// window of 100 frames, [s, min(s + 100, L)), s = 0, 100, ..., L the last body frame. As in the
// released evaluation the last frame itself therefore never counts, and the scene of a window is what
// the keyframes inside it see (confidence > 0.1, depth > 0). Windows without scene points are skipped.

struct ContactScene {
  Pinholed pinhole{0, 0, 0};
  std::vector<Rigid3d> world_from_cam;  // One per frame of the clip.
  std::vector<KeyframeDepth> keyframes;
};
// Scene points of the keyframes with begin <= frame < end, every `stride`-th pixel of both axes, world.
std::vector<Vec3d> ScenePointsOf(const ContactScene& scene, int begin, int end, int stride);

// Smallest distance of the feet to the scene for every evaluated frame; floating means farther than
// 0.2 m.
struct FootFloating {
  std::vector<int> frames;
  std::vector<double> distance_m;
  double Rate(double threshold_m = 0.2) const;  // 0 when nothing was evaluated.
};
// `feet` holds the foot vertices in the world for every entry of `frames` (ascending).
FootFloating MeasureFootFloating(const ContactScene& scene,
                                 const std::vector<int>& frames,
                                 const std::vector<std::array<Vec3d, 4>>& feet);

// Number of scene points (every 8th pixel of both axes) inside the body, every 20th frame of a window.
struct Collisions {
  std::vector<int> frames;
  std::vector<int> inside;
  double Rate(int more_than) const;  // Share of frames with more points inside; 0 when there is none.
};
// `vertices_of(i)` poses the closed mesh for frames[i] in the world.
Collisions MeasureCollisions(const ContactScene& scene,
                             const std::vector<int>& frames,
                             const std::function<std::vector<Vec3d>(size_t)>& vertices_of,
                             const std::vector<std::array<int32_t, 3>>& faces);

// Winding number of a closed mesh about a point: 1 inside, 0 outside (van Oosterom and Strackee 1983).
double WindingNumber(const Vec3d& point,
                     const std::vector<Vec3d>& vertices,
                     const std::vector<std::array<int32_t, 3>>& faces);

}  // namespace foothold
