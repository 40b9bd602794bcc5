// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/geometry/transform.h"
#include "foothold/objective/matches.h"
#include "foothold/scene/observations.h"

namespace foothold {

// Where the optimisation starts: keyframe cameras and depth scales in one unit.
struct InitialAlignment {
  std::vector<Rigid3d> world_from_cam;  // One per keyframe, as observed.
  std::vector<double> log_scale;        // Of the keyframes' depths, in the unit of the cameras.
  std::vector<int> component;           // Of the graph of matches; keyframes of one number are connected.
  int num_components = 0;
};

// Depth scales from the matches alone, whatever the cameras: distances between matched points have the
// same ratio in two keyframes for any pose. Then one factor makes the observed translations fit.
InitialAlignment AlignScales(const Observations& observations, const std::vector<MatchedPair>& pairs);

}  // namespace foothold
