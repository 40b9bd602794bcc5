// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/base/options.h"
#include "foothold/geometry/camera.h"
#include "foothold/geometry/transform.h"
#include "foothold/perception/classical/working_views.h"
#include "foothold/scene/image.h"

namespace foothold {

struct DepthOptions {
  int neighbours = 4;  // Keyframes on each side whose flow is used.
  double max_forward_backward_px = 1;
  double good_relative_depth = 0.05;  // Relative depth error at which the confidence is halved.
  double plane_confidence = 0.5;      // Of ground depth written under the feet.
  static const OptionTable& Table();
};

struct DenseDepth {
  std::vector<ImageF> depth;       // Per keyframe, z in world units; 0 unknown.
  std::vector<ImageF> confidence;  // 0..1.
  // Flow between consecutive keyframes, 2 channels: entry k from k to k + 1, and back.
  std::vector<ImageF> forward_flow, backward_flow;
};

// Dense inverse search flow (DIS, medium) to the neighbours of each keyframe; each pixel's depth is the
// least-squares intersection of its ray with those of all neighbours whose flow agrees forward and
// backward. confidence = [views >= 2] exp(-rms^2 / 2) / (1 + (sigma / good)^2), where rms is the
// reprojection error in pixels and sigma = max(rms, 1/2) / |d pixel / d ln z|. Excluded pixels get 0.
DenseDepth ComputeDenseDepth(const std::vector<KeyframeImages>& keyframes,
                             const std::vector<Rigid3d>& world_from_cam,
                             const Pinholed& pinhole,
                             const DepthOptions& options,
                             int threads);

// Bilinear flow at a position; false outside the image.
bool SampleFlow(const ImageF& flow, double x, double y, Vec2d* value);

}  // namespace foothold
