// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/base/options.h"
#include "foothold/geometry/camera.h"
#include "foothold/geometry/transform.h"
#include "foothold/perception/classical/working_views.h"
#include "foothold/scene/image.h"
#include "foothold/scene/observations.h"

namespace foothold {

struct MatchOptions {
  int window = 10;  // Pairs reach this many keyframes.
  int seed_stride_px = 8;
  double max_forward_backward_px = 1;
  double min_confidence = 0.05;
  static const OptionTable& Table();
};

// Correspondences between keyframes: seeds on a grid are carried along the flow from keyframe to
// keyframe (chained flow stays on the epipolar line where direct flow over large gaps does not), and
// back again. confidence = exp(-(fb^2 + epipolar^2) / 2), pixels of the undistorted working image.
// Pairs in ascending (i, j); a pair without matches is left out.
std::vector<KeyframePair> MatchKeyframes(const std::vector<KeyframeImages>& keyframes,
                                         const std::vector<ImageF>& forward_flow,
                                         const std::vector<ImageF>& backward_flow,
                                         const std::vector<Rigid3d>& world_from_cam,
                                         const Pinholed& pinhole,
                                         const MatchOptions& options,
                                         int threads);

// Distance of a correspondence from the epipolar geometry of two cameras (first order, pixels).
double EpipolarDistance(const Rigid3d& j_from_i,
                        const Pinholed& pinhole,
                        const Vec2d& in_i,
                        const Vec2d& in_j);

}  // namespace foothold
