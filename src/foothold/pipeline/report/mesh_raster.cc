// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/report/mesh_raster.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "foothold/base/error.h"
#include "foothold/pipeline/report/html.h"

namespace foothold::report {

MeshRaster::MeshRaster(int width, int height)
    : depth_m_(width, height, 1, std::numeric_limits<float>::infinity()),
      shade_(width, height),
      person_(width, height, 1, int16_t{-1}) {}

void MeshRaster::Add(const std::vector<RasterVertex>& vertices,
                     const std::vector<std::array<int32_t, 3>>& faces,
                     int person) {
  for (const auto& face : faces) {
    AddTriangle(vertices[face[0]], vertices[face[1]], vertices[face[2]], person);
  }
}

void MeshRaster::AddTriangle(const RasterVertex& a,
                             const RasterVertex& b,
                             const RasterVertex& c,
                             int person) {
  if (!a.visible || !b.visible || !c.visible) return;
  const double area = (b.x_px - a.x_px) * (c.y_px - a.y_px) - (b.y_px - a.y_px) * (c.x_px - a.x_px);
  if (!(std::abs(area) > 1e-9)) return;
  // Bounds are clipped as doubles first: a vertex near the image plane may be millions of pixels away.
  const auto bound = [](double value, int limit) {
    return static_cast<int>(std::clamp(value, 0.0, limit - 1.0));
  };
  if (std::max({a.x_px, b.x_px, c.x_px}) < 0 || std::min({a.x_px, b.x_px, c.x_px}) > depth_m_.width - 1 ||
      std::max({a.y_px, b.y_px, c.y_px}) < 0 || std::min({a.y_px, b.y_px, c.y_px}) > depth_m_.height - 1) {
    return;
  }
  const int x0 = bound(std::ceil(std::min({a.x_px, b.x_px, c.x_px})), depth_m_.width);
  const int x1 = bound(std::floor(std::max({a.x_px, b.x_px, c.x_px})), depth_m_.width);
  const int y0 = bound(std::ceil(std::min({a.y_px, b.y_px, c.y_px})), depth_m_.height);
  const int y1 = bound(std::floor(std::max({a.y_px, b.y_px, c.y_px})), depth_m_.height);

  const Vec3d cross = Cross(b.x_in_cam - a.x_in_cam, c.x_in_cam - a.x_in_cam);
  const double length = Norm(cross);
  // |cos| so that the winding of the faces does not matter.
  static const Vec3d kLight = Normalized(Vec3d{-0.4, -0.6, -0.7});
  const double shade = length > 0 ? std::abs(Dot(cross, kLight)) / length : 0;

  for (int y = y0; y <= y1; ++y) {
    for (int x = x0; x <= x1; ++x) {
      const double wb = ((x - a.x_px) * (c.y_px - a.y_px) - (y - a.y_px) * (c.x_px - a.x_px)) / area;
      const double wc = ((b.x_px - a.x_px) * (y - a.y_px) - (b.y_px - a.y_px) * (x - a.x_px)) / area;
      const double wa = 1 - wb - wc;
      if (wa < 0 || wb < 0 || wc < 0) continue;
      // Linear in 1/z, as perspective asks.
      const double depth_m = 1 / (wa / a.x_in_cam[2] + wb / b.x_in_cam[2] + wc / c.x_in_cam[2]);
      if (!(depth_m < depth_m_.At(x, y))) continue;
      depth_m_.At(x, y) = static_cast<float>(depth_m);
      shade_.At(x, y) = static_cast<float>(shade);
      person_.At(x, y) = static_cast<int16_t>(person);
    }
  }
}

bool MeshRaster::IsOutline(int x, int y) const {
  static constexpr int kSteps[4][2] = {{1, 0}, {-1, 0}, {0, 1}, {0, -1}};
  for (const auto& step : kSteps) {
    if (person_.Contains(x + step[0], y + step[1]) &&
        person_.At(x + step[0], y + step[1]) != person_.At(x, y)) {
      return true;
    }
  }
  return false;
}

void MeshRaster::Blend(double opacity, ImageU8* picture_rgb) const {
  FOOTHOLD_CHECK(picture_rgb->width == person_.width && picture_rgb->height == person_.height,
                 "sizes differ");
  for (int y = 0; y < person_.height; ++y) {
    for (int x = 0; x < person_.width; ++x) {
      const int person = person_.At(x, y);
      if (person < 0) continue;
      const Rgb color = PersonColor(person);
      const bool outline = IsOutline(x, y);
      const double light = outline ? 0.35 : 0.3 + 0.85 * shade_.At(x, y);
      const double weight = outline ? 0.9 : opacity;
      for (int c = 0; c < 3; ++c) {
        const double lit = std::min(255.0, color[c] * light);
        uint8_t& pixel = picture_rgb->At(x, y, c);
        pixel = static_cast<uint8_t>(weight * lit + (1 - weight) * pixel);
      }
    }
  }
}

}  // namespace foothold::report
