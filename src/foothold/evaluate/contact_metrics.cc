// SPDX-License-Identifier: Apache-2.0
#include "foothold/evaluate/contact_metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "foothold/base/error.h"
#include "foothold/evaluate/nearest.h"

namespace foothold {
namespace {

constexpr int kWindowFrames = 100;
constexpr int kCollisionInterval = 20;
constexpr int kCollisionStride_px = 8;
constexpr float kMinConfidence = 0.1f;

// Calls visit(begin, end) for every window that ends before or at the last body frame.
void ForEachWindow(const std::vector<int>& frames, const std::function<void(int, int)>& visit) {
  if (frames.empty()) return;
  for (int begin = 0; begin < frames.back(); begin += kWindowFrames) {
    visit(begin, std::min(begin + kWindowFrames, frames.back()));
  }
}

struct Bounds {
  Vec3d low, high;
  bool Contains(const Vec3d& point) const {
    for (int d = 0; d < 3; ++d) {
      if (point[d] < low[d] || point[d] > high[d]) return false;
    }
    return true;
  }
};

Bounds BoundsOf(const std::vector<Vec3d>& points) {
  Bounds bounds{points.front(), points.front()};
  for (const Vec3d& point : points) {
    for (int d = 0; d < 3; ++d) {
      bounds.low[d] = std::min(bounds.low[d], point[d]);
      bounds.high[d] = std::max(bounds.high[d], point[d]);
    }
  }
  return bounds;
}

int CountInside(const std::vector<Vec3d>& points,
                const std::vector<Vec3d>& vertices,
                const std::vector<std::array<int32_t, 3>>& faces) {
  const Bounds bounds = BoundsOf(vertices);
  int inside = 0;
  for (const Vec3d& point : points) {
    if (bounds.Contains(point) && WindingNumber(point, vertices, faces) > 0.5) ++inside;
  }
  return inside;
}

}  // namespace

std::vector<Vec3d> ScenePointsOf(const ContactScene& scene, int begin, int end, int stride) {
  std::vector<Vec3d> points;
  for (const KeyframeDepth& keyframe : scene.keyframes) {
    if (keyframe.frame < begin || keyframe.frame >= end) continue;
    FOOTHOLD_CHECK(keyframe.frame < static_cast<int>(scene.world_from_cam.size()) &&
                       keyframe.confidence.data.size() == keyframe.depth_m.data.size(),
                   "keyframe " + std::to_string(keyframe.frame));
    const Rigid3d& world_from_cam = scene.world_from_cam[keyframe.frame];
    for (int y = 0; y < keyframe.depth_m.height; y += stride) {
      for (int x = 0; x < keyframe.depth_m.width; x += stride) {
        const double depth = keyframe.depth_m.At(x, y);
        if (!(keyframe.confidence.At(x, y) > kMinConfidence && depth > 0)) continue;
        const Vec2d pixel{static_cast<double>(x), static_cast<double>(y)};
        points.push_back(world_from_cam * (depth * Unproject(scene.pinhole, pixel)));
      }
    }
  }
  return points;
}

double FootFloating::Rate(double threshold_m) const {
  if (distance_m.empty()) return 0;
  const auto floating =
      std::count_if(distance_m.begin(), distance_m.end(), [&](double d) { return d > threshold_m; });
  return static_cast<double>(floating) / static_cast<double>(distance_m.size());
}

FootFloating MeasureFootFloating(const ContactScene& scene,
                                 const std::vector<int>& frames,
                                 const std::vector<std::array<Vec3d, 4>>& feet) {
  FOOTHOLD_CHECK(frames.size() == feet.size(), "feet of every frame");
  FootFloating result;
  ForEachWindow(frames, [&](int begin, int end) {
    const NearestPoints cloud(ScenePointsOf(scene, begin, end, 1));
    if (cloud.empty()) return;
    for (size_t i = 0; i < frames.size(); ++i) {
      if (frames[i] < begin || frames[i] >= end) continue;
      double nearest = std::numeric_limits<double>::infinity();
      for (const Vec3d& vertex : feet[i]) nearest = std::min(nearest, cloud.Distance(vertex));
      result.frames.push_back(frames[i]);
      result.distance_m.push_back(nearest);
    }
  });
  return result;
}

double Collisions::Rate(int more_than) const {
  if (inside.empty()) return 0;
  const auto colliding = std::count_if(inside.begin(), inside.end(), [&](int n) { return n > more_than; });
  return static_cast<double>(colliding) / static_cast<double>(inside.size());
}

Collisions MeasureCollisions(const ContactScene& scene,
                             const std::vector<int>& frames,
                             const std::function<std::vector<Vec3d>(size_t)>& vertices_of,
                             const std::vector<std::array<int32_t, 3>>& faces) {
  Collisions result;
  ForEachWindow(frames, [&](int begin, int end) {
    const std::vector<Vec3d> points = ScenePointsOf(scene, begin, end, kCollisionStride_px);
    if (points.empty()) return;
    for (size_t i = 0; i < frames.size(); ++i) {
      const bool is_evaluated =
          frames[i] >= begin && frames[i] < end && (frames[i] - begin) % kCollisionInterval == 0;
      if (!is_evaluated) continue;
      result.frames.push_back(frames[i]);
      result.inside.push_back(CountInside(points, vertices_of(i), faces));
    }
  });
  return result;
}

double WindingNumber(const Vec3d& point,
                     const std::vector<Vec3d>& vertices,
                     const std::vector<std::array<int32_t, 3>>& faces) {
  double solid_angle = 0;
  for (const auto& face : faces) {
    const Vec3d a = vertices[face[0]] - point, b = vertices[face[1]] - point, c = vertices[face[2]] - point;
    const double na = Norm(a), nb = Norm(b), nc = Norm(c);
    const double numerator = Dot(a, Cross(b, c));
    const double denominator = na * nb * nc + Dot(a, b) * nc + Dot(b, c) * na + Dot(c, a) * nb;
    solid_angle += 2 * std::atan2(numerator, denominator);
  }
  return solid_angle / (4 * std::numbers::pi);
}

}  // namespace foothold
