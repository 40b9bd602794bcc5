// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "foothold/scene/observations.h"
#include "foothold/scene/reconstruction.h"

namespace foothold {

struct ScenePointOptions {
  double min_confidence = 0.1;
  double voxel_m = 0.03;  // Grown until the points fit.
  int max_points = 200000;
  int max_samples = 2000000;  // Pixels looked at, all keyframes together.
};

// Lowers the confidence of depths that stand in front of what other keyframes see there, comparing
// keyframes up to `window` apart. `tolerance` is relative; it must exceed the noise of the depths.
void CleanDepths(double tolerance, int window, Reconstruction* reconstruction);

// Confident depths of all keyframes in the world, one point per voxel: mean position and colour,
// largest confidence. Grey without images. Sorted by voxel.
std::vector<ScenePoint> GatherScenePoints(const Reconstruction& reconstruction,
                                          const Observations& observations,
                                          const ScenePointOptions& options);

}  // namespace foothold
