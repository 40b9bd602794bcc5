// SPDX-License-Identifier: Apache-2.0
#include "foothold/josh/cleaning.h"

#include <cmath>
#include <cstdlib>

#include "foothold/base/error.h"

namespace foothold {
namespace {

void CleanPair(const DenseView& view_i,
               const DenseView& view_j,
               double tolerance,
               const ImageF& confidence_j,
               ImageF* confidence_i) {
  const Rigid3d j_from_i = Inverse(view_j.world_from_cam) * view_i.world_from_cam;
  const Mat3d rotation = MatrixFromQuaternion(j_from_i.rotation);
  const ImageF& depth_i = *view_i.depth_m;
  const ImageF& depth_j = *view_j.depth_m;
  for (int y = 0; y < depth_i.height; ++y) {
    for (int x = 0; x < depth_i.width; ++x) {
      float& confidence = confidence_i->At(x, y);
      if (!(confidence > 0)) continue;
      const double depth = depth_i.At(x, y);
      if (!(depth > 0)) continue;
      const Vec2d pixel{static_cast<double>(x), static_cast<double>(y)};
      const Vec3d x_in_j = rotation * (depth * Unproject(view_i.pinhole, pixel)) + j_from_i.translation;
      if (!(x_in_j[2] > 0)) continue;
      const Vec2d projected = Project(view_j.pinhole, x_in_j);
      const double column = std::nearbyint(projected[0]), row = std::nearbyint(projected[1]);
      if (!(column >= 0 && row >= 0 && column < depth_j.width && row < depth_j.height)) continue;
      const int cx = static_cast<int>(column), cy = static_cast<int>(row);
      if (x_in_j[2] < (1 - tolerance) * depth_j.At(cx, cy) && confidence < confidence_j.At(cx, cy)) {
        confidence = 0;
      }
    }
  }
}

}  // namespace

void CleanConfidences(const std::vector<DenseView>& views,
                      const CleaningOptions& options,
                      std::vector<ImageF>* confidences) {
  FOOTHOLD_CHECK(views.size() == confidences->size(), "one confidence image per view");
  for (size_t i = 0; i < views.size(); ++i) {
    FOOTHOLD_CHECK((*confidences)[i].data.size() == views[i].depth_m->data.size(),
                   "confidence and depth differ in size");
  }
  const int count = static_cast<int>(views.size());
  for (int i = 0; i < count; ++i) {
    for (int j = 0; j < count; ++j) {
      if (i == j || (options.window > 0 && std::abs(i - j) > options.window)) continue;
      CleanPair(views[i], views[j], options.tolerance, (*confidences)[j], &(*confidences)[i]);
    }
  }
}

ImageF DepthFromAnchors(const std::vector<double>& anchor_depth_m,
                        const ImageF& relative_depth,
                        double base_focal_px,
                        double focal_px,
                        int block) {
  const int columns = relative_depth.width / block;
  FOOTHOLD_CHECK(anchor_depth_m.size() == static_cast<size_t>(columns) * (relative_depth.height / block),
                 "one depth per block");
  ImageF depth(relative_depth.width, relative_depth.height);
  for (int y = 0; y < depth.height; ++y) {
    for (int x = 0; x < depth.width; ++x) {
      const size_t anchor = static_cast<size_t>(y / block) * columns + x / block;
      const double offset = 1 + (relative_depth.At(x, y) - 1) * base_focal_px / focal_px;
      depth.At(x, y) = static_cast<float>(anchor_depth_m[anchor] * offset);
    }
  }
  return depth;
}

}  // namespace foothold
