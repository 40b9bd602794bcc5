// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "foothold/geometry/vec.h"
#include "foothold/scene/image.h"

namespace foothold::report {

struct RasterVertex {
  Vec3d x_in_cam{0, 0, 0};
  double x_px = 0, y_px = 0;
  bool visible = false;
};

// Depth-buffered meshes, one colour per person, lit from the camera's upper left.
class MeshRaster {
 public:
  MeshRaster(int width, int height);

  // Triangles with a vertex that is not visible are left out.
  void Add(const std::vector<RasterVertex>& vertices,
           const std::vector<std::array<int32_t, 3>>& faces,
           int person);
  // Mixes the meshes into `picture_rgb` with the given opacity and draws their outlines.
  void Blend(double opacity, ImageU8* picture_rgb) const;

 private:
  void AddTriangle(const RasterVertex& a, const RasterVertex& b, const RasterVertex& c, int person);
  bool IsOutline(int x, int y) const;

  ImageF depth_m_;
  ImageF shade_;           // 0..1
  Image<int16_t> person_;  // Index, or -1.
};

}  // namespace foothold::report
