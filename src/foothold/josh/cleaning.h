// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/geometry/camera.h"
#include "foothold/geometry/transform.h"
#include "foothold/scene/image.h"

namespace foothold {

// One keyframe with dense metric depth.
struct DenseView {
  Rigid3d world_from_cam;
  Pinholed pinhole;
  const ImageF* depth_m = nullptr;  // z depth; 0 where unknown.
};

struct CleaningOptions {
  double tolerance = 0.001;  // Relative distance by which a point must stand in front.
  int window = 0;            // Compare only views with |i - j| <= window; 0: all.
};

// Sets the confidence of a point to 0 where it stands in front of a surface that another view sees
// with more confidence (a flying pixel, a moving object). In place, image i outer, image j inner, with
// the current values of both confidences, so the order of the views matters. Pixels round half to
// even. One confidence image per view, of the size of its depth.
void CleanConfidences(const std::vector<DenseView>& views,
                      const CleaningOptions& options,
                      std::vector<ImageF>* confidences);

// Dense z depth of an image from the optimised depth of its anchors, one per `block` x `block` pixels
// row by row: depth = anchor_depth (1 + (r - 1) base_focal / focal), r the relative depth measured
// with `base_focal_px`.
ImageF DepthFromAnchors(const std::vector<double>& anchor_depth_m,
                        const ImageF& relative_depth,
                        double base_focal_px,
                        double focal_px,
                        int block);

}  // namespace foothold
