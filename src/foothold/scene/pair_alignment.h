// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "foothold/geometry/transform.h"
#include "foothold/scene/observations.h"

namespace foothold {

// Similarity b_from_a that best takes points a to b under weights (Umeyama, 1991; rotation by Horn's
// quaternion, 1987). At least three points that are not on a line.
Similarity3d FitSimilarity(const std::vector<Vec3d>& points_in_a,
                           const std::vector<Vec3d>& points_in_b,
                           const std::vector<double>& weights,
                           bool rotation_only);

// How keyframe j lies to keyframe i by their matched points, at the depths as given.
struct PairAlignment {
  Similarity3d i_from_j = Similarity3d::Identity();
  double median_error = 0;  // Of the points, relative to their depth.
};
// By iterative reweighting, which a minority of wrong matches does not move. With `rotation_only` the viewing
// directions alone are aligned. Nothing with fewer than eight matches at known depths.
std::optional<PairAlignment> AlignPair(const Observations& observations,
                                       const KeyframePair& pair,
                                       bool rotation_only);

}  // namespace foothold
