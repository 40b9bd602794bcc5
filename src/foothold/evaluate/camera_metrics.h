// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/geometry/transform.h"

namespace foothold {

struct ErrorStatistics {
  double mean = 0, median = 0, rmse = 0, max = 0;
};
// Median of an even number of values is the mean of the middle two. Zeros for an empty list.
ErrorStatistics Summarize(std::vector<double> errors);

// Absolute trajectory error, metres: distances of camera centres after a rigid alignment of the whole
// trajectory, or a similarity alignment.
std::vector<double> TrajectoryErrors_m(const std::vector<Rigid3d>& predicted_world_from_cam,
                                       const std::vector<Rigid3d>& true_world_from_cam,
                                       bool with_scale);

// The variant that JOSH's released evaluation reports: the same on the translations of the
// *world-to-camera* transforms relative to the first frame, which are not positions. For comparison
// with published numbers only.
std::vector<double> ReleasedTrajectoryErrors_m(const std::vector<Rigid3d>& predicted_world_from_cam,
                                               const std::vector<Rigid3d>& true_world_from_cam);

}  // namespace foothold
