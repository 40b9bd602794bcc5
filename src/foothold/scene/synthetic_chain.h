// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/geometry/transform.h"
#include "foothold/scene/observations.h"

namespace foothold::synthetic {

// Similarity b_from_a that best takes points a to b under weights (Umeyama, 1991; rotation by Horn's
// quaternion, 1987). At least three points that are not on a line.
Similarity3d FitSimilarity(const std::vector<Vec3d>& points_in_a,
                           const std::vector<Vec3d>& points_in_b,
                           const std::vector<double>& weights,
                           bool rotation_only);

// Initial cameras, one per frame: keyframe k + 1 to keyframe k by a robust similarity between their
// matched 3D points (the depths as given), chained from the first keyframe, which is the identity;
// other frames are interpolated. With `rotation_only` the viewing directions alone are aligned.
std::vector<Rigid3d> ChainCameras(const Observations& observations, bool rotation_only);

}  // namespace foothold::synthetic
