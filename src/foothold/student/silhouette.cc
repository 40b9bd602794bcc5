// SPDX-License-Identifier: Apache-2.0
#include "foothold/student/silhouette.h"

#include <algorithm>
#include <cmath>

namespace foothold {
namespace {

constexpr double kNearest_m = 0.05;

// Twice the signed area of a, b, c.
double Area(const Vec2d& a, const Vec2d& b, const Vec2d& c) {
  return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
}

// Pixel centres from the first one at or after `low` to the last one at or before `high`, in [0, size).
struct PixelRange {
  PixelRange(double low, double high, int size)
      : first(static_cast<int>(std::ceil(std::clamp(low, 0.0, size * 1.0)))),
        last(static_cast<int>(std::floor(std::clamp(high, -1.0, size - 1.0)))) {}
  int first, last;
};

void DrawTriangle(const std::array<Vec2d, 3>& corners, ImageU8* mask) {
  const auto& [a, b, c] = corners;
  const double area = Area(a, b, c);
  if (!(std::fabs(area) > 0)) return;
  const PixelRange rows(std::min({a[1], b[1], c[1]}), std::max({a[1], b[1], c[1]}), mask->height);
  const PixelRange columns(std::min({a[0], b[0], c[0]}), std::max({a[0], b[0], c[0]}), mask->width);
  for (int y = rows.first; y <= rows.last; ++y) {
    for (int x = columns.first; x <= columns.last; ++x) {
      const Vec2d at{static_cast<double>(x), static_cast<double>(y)};
      // Inside: on the same side of the three edges as the triangle itself.
      if (Area(a, b, at) * area >= 0 && Area(b, c, at) * area >= 0 && Area(c, a, at) * area >= 0) {
        mask->At(x, y) = 1;
      }
    }
  }
}

}  // namespace

void DrawSilhouette(const std::vector<Vec3d>& vertices_in_cam,
                    const std::vector<std::array<int32_t, 3>>& faces,
                    const Pinholed& pinhole,
                    ImageU8* mask) {
  std::vector<Vec2d> pixels(vertices_in_cam.size());
  for (size_t v = 0; v < pixels.size(); ++v) {
    if (vertices_in_cam[v][2] > kNearest_m) pixels[v] = Project(pinhole, vertices_in_cam[v]);
  }
  for (const std::array<int32_t, 3>& face : faces) {
    const bool in_front =
        std::all_of(face.begin(), face.end(), [&](int32_t v) { return vertices_in_cam[v][2] > kNearest_m; });
    if (in_front) DrawTriangle({pixels[face[0]], pixels[face[1]], pixels[face[2]]}, mask);
  }
}

Box BoxAround(const std::vector<Vec3d>& points_in_cam, const Pinholed& pinhole) {
  bool any = false;
  Vec2d low{0, 0}, high{0, 0};
  for (const Vec3d& point : points_in_cam) {
    if (!(point[2] > kNearest_m)) continue;
    const Vec2d at = Project(pinhole, point);
    for (int i = 0; i < 2; ++i) {
      low[i] = any ? std::min(low[i], at[i]) : at[i];
      high[i] = any ? std::max(high[i], at[i]) : at[i];
    }
    any = true;
  }
  return {static_cast<float>(low[0] + 0.5),  // Boxes count from the corner of the picture.
          static_cast<float>(low[1] + 0.5),
          static_cast<float>(high[0] - low[0]),
          static_cast<float>(high[1] - low[1])};
}

}  // namespace foothold
