// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/scene/observations.h"

namespace foothold {

// One match with the observed depths at both ends. Pixels are minus the principal point.
struct DepthMatch {
  float x_i, y_i, depth_i;
  float x_j, y_j, depth_j;
  float weight_i;  // Match confidence times that of the depth in i; 0 when that depth is unknown.
  float weight_j;
};

struct MatchedPair {
  int i = 0, j = 0;
  std::vector<DepthMatch> matches;
};

// Looks depths up at the matches; drops matches without confidence and pairs without matches.
std::vector<MatchedPair> PackMatches(const Observations& observations);

}  // namespace foothold
